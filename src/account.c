// SPDX-License-Identifier: GPL-2.0
/*
 * The table of accounts only grows, so that it can be read in any context.
 *
 * A block that a magazine keeps stays charged to its tag, which alone gets it again, so most
 * requests change no account. Limits and peaks are those of live blocks nevertheless: what
 * magazines keep of a tag is given back before it stands in the way of a limit or raises a peak.
 */
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/hash.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "account.h"
#include "context.h"

/* 128 buckets: at the most 8 accounts in each. */
#define ACCOUNT_TABLE_BITS	7
#define ACCOUNTS_MAX		(CTGM_ACCOUNTS - 1)

/* By account, the blocks that each processor has ever given; from load to unload. */
u64 __percpu *ctgm_account_totals;

static DEFINE_SPINLOCK(ctgm_account_lock);	/* for writers of the table and the list */
static struct hlist_head account_table[1 << ACCOUNT_TABLE_BITS];
static struct ctgm_account account_others = {
	.index = ACCOUNTS_MAX,
	.lock = __RAW_SPIN_LOCK_UNLOCKED(account_others.lock),
};

static struct ctgm_account *account_newest = &account_others;
static unsigned int account_count;

/* A parameter may have opened accounts before, without blocks. Sleeps. */
int ctgm_accounts_init(void)
{
	ctgm_account_totals = __alloc_percpu(array_size(CTGM_ACCOUNTS, sizeof(u64)), sizeof(u64));
	return ctgm_account_totals ? 0 : -ENOMEM;
}

/* No block is allocated any more, and no account described. */
void ctgm_accounts_close(void)
{
	free_percpu(ctgm_account_totals);
}

static struct hlist_head *account_bucket(u32 tag)
{
	return &account_table[hash_32(tag, ACCOUNT_TABLE_BITS)];
}

/* The account of a tag; NULL if it has none. Any context. */
struct ctgm_account *ctgm_account_find(u32 tag)
{
	struct ctgm_account *account;

	/* Accounts stay until the module is unloaded, so the task need not be an RCU reader. */
	hlist_for_each_entry_rcu(account, account_bucket(tag), hash, true) {
		if (account->info.tag == tag)
			break;
	}
	return account;
}

/* A new account, or the one that another caller added first; NULL without memory. */
static struct ctgm_account *account_create(u32 tag, gfp_t gfp)
{
	struct ctgm_account *account = kzalloc(sizeof(*account), gfp);
	struct ctgm_account *first;
	unsigned long flags;

	if (!account)
		return NULL;
	account->info.tag = tag;
	raw_spin_lock_init(&account->lock);

	spin_lock_irqsave(&ctgm_account_lock, flags);
	first = ctgm_account_find(tag);
	if (!first && account_count == ACCOUNTS_MAX)
		first = &account_others;
	if (!first) {
		account->index = account_count;
		account->next = account_newest;
		hlist_add_head_rcu(&account->hash, account_bucket(tag));
		/* ctgm_account_next() follows the list without the lock. */
		smp_store_release(&account_newest, account);
		account_count++;
	}
	spin_unlock_irqrestore(&ctgm_account_lock, flags);
	if (!first)
		return account;
	kfree(account);
	return first;
}

/* The account of a tag, or the shared one where there is no room or memory for its own. */
struct ctgm_account *ctgm_account_get(u32 tag, gfp_t gfp)
{
	struct ctgm_account *account = ctgm_account_find(tag);

	if (account)
		return account;
	if (READ_ONCE(account_count) >= ACCOUNTS_MAX)
		return &account_others;
	return account_create(tag, gfp) ?: &account_others;
}

/* Walk all accounts, beginning with NULL; NULL after the last. */
struct ctgm_account *ctgm_account_next(struct ctgm_account *account)
{
	/* Pairs with the release in account_create(). */
	return account ? account->next : smp_load_acquire(&account_newest);
}

bool ctgm_account_is_others(const struct ctgm_account *account)
{
	return account == &account_others;
}

/* Give back what magazines keep of a tag. Any context but NMI. */
static void account_drain(struct ctgm_account *account)
{
	if (!READ_ONCE(account->any_kept))
		return;
	/* A block is noted after it is in the magazine, whose lock orders that. */
	WRITE_ONCE(account->any_kept, false);
	ctgm_magazine_drain_of(account->index);
}

static u64 account_total(const struct ctgm_account *account)
{
	u64 total = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		total += READ_ONCE(per_cpu_ptr(ctgm_account_totals, cpu)[account->index]);
	return total;
}

/* Any context but NMI. */
void ctgm_account_describe(struct ctgm_account *account, struct contigmem_tag_info *info)
{
	unsigned long flags;

	if (ctgm_may_free_records())
		account_drain(account);
	raw_spin_lock_irqsave(&account->lock, flags);
	*info = account->info;
	raw_spin_unlock_irqrestore(&account->lock, flags);
	info->total = account_total(account);
	info->failures = atomic64_read(&account->failures);
}

/* Limit the live blocks of a tag to so many bytes; 0 for any number. */
void ctgm_account_set_limit(struct ctgm_account *account, u64 bytes)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&account->lock, flags);
	WRITE_ONCE(account->info.limit, bytes);
	raw_spin_unlock_irqrestore(&account->lock, flags);
}

static bool account_has_room(const struct ctgm_account *account, u64 bytes)
{
	u64 limit = READ_ONCE(account->info.limit);

	return !limit || (bytes <= limit && READ_ONCE(account->info.bytes) <= limit - bytes);
}

/*
 * Has the tag room for a block now? Asked before memory is allocated for it;
 * ctgm_account_charge() has the last word. Any context but NMI.
 */
bool ctgm_account_has_room(struct ctgm_account *account, u64 bytes)
{
	if (!account_has_room(account, bytes))
		account_drain(account);
	return account_has_room(account, bytes);
}

/**
 * ctgm_account_charge() - charge a tag with a block
 * @account: the tag's
 * @bytes: the block's
 *
 * Context: Any but NMI.
 * Return: false if the tag would exceed its limit.
 */
bool ctgm_account_charge(struct ctgm_account *account, u64 bytes)
{
	struct contigmem_tag_info *info = &account->info;
	unsigned long flags;
	bool has_room;

	if (!account_has_room(account, bytes) ||
	    READ_ONCE(info->bytes) + bytes > READ_ONCE(info->bytes_peak))
		account_drain(account);
	raw_spin_lock_irqsave(&account->lock, flags);
	has_room = account_has_room(account, bytes);
	if (has_room) {
		info->blocks++;
		WRITE_ONCE(info->bytes, info->bytes + bytes);
		WRITE_ONCE(info->bytes_peak, max(info->bytes_peak, info->bytes));
	}
	raw_spin_unlock_irqrestore(&account->lock, flags);
	return has_room;
}

/* Uncharge a tag for a block that leaves it. Any context but NMI. */
void ctgm_account_uncharge(struct ctgm_account *account, u64 bytes)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&account->lock, flags);
	account->info.blocks--;
	WRITE_ONCE(account->info.bytes, account->info.bytes - bytes);
	raw_spin_unlock_irqrestore(&account->lock, flags);
}

/* A tag as Windows shows it: four characters, first in the lowest byte. */
void ctgm_tag_text(u32 tag, char text[5])
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		u8 c = tag >> (8 * i);

		text[i] = tag ? (isascii(c) && isgraph(c) ? c : '.') : '-';
	}
	text[4] = '\0';
}

/* Free all accounts: no block is charged to them, and no task can look for them any more. */
void ctgm_accounts_exit(void)
{
	struct ctgm_account *account, *next;

	for (account = account_newest; !ctgm_account_is_others(account); account = next) {
		next = account->next;
		hlist_del(&account->hash);
		kfree(account);
	}
	account_newest = &account_others;
	account_count = 0;
}
