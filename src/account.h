/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accounts: what each tag has, and how much it may have.
 */
#ifndef CTGM_ACCOUNT_H
#define CTGM_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "../contigmem.h"
#include "magazine.h"

/**
 * struct ctgm_account - one tag
 * @hash: in the table of all accounts; written under ctgm_account_lock, read without a lock
 * @next: in the list of all accounts, the newest first; constant, as are the tag and @index
 * @index: its number, below CTGM_ACCOUNTS
 * @lock: protects @info, except the total and the failures
 * @info: what the tag has; blocks that magazines keep are counted and charged
 * @any_kept: a magazine may keep a block of the tag
 * @failures: requests that failed
 */
struct ctgm_account {
	struct hlist_node hash;
	struct ctgm_account *next;
	unsigned int index;
	raw_spinlock_t lock;	/* taken with interrupts off */
	struct contigmem_tag_info info;
	bool any_kept;
	atomic64_t failures;
};

/* A caller that makes up tags must not fill memory: further tags share one account, the last. */
#define CTGM_ACCOUNTS	1025

/* In the magazines the number of an account has 11 bits. */
static_assert(CTGM_ACCOUNTS <= CTGM_MAGAZINE_OWNERS);

extern u64 __percpu *ctgm_account_totals;

int ctgm_accounts_init(void);
void ctgm_accounts_close(void);
void ctgm_accounts_exit(void);
struct ctgm_account *ctgm_account_get(u32 tag, gfp_t gfp);
struct ctgm_account *ctgm_account_find(u32 tag);
struct ctgm_account *ctgm_account_next(struct ctgm_account *account);
bool ctgm_account_is_others(const struct ctgm_account *account);
void ctgm_account_describe(struct ctgm_account *account, struct contigmem_tag_info *info);
void ctgm_account_set_limit(struct ctgm_account *account, u64 bytes);
bool ctgm_account_has_room(struct ctgm_account *account, u64 bytes);
bool ctgm_account_charge(struct ctgm_account *account, u64 bytes);
void ctgm_account_uncharge(struct ctgm_account *account, u64 bytes);

/* Count a block that a tag is given, new or kept. Any context. */
static inline void ctgm_account_count(const struct ctgm_account *account)
{
	this_cpu_inc(ctgm_account_totals[account->index]);
}

/* Has the tag more than its limit, a block included that a magazine keeps? Any context. */
static inline bool ctgm_account_is_over(const struct ctgm_account *account)
{
	u64 limit = READ_ONCE(account->info.limit);

	return limit && READ_ONCE(account->info.bytes) > limit;
}

/* A magazine keeps a block of the tag, which stays charged. Any context. */
static inline void ctgm_account_note_kept(struct ctgm_account *account)
{
	if (!READ_ONCE(account->any_kept))
		WRITE_ONCE(account->any_kept, true);
}

void ctgm_tag_text(u32 tag, char text[5]);

#endif /* CTGM_ACCOUNT_H */
