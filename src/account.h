/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accounts: what each tag has, and how much it may have.
 */
#ifndef CTGM_ACCOUNT_H
#define CTGM_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "../contigmem.h"

/**
 * struct ctgm_account - one tag
 * @hash: in the table of all accounts; written under ctgm_account_lock, readers are under RCU
 * @next: in the list of all accounts, the newest first; constant
 * @info: what the tag has; protected by ctgm_live_lock, except its failures
 * @failures: requests that failed
 */
struct ctgm_account {
	struct hlist_node hash;
	struct ctgm_account *next;
	struct contigmem_tag_info info;
	atomic64_t failures;
};

/*
 * Protects the index of live blocks, the record of the blocks freed last, and what the
 * tags are charged, so that a block is indexed and charged in one act.
 */
extern raw_spinlock_t ctgm_live_lock;

void ctgm_accounts_exit(void);
struct ctgm_account *ctgm_account_get(u32 tag, gfp_t gfp);
struct ctgm_account *ctgm_account_find(u32 tag);
struct ctgm_account *ctgm_account_next(struct ctgm_account *account);
bool ctgm_account_is_others(const struct ctgm_account *account);
void ctgm_account_describe(const struct ctgm_account *account, struct contigmem_tag_info *info);
void ctgm_account_set_limit(struct ctgm_account *account, u64 bytes);
bool ctgm_account_has_room(const struct ctgm_account *account, u64 bytes);
bool ctgm_account_charge(struct ctgm_account *account, u64 bytes);
void ctgm_account_uncharge(struct ctgm_account *account, u64 bytes);
void ctgm_tag_text(u32 tag, char text[5]);

#endif /* CTGM_ACCOUNT_H */
