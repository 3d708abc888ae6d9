/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every live block by address, and the last ones freed.
 */
#ifndef CONTIGMEM_LEDGER_H
#define CONTIGMEM_LEDGER_H

#include <linux/llist.h>
#include <linux/rbtree.h>

#include "../contigmem.h"
#include "frames.h"
#include "tags.h"

/**
 * struct block - one block
 * @by_address: the ledger's
 * @undo_later: contigmem.c's, once the block has left the ledger
 * @id: never used twice
 * @vaddr: what the caller got
 * @frames: its page frames
 * @nid: their node
 * @cache: their cache type
 * @flags: CONTIGMEM_READONLY: @vaddr is a mapping of its own
 * @tag: the caller's
 * @account: its account, or the others'
 * @reserved: bytes that the ledger has counted in it already
 * @caller: code address
 * @users: mappings in user space and dma-bufs; protected by the ledger's lock, as
 *	is @freed
 * @freed: nobody's any more but those users'
 * @born: monotonic time in ns
 */
struct block {
	union {
		struct rb_node by_address;
		struct llist_node undo_later;
	};
	u64 id;
	void *vaddr;
	struct frames frames;
	int nid;
	enum contigmem_cache cache;
	unsigned int flags;
	u32 tag;
	struct account *account;
	u64 reserved;
	const void *caller;
	unsigned int users;
	bool freed;
	u64 born;
};

int ledger_init(void);
void ledger_exit(void);
struct block *ledger_new(gfp_t gfp);
bool ledger_reserve(struct block *block, struct account *account, size_t bytes);
void ledger_describe_account(const struct account *account, struct contigmem_tag_info *info);
void ledger_set_limit(struct account *account, u64 bytes);
void ledger_discard(struct block *block);
void ledger_add(struct block *block);
struct block *ledger_free(const void *vaddr, const void *caller, bool *used);
struct block *ledger_use(const void *vaddr);
void ledger_use_again(struct block *block);
bool ledger_unuse(struct block *block);
bool ledger_find(const void *vaddr, struct contigmem_info *info);
bool ledger_find_from(unsigned long address, struct contigmem_info *info);
void ledger_story(const void *vaddr, char *story, size_t size);
void ledger_tag_text(u32 tag, char text[5]);

#endif /* CONTIGMEM_LEDGER_H */
