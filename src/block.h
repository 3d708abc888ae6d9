/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks: created, found by address, used by dma-bufs, held by mappings, destroyed.
 */
#ifndef CTGM_BLOCK_H
#define CTGM_BLOCK_H

#include <linux/llist.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>

#include "account.h"
#include "frames.h"
#include "magazine.h"

/**
 * struct ctgm_block - one block
 * @lock: protects the members from @id on while the block is in the index. Set up once: the record
 *	may become another block's while a task that found it by its address waits for the lock
 * @by_vaddr: in the table of addresses; written under ctgm_live_lock, readers are under RCU
 * @by_address: in the index of blocks; protected by ctgm_live_lock
 * @later: in the list of a worker
 * @kept: in a magazine
 * @vaddr: the address that the owner has; constant while the block is in the index, as are the
 *	members up to @nid
 * @frames: its page frames, with their cache type
 * @nid: their node
 * @id: never used twice; constant while the block is live, as are the members up to @born
 * @source: public name of the source that served it
 * @flags: CONTIGMEM_READONLY: @vaddr is a mapping of the block's own
 * @tag: the owner's
 * @account: the account that it is charged to
 * @caller: code address that asked for it, or what stands for it (src/caller.h)
 * @born: in jiffies
 * @users: dma-bufs, and mappings that are being made
 * @freed: the owner has freed it, and @users, references on its frames or a magazine keep it
 * @idle: nothing but a magazine keeps it
 * @freed_by: code address that freed it, or what stands for it
 * @freed_at: in jiffies
 * @unheld: so many frames, from the first on, have no other reference; for the one task
 *	that releases the block
 */
struct ctgm_block {
	raw_spinlock_t lock;	/* taken with interrupts off, and inside ctgm_live_lock */
	struct hlist_node by_vaddr;
	struct rb_node by_address;
	struct llist_node later;
	struct ctgm_kept kept;
	void *vaddr;
	struct ctgm_frames frames;
	int nid;
	u64 id;
	enum contigmem_source source;
	unsigned int flags;
	u32 tag;
	struct ctgm_account *account;
	const void *caller;
	u64 born;
	unsigned int users;
	bool freed;
	bool idle;
	const void *freed_by;
	u64 freed_at;
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
void ctgm_block_set_caller(const struct contigmem_info *info, const void *caller);
bool ctgm_block_describe(const void *vaddr, struct contigmem_info *info);
bool ctgm_block_find_from(unsigned long address, struct contigmem_info *info);
const void *ctgm_block_address(phys_addr_t phys);

#endif /* CTGM_BLOCK_H */
