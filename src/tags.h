/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each tag has. The ledger keeps it true.
 */
#ifndef CONTIGMEM_TAGS_H
#define CONTIGMEM_TAGS_H

#include <linux/rculist.h>

#include "../contigmem.h"

/**
 * struct account - one tag
 * @hash: in the table of all
 * @next: in the list of all, the newest first
 * @info: the numbers; protected by the ledger's lock, but for the failures
 * @reserved: bytes of requests under way; counted where there is a limit
 * @failures: requests that failed
 */
struct account {
	struct hlist_node hash;
	struct account *next;
	struct contigmem_tag_info info;
	u64 reserved;
	atomic64_t failures;
};

void tags_exit(void);
struct account *tags_get(u32 tag, gfp_t gfp);
struct account *tags_find(u32 tag);
struct account *tags_next(struct account *account);
bool tags_is_others(const struct account *account);

#endif /* CONTIGMEM_TAGS_H */
