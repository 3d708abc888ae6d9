/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The requests refused and the blocks freed last, for questions asked afterwards.
 */
#ifndef CTGM_HISTORY_H
#define CTGM_HISTORY_H

#include "../contigmem.h"

/* Characters of ctgm_caller_text(): a longer name is cut. */
#define CTGM_CALLER_SIZE	128

/**
 * struct ctgm_freed - a block that was freed
 * @vaddr: address that its owner had
 * @size: bytes
 * @id: its number
 * @tag: its tag
 * @caller: code address that freed it
 * @when: monotonic time in ns
 */
struct ctgm_freed {
	const void *vaddr;
	size_t size;
	u64 id;
	u32 tag;
	const void *caller;
	u64 when;
};

/**
 * struct ctgm_refused - a request that was refused
 * @req: the request; what its partition and verdict point to may be gone
 * @gfp: its context
 * @partition: name of the partition that it named; "" if none, "?" if not a live one
 * @caller: code address that made it
 * @verdict: why it was refused
 * @when: monotonic time in ns
 */
struct ctgm_refused {
	struct contigmem_request req;
	gfp_t gfp;
	char partition[CONTIGMEM_PARTITION_NAME_MAX + 1];
	const void *caller;
	struct contigmem_verdict verdict;
	u64 when;
};

void ctgm_history_add_freed(const struct ctgm_freed *freed);
bool ctgm_history_find_freed(const void *vaddr, struct ctgm_freed *freed);
void ctgm_caller_text(const void *caller, char text[CTGM_CALLER_SIZE]);

#ifdef CONFIG_DEBUG_FS
void ctgm_history_add_refused(const struct contigmem_request *req, gfp_t gfp, const void *caller,
			      const struct contigmem_verdict *verdict);
bool ctgm_history_next_refused(u64 *number, struct ctgm_refused *refused);
#else
/* Only debugfs shows them. */
static inline void ctgm_history_add_refused(const struct contigmem_request *req, gfp_t gfp,
					    const void *caller,
					    const struct contigmem_verdict *verdict)
{
}
#endif

#endif /* CTGM_HISTORY_H */
