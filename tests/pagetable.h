/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frame, memory type and protection of an address as the CPU sees them: from the page
 * tables and the registers that give their entries a type, not from the kernel's own records.
 *
 * No lock is taken: the caller makes sure that the page tables are not freed.
 */
#ifndef CONTIGMEM_TESTS_PAGETABLE_H
#define CONTIGMEM_TESTS_PAGETABLE_H

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "contigmem.h"

/* Memory types as x86's PAT register codes them. */
enum pagetable_type {
	PAGETABLE_UC = 0,
	PAGETABLE_WC = 1,
	PAGETABLE_WT = 4,
	PAGETABLE_WP = 5,
	PAGETABLE_WB = 6,
	PAGETABLE_UC_MINUS = 7,
};

/**
 * struct pagetable_entry - the leaf entry that maps an address
 * @pfn: page frame of the address itself, not of the start of the mapping
 * @bytes: size of the mapping
 * @type: memory type
 * @writable: the entry allows writes
 * @executable: the entry allows execution
 */
struct pagetable_entry {
	unsigned long pfn;
	unsigned long bytes;
	enum pagetable_type type;
	bool writable;
	bool executable;
};

#ifdef CONFIG_X86
#include "pagetable_x86.h"
#else
#include "pagetable_arm64.h"
#endif

/*
 * Returns false if nothing is mapped at @addr; then entry->bytes is the size of the hole,
 * or of a part of it.
 */
static inline bool pagetable_lookup_in(struct pagetable_top top, u64 pat, unsigned long addr,
				       struct pagetable_entry *entry)
{
	pte_t *table;
	pteval_t val;
	unsigned long bytes = pagetable_walk(top, addr, &val, &table);

	return pagetable_decode(pat, val, bytes, addr, entry);
}

/*
 * The same, with the number of bytes from @addr on that have the same mapping, or none, up
 * to the end of the page table.
 */
static inline bool pagetable_lookup_run(struct pagetable_top top, u64 pat, unsigned long addr,
					struct pagetable_entry *entry, unsigned long *bytes)
{
	unsigned long end = (addr | (PMD_SIZE - 1)) + 1;
	pte_t *table;
	pteval_t val;
	unsigned long size = pagetable_walk(top, addr, &val, &table);
	unsigned long at = addr;

	if (table) {
		while ((at += PAGE_SIZE) != end &&
		       !((pte_val(READ_ONCE(*++table)) ^ val) & ~PAGETABLE_NOT_SAME))
			;
		*bytes = at - addr;
	} else {
		*bytes = size - (addr & (size - 1));
	}
	return pagetable_decode(pat, val, size, addr, entry);
}

/* The same for a kernel address. */
static inline bool pagetable_lookup(u64 pat, unsigned long addr, struct pagetable_entry *entry)
{
	return pagetable_lookup_in(pagetable_kernel(), pat, addr, entry);
}

/* The same for an address of the current process, which must not unmap it. */
static inline bool pagetable_lookup_user(u64 pat, unsigned long addr,
					 struct pagetable_entry *entry)
{
	return pagetable_lookup_in(pagetable_user(current->mm), pat, addr, entry);
}

/* The cache type that the direct map gives to a block of this type. */
static inline enum contigmem_cache pagetable_direct(enum contigmem_cache cache)
{
	return PAGETABLE_APART ? CONTIGMEM_CACHED : cache;
}

#endif /* CONTIGMEM_TESTS_PAGETABLE_H */
