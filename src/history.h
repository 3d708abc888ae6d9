/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The requests refused and the blocks freed last, for questions asked afterwards.
 */
#ifndef CTGM_HISTORY_H
#define CTGM_HISTORY_H

#include <linux/jiffies.h>
#include <linux/spinlock.h>

#include "../contigmem.h"

struct module;

/**
 * struct ctgm_freed - a block that was freed
 * @vaddr: address that its owner had
 * @size: bytes
 * @id: its number
 * @tag: its tag
 * @caller: code address that freed it, or what stands for it (src/caller.h)
 * @when: in jiffies
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
 * @caller: code address that made it, or what stands for it
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

/* Protects the index of blocks, and the record of the blocks freed last. */
extern raw_spinlock_t ctgm_live_lock;

/* Nanoseconds since then, to a tick: to read a better clock takes as long as a free. */
static inline u64 ctgm_ns_since(u64 then)
{
	return jiffies64_to_nsecs(get_jiffies_64() - then);
}

void ctgm_history_add_freed(const struct ctgm_freed *freed);
bool ctgm_history_find_freed(const void *vaddr, struct ctgm_freed *freed);
void ctgm_history_keep_callers(const struct module *module);

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
