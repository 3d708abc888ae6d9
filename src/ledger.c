// SPDX-License-Identifier: GPL-2.0
/*
 * A tree that lives in the blocks themselves needs no memory to take one in,
 * serves any context, and finds the block around an address.
 */
#include <linux/atomic.h>
#include <linux/ctype.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "ledger.h"

/* A block that is gone, for the story of a pointer freed twice. */
struct obituary {
	const void *vaddr;
	size_t size;
	u64 id;
	u32 tag;
	const void *caller;	/* who freed it */
	u64 when;
};

#define OBITUARIES	64

static DEFINE_SPINLOCK(lock);	/* protects all of the following */
static struct rb_root blocks = RB_ROOT;
static struct obituary obituaries[OBITUARIES];
static unsigned int next_obituary;

static atomic64_t last_id;
static struct kmem_cache *block_cache;
/* The record that was discarded last: the slab allocator takes as long as all the rest. */
static struct block *spare;

int ledger_init(void)
{
	block_cache = kmem_cache_create("contigmem_block", sizeof(struct block), 0, 0, NULL);
	return block_cache ? 0 : -ENOMEM;
}

void ledger_exit(void)
{
	if (spare)
		kmem_cache_free(block_cache, spare);
	kmem_cache_destroy(block_cache);
	tags_exit();
}

/* An empty record; NULL if there is no memory for it. */
struct block *ledger_new(gfp_t gfp)
{
	struct block *block = xchg(&spare, NULL);

	if (!block)
		return kmem_cache_zalloc(block_cache, gfp);
	memset(block, 0, sizeof(*block));
	return block;
}

/* Called with the lock held. */
static void unreserve(struct block *block)
{
	block->account->reserved -= block->reserved;
	block->reserved = 0;
}

/**
 * ledger_reserve() - may a tag have a block more?
 * @block: its record
 * @account: the tag's
 * @bytes: in the block
 *
 * Return: false if the tag would have more than its limit.
 */
bool ledger_reserve(struct block *block, struct account *account, size_t bytes)
{
	const struct contigmem_tag_info *tag = &account->info;
	unsigned long flags;
	bool may;

	block->account = account;
	if (!READ_ONCE(tag->limit))
		return true;
	spin_lock_irqsave(&lock, flags);
	may = !tag->limit || (bytes <= tag->limit &&
			      tag->bytes + account->reserved <= tag->limit - bytes);
	if (may) {
		block->reserved = bytes;
		account->reserved += bytes;
	}
	spin_unlock_irqrestore(&lock, flags);
	return may;
}

void ledger_discard(struct block *block)
{
	unsigned long flags;

	if (block->reserved) {
		spin_lock_irqsave(&lock, flags);
		unreserve(block);
		spin_unlock_irqrestore(&lock, flags);
	}
	block = xchg(&spare, block);
	if (block)
		kmem_cache_free(block_cache, block);
}

static bool below(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct block, by_address)->vaddr <
	       rb_entry(b, struct block, by_address)->vaddr;
}

static size_t size_of(const struct block *block)
{
	return block->frames.nr << PAGE_SHIFT;
}

/* Called with the lock held. */
static void enter_in_account(struct block *block)
{
	struct contigmem_tag_info *tag = &block->account->info;

	unreserve(block);
	tag->blocks++;
	tag->total++;
	tag->bytes += size_of(block);
	tag->bytes_peak = max(tag->bytes_peak, tag->bytes);
}

/* Called with the lock held. */
static void remove_from_account(const struct block *block)
{
	struct contigmem_tag_info *tag = &block->account->info;

	tag->blocks--;
	tag->bytes -= size_of(block);
}

/* What a tag has now. */
void ledger_describe_account(const struct account *account, struct contigmem_tag_info *info)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	*info = account->info;
	spin_unlock_irqrestore(&lock, flags);
	info->failures = atomic64_read(&account->failures);
}

/* Holds for requests from now on; 0 is no limit. */
void ledger_set_limit(struct account *account, u64 bytes)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	account->info.limit = bytes;
	spin_unlock_irqrestore(&lock, flags);
}

/* From now on the block is live. */
void ledger_add(struct block *block)
{
	unsigned long flags;

	block->id = atomic64_inc_return(&last_id);
	block->born = ktime_get_mono_fast_ns();
	spin_lock_irqsave(&lock, flags);
	rb_add(&block->by_address, &blocks, below);
	enter_in_account(block);
	spin_unlock_irqrestore(&lock, flags);
}

/* The lowest block that ends above an address. Called with the lock held. */
static struct block *first_from(unsigned long address)
{
	struct rb_node *node = blocks.rb_node;
	struct block *found = NULL;

	while (node) {
		struct block *block = rb_entry(node, struct block, by_address);

		if ((unsigned long)block->vaddr + size_of(block) - 1 >= address) {
			found = block;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* The block that holds an address and is somebody's. Called with the lock held. */
static struct block *around(const void *vaddr)
{
	struct block *block = first_from((unsigned long)vaddr);

	return block && block->vaddr <= vaddr && !block->freed ? block : NULL;
}

/* The block with exactly this base. Called with the lock held. */
static struct block *at(const void *vaddr)
{
	struct block *block = around(vaddr);

	return block && block->vaddr == vaddr ? block : NULL;
}

/* It can be told later who freed it. Called with the lock held. */
static void bury(struct block *block, const void *caller)
{
	block->freed = true;
	obituaries[next_obituary++ % OBITUARIES] = (struct obituary){
		.vaddr = block->vaddr,
		.size = size_of(block),
		.id = block->id,
		.tag = block->tag,
		.caller = caller,
		.when = ktime_get_mono_fast_ns(),
	};
}

/* Nobody has a use for the block any more: take it out. Called with the lock held. */
static bool take_unused(struct block *block)
{
	if (!block->freed || block->users)
		return false;
	rb_erase(&block->by_address, &blocks);
	remove_from_account(block);
	return true;
}

/**
 * ledger_free() - the owner of a block has no use for it any more
 * @vaddr: its base
 * @caller: code address of the owner
 * @used: set if the block stays until its last user is gone
 *
 * Return: the block, which has left the ledger, to be undone; NULL if it stays, or
 *	if there is no such block.
 */
struct block *ledger_free(const void *vaddr, const void *caller, bool *used)
{
	struct block *block;
	unsigned long flags;

	*used = false;
	spin_lock_irqsave(&lock, flags);
	block = at(vaddr);
	if (block) {
		bury(block, caller);
		if (!take_unused(block)) {
			*used = true;
			block = NULL;
		}
	}
	spin_unlock_irqrestore(&lock, flags);
	return block;
}

/* One more user of the block with this base; NULL if there is none. */
struct block *ledger_use(const void *vaddr)
{
	struct block *block;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	block = at(vaddr);
	if (block)
		block->users++;
	spin_unlock_irqrestore(&lock, flags);
	return block;
}

/* One more user of a block that has some. */
void ledger_use_again(struct block *block)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	block->users++;
	spin_unlock_irqrestore(&lock, flags);
}

/* One user less. Returns whether the block has left the ledger, to be undone. */
bool ledger_unuse(struct block *block)
{
	unsigned long flags;
	bool unused;

	spin_lock_irqsave(&lock, flags);
	block->users--;
	unused = take_unused(block);
	spin_unlock_irqrestore(&lock, flags);
	return unused;
}

static void describe(const struct block *block, struct contigmem_info *info)
{
	*info = (struct contigmem_info){
		.id = block->id,
		.vaddr = block->vaddr,
		.phys = PFN_PHYS(block->frames.first),
		.size = size_of(block),
		.nid = block->nid,
		.cache = block->cache,
		.source = block->frames.source,
		.flags = block->flags,
		.tag = block->tag,
		.caller = block->caller,
		.users = block->users,
		.freed = block->freed,
		.age_ns = ktime_get_mono_fast_ns() - block->born,
	};
}

/* Describe the live block that holds an address; false if there is none. */
bool ledger_find(const void *vaddr, struct contigmem_info *info)
{
	struct block *block;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	block = around(vaddr);
	if (block)
		describe(block, info);
	spin_unlock_irqrestore(&lock, flags);
	return block;
}

/*
 * Describe the lowest block that ends above an address, to walk them all, those
 * included that only users keep any more.
 */
bool ledger_find_from(unsigned long address, struct contigmem_info *info)
{
	struct block *block;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	block = first_from(address);
	if (block)
		describe(block, info);
	spin_unlock_irqrestore(&lock, flags);
	return block;
}

/* A tag as Windows shows it: four characters, first in the lowest byte. */
void ledger_tag_text(u32 tag, char text[5])
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		u8 c = tag >> (8 * i);

		text[i] = tag ? (isascii(c) && isgraph(c) ? c : '.') : '-';
	}
	text[4] = '\0';
}

/* What is known of an address that cannot be freed. */
void ledger_story(const void *vaddr, char *story, size_t size)
{
	struct obituary *last = NULL;
	struct block *block;
	unsigned long flags;
	char tag[5];
	unsigned int i;

	spin_lock_irqsave(&lock, flags);
	block = around(vaddr);
	for (i = 0; i < OBITUARIES; i++) {
		struct obituary *obituary = &obituaries[i];

		if (obituary->size && vaddr >= obituary->vaddr &&
		    vaddr < obituary->vaddr + obituary->size &&
		    (!last || obituary->when > last->when))
			last = obituary;
	}
	if (block) {
		ledger_tag_text(block->tag, tag);
		snprintf(story, size,
			 "%lu bytes into live block %llu (tag %s, %zu bytes, allocated by %pS)",
			 (unsigned long)(vaddr - block->vaddr), block->id, tag, size_of(block),
			 block->caller);
	} else if (last) {
		u64 ms = div_u64(ktime_get_mono_fast_ns() - last->when, NSEC_PER_MSEC);

		ledger_tag_text(last->tag, tag);
		snprintf(story, size,
			 "%lu bytes into block %llu (tag %s, %zu bytes), freed %llu ms ago by %pS",
			 (unsigned long)(vaddr - last->vaddr), last->id, tag, last->size, ms,
			 last->caller);
	} else {
		snprintf(story, size, "not an address of ours");
	}
	spin_unlock_irqrestore(&lock, flags);
}
