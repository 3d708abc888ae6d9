/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The requests that failed last.
 */
#ifndef CONTIGMEM_FAILURES_H
#define CONTIGMEM_FAILURES_H

#include "../contigmem.h"

/**
 * struct failure - a request that failed
 * @req: the request; what its partition and verdict point to may be gone
 * @gfp: its context
 * @partition: name of the partition that it named; "" if none, "?" if not a live one
 * @caller: code address of who made it
 * @verdict: why it failed
 * @when: in nanoseconds since boot
 */
struct failure {
	struct contigmem_request req;
	gfp_t gfp;
	char partition[CONTIGMEM_PARTITION_NAME_MAX + 1];
	const void *caller;
	struct contigmem_verdict verdict;
	u64 when;
};

#ifdef CONFIG_DEBUG_FS
void failures_note(const struct contigmem_request *req, gfp_t gfp, const void *caller,
		   const struct contigmem_verdict *verdict);
bool failures_next(u64 *number, struct failure *failure);
#else
/* Nobody could read them. */
static inline void failures_note(const struct contigmem_request *req, gfp_t gfp,
				 const void *caller, const struct contigmem_verdict *verdict)
{
}
#endif

#endif /* CONTIGMEM_FAILURES_H */
