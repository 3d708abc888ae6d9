/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks: created, found by address, used by mappings and dma-bufs, destroyed.
 */
#ifndef CTGM_BLOCK_H
#define CTGM_BLOCK_H

#include <linux/llist.h>
#include <linux/rbtree.h>

#include "account.h"
#include "frames.h"

/**
 * struct ctgm_block - one block
 * @by_address: in the index of live blocks; protected by ctgm_live_lock
 * @destroy_later: in the list of a worker, once the block has left the index
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
 * @users: mappings in user space, and dma-bufs; protected by ctgm_live_lock, as is @freed
 * @freed: the owner has freed it, and only @users keep it
 */
struct ctgm_block {
	union {
		struct rb_node by_address;
		struct llist_node destroy_later;
	};
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
void ctgm_block_use_again(struct ctgm_block *block);
void ctgm_block_unuse(struct ctgm_block *block);
bool ctgm_block_describe(const void *vaddr, struct contigmem_info *info);
bool ctgm_block_find_from(unsigned long address, struct contigmem_info *info);

#endif /* CTGM_BLOCK_H */
