// SPDX-License-Identifier: GPL-2.0
/*
 * The table of accounts only grows, so that it can be read in any context.
 */
#include <linux/ctype.h>
#include <linux/hash.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "account.h"

/* 128 buckets: at the most 8 accounts in each. */
#define ACCOUNT_TABLE_BITS	7
/* A caller that makes up tags must not fill memory: further tags share one account. */
#define ACCOUNTS_MAX	1024

DEFINE_RAW_SPINLOCK(ctgm_live_lock);

static DEFINE_SPINLOCK(ctgm_account_lock);	/* for writers of the table and the list */
static struct hlist_head account_table[1 << ACCOUNT_TABLE_BITS];
static struct ctgm_account account_others;
static struct ctgm_account *account_newest = &account_others;
static unsigned int account_count;

static struct hlist_head *account_bucket(u32 tag)
{
	return &account_table[hash_32(tag, ACCOUNT_TABLE_BITS)];
}

/* The account of a tag; NULL if it has none. Any context. */
struct ctgm_account *ctgm_account_find(u32 tag)
{
	struct ctgm_account *account;

	rcu_read_lock();
	hlist_for_each_entry_rcu(account, account_bucket(tag), hash) {
		if (account->info.tag == tag)
			break;
	}
	rcu_read_unlock();
	/* Accounts are freed when the module is unloaded. */
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

	spin_lock_irqsave(&ctgm_account_lock, flags);
	first = ctgm_account_find(tag);
	if (!first) {
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

/* Any context but NMI. */
void ctgm_account_describe(const struct ctgm_account *account, struct contigmem_tag_info *info)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	*info = account->info;
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
	info->failures = atomic64_read(&account->failures);
}

/* Limit the live blocks of a tag to so many bytes; 0 for any number. */
void ctgm_account_set_limit(struct ctgm_account *account, u64 bytes)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	account->info.limit = bytes;
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
}

/*
 * Has the tag room for a block now? Asked before memory is allocated for it;
 * ctgm_account_charge() has the last word.
 */
bool ctgm_account_has_room(const struct ctgm_account *account, u64 bytes)
{
	u64 limit = READ_ONCE(account->info.limit);

	return !limit || (bytes <= limit && READ_ONCE(account->info.bytes) <= limit - bytes);
}

/* Charge a tag with a block. Returns false if the tag would exceed its limit. */
bool ctgm_account_charge(struct ctgm_account *account, u64 bytes)
{
	struct contigmem_tag_info *info = &account->info;

	lockdep_assert_held(&ctgm_live_lock);
	if (!ctgm_account_has_room(account, bytes))
		return false;
	info->blocks++;
	info->total++;
	info->bytes += bytes;
	info->bytes_peak = max(info->bytes_peak, info->bytes);
	return true;
}

void ctgm_account_uncharge(struct ctgm_account *account, u64 bytes)
{
	lockdep_assert_held(&ctgm_live_lock);
	account->info.blocks--;
	account->info.bytes -= bytes;
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
