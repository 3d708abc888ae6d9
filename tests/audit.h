/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page tables against contigmem's ledger. Part of contigmem_audit.ko and of
 * contigmem_test.ko, each of which can be loaded without the other.
 */
#ifndef CONTIGMEM_TESTS_AUDIT_H
#define CONTIGMEM_TESTS_AUDIT_H

#include <linux/types.h>

/**
 * struct contigmem_audit - result of a sweep of the page tables
 * @frames: page frames of RAM in the direct map
 * @non_wb: those whose cache type is not write-back
 * @level_4k: entries of 4 KiB
 * @level_2m: entries of 2 MiB
 * @level_1g: entries of 1 GiB
 * @held: page frames in the ledger
 * @aliases: entries outside the direct map that map one of @held: read-only blocks,
 *	and user space
 * @stray: page frames that are not write-back and not in the ledger
 * @wrong: entries and records that disagree
 * @first: the first disagreement or stray frame, as text
 */
struct contigmem_audit {
	unsigned long frames;
	unsigned long non_wb;
	unsigned long level_4k;
	unsigned long level_2m;
	unsigned long level_1g;
	unsigned long held;
	unsigned long aliases;
	unsigned long stray;
	unsigned long wrong;
	char first[160];
};

/**
 * struct contigmem_audit_caches - what is known of the caches, where they are maintained
 * @is_cleaned: was this frame cleaned, and not invalidated since?
 * @count_cleaned: of how many frames is this true?
 */
struct contigmem_audit_caches {
	bool (*is_cleaned)(unsigned long pfn);
	unsigned long (*count_cleaned)(void);
};

/* Set once, before contigmem is loaded; NULL where the hardware keeps caches coherent. */
extern const struct contigmem_audit_caches *contigmem_audit_caches;

int contigmem_audit_held(unsigned long *held);
int contigmem_audit_sweep(struct contigmem_audit *audit);
int contigmem_audit(struct contigmem_audit *audit, unsigned long stray);

#endif /* CONTIGMEM_TESTS_AUDIT_H */
