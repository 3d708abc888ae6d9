/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks: created, found by address, used by dma-bufs, held by mappings, destroyed.
 */
#ifndef CTGM_BLOCK_H
#define CTGM_BLOCK_H

#include <linux/llist.h>
#include <linux/rbtree.h>

#include "account.h"
#include "frames.h"

/**
 * struct ctgm_block - one block
 * @by_address: in the index of blocks; protected by ctgm_live_lock
 * @later: in the list of a worker
 * @id: never used twice; constant while the block is live, as are the members up to @born
 * @vaddr: the address that the owner has
 * @frames: its page frames, with their cache type
 * @nid: their node
 * @source: public name of the source that served it
 * @flags: CONTIGMEM_READONLY: @vaddr is a mapping of its own
 * @tag: the owner's
 * @account: the account that it is charged to
 * @caller: code address that asked for it
 * @born: monotonic time in ns
 * @users: dma-bufs, and mappings that are being made; protected by ctgm_live_lock, as is
 *	@freed
 * @freed: the owner has freed it, and @users or references on its frames keep it
 * @unheld: so many frames, from the first on, have no other reference; for the one task
 *	that releases the block
 */
struct ctgm_block {
	struct rb_node by_address;
	struct llist_node later;
	u64 id;
	void *vaddr;
	struct ctgm_frames frames;
	int nid;
	enum contigmem_source source;
	unsigned int flags;
	u32 tag;
	struct ctgm_account *account;
	const void *caller;
	u64 born;
	unsigned int users;
	bool freed;
	unsigned long unheld;
};

int ctgm_block_init(void);
void ctgm_block_wait_destroyed(void);
void ctgm_block_flush(void);
unsigned long ctgm_block_waiting(void);
void ctgm_block_exit(void);
void *ctgm_block_create(const struct contigmem_request *req, gfp_t gfp, const void *caller);
void ctgm_block_free(const void *vaddr, const void *caller);
struct contigmem_partition *ctgm_block_create_partition(const char *name,
							const struct contigmem_request *req,
							gfp_t gfp);
struct ctgm_block *ctgm_block_use(const void *vaddr);
void ctgm_block_unuse(struct ctgm_block *block);
bool ctgm_block_describe(const void *vaddr, struct contigmem_info *info);
bool ctgm_block_find_from(unsigned long address, struct contigmem_info *info);

#endif /* CTGM_BLOCK_H */
