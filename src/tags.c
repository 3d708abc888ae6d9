// SPDX-License-Identifier: GPL-2.0
/*
 * A table of accounts that only grows, so that it can be read in any context.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "tags.h"

#define TABLE_BITS	7
/* Whoever makes tags up has the rest of them in one account. */
#define ACCOUNTS_MAX	1024

static struct hlist_head table[1 << TABLE_BITS];
static struct account others;
static struct account *newest = &others;
static unsigned int nr_accounts;
static DEFINE_SPINLOCK(lock);	/* for writers */

static struct hlist_head *bucket(u32 tag)
{
	return &table[hash_32(tag, TABLE_BITS)];
}

/* The account of a tag; NULL if it has none. */
struct account *tags_find(u32 tag)
{
	struct account *account;

	rcu_read_lock();
	hlist_for_each_entry_rcu(account, bucket(tag), hash) {
		if (account->info.tag == tag)
			break;
	}
	rcu_read_unlock();
	/* None is freed before the module is unloaded. */
	return account;
}

/* A new account, or one that somebody else was faster to make; NULL without memory. */
static struct account *make(u32 tag, gfp_t gfp)
{
	struct account *account = kzalloc(sizeof(*account), gfp);
	struct account *faster;
	unsigned long flags;

	if (!account)
		return NULL;
	account->info.tag = tag;

	spin_lock_irqsave(&lock, flags);
	faster = tags_find(tag);
	if (!faster) {
		account->next = newest;
		hlist_add_head_rcu(&account->hash, bucket(tag));
		/* Who lists them follows it without the lock: what it points to comes first. */
		smp_store_release(&newest, account);
		nr_accounts++;
	}
	spin_unlock_irqrestore(&lock, flags);
	if (!faster)
		return account;
	kfree(account);
	return faster;
}

/* The account of a tag, the others' where there is no room for one of its own. */
struct account *tags_get(u32 tag, gfp_t gfp)
{
	struct account *account = tags_find(tag);

	if (account)
		return account;
	if (READ_ONCE(nr_accounts) >= ACCOUNTS_MAX)
		return &others;
	return make(tag, gfp) ?: &others;
}

/* All accounts, one after the other, beginning with NULL; NULL after the last. */
struct account *tags_next(struct account *account)
{
	/* Pairs with the release in make(). */
	return account ? account->next : smp_load_acquire(&newest);
}

bool tags_is_others(const struct account *account)
{
	return account == &others;
}

/* Nobody has a use for them any more. Can be called again. */
void tags_exit(void)
{
	struct account *account, *next;

	for (account = newest; !tags_is_others(account); account = next) {
		next = account->next;
		hlist_del(&account->hash);
		kfree(account);
	}
	newest = &others;
	nr_accounts = 0;
}
