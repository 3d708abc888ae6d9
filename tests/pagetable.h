/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frame, memory type and protection of an address as the CPU sees them: from the page
 * tables and the PAT register, not from the kernel's own records.
 *
 * No lock is taken: the caller makes sure that the page tables are not freed.
 */
#ifndef CONTIGMEM_TESTS_PAGETABLE_H
#define CONTIGMEM_TESTS_PAGETABLE_H

#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>

#include "contigmem.h"

/* Memory types as the PAT register codes them. */
enum pagetable_type {
	PAGETABLE_UC = 0,
	PAGETABLE_WC = 1,
	PAGETABLE_WT = 4,
	PAGETABLE_WP = 5,
	PAGETABLE_WB = 6,
	PAGETABLE_UC_MINUS = 7,
};

/* The types without a PAT register: WB, WT, UC-, UC, twice. */
#define PAGETABLE_PAT_RESET	0x0007040600070406ULL

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

/* Is this the memory type of a block with this cache type? */
static inline bool pagetable_type_is(enum pagetable_type type, enum contigmem_cache cache)
{
	switch (cache) {
	case CONTIGMEM_CACHED:
		return type == PAGETABLE_WB;
	case CONTIGMEM_UNCACHED:
		return type == PAGETABLE_UC || type == PAGETABLE_UC_MINUS;
	case CONTIGMEM_WRITECOMBINE:
		return type == PAGETABLE_WC;
	default:
		return false;
	}
}

/* The types of the eight PAT indices, one byte each. */
static inline u64 pagetable_pat(void)
{
	u32 low, high;

	if (!boot_cpu_has(X86_FEATURE_PAT))
		return PAGETABLE_PAT_RESET;
	rdmsr(MSR_IA32_CR_PAT, low, high);
	return (u64)high << 32 | low;
}

/* Returns false if the entry maps nothing. */
static inline bool pagetable_decode(u64 pat, pteval_t val, unsigned int level,
				    unsigned long addr, struct pagetable_entry *entry)
{
	unsigned long offset;
	unsigned int index;
	pteval_t pat_bit;

	entry->bytes = page_level_size(level);
	if (!(val & _PAGE_PRESENT))
		return false;

	/* Bit 7 is PAT in a 4 KiB entry and PSE in the others. */
	pat_bit = level == PG_LEVEL_4K ? _PAGE_PAT : _PAGE_PAT_LARGE;
	index = (val & _PAGE_PWT ? 1 : 0) | (val & _PAGE_PCD ? 2 : 0) | (val & pat_bit ? 4 : 0);
	entry->type = (pat >> (8 * index)) & 7;
	entry->writable = val & _PAGE_RW;
	entry->executable = !(val & _PAGE_NX);

	offset = addr & (entry->bytes - 1);
	entry->pfn = ((val & PTE_PFN_MASK & ~(entry->bytes - 1)) + offset) >> PAGE_SHIFT;
	return true;
}

/*
 * The entry that maps @addr, or would; returns its level. @table is set to the 4 KiB
 * entry, NULL if there is none.
 */
static inline unsigned int pagetable_walk(pgd_t *top, unsigned long addr, pteval_t *val,
					  pte_t **table)
{
	pgd_t *pgd = pgd_offset_pgd(top, addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	*val = 0;
	*table = NULL;
	if (pgd_none(*pgd))
		return PG_LEVEL_512G;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return PG_LEVEL_512G;
	pud = pud_offset(p4d, addr);
	*val = pud_val(READ_ONCE(*pud));
	if (!*val || *val & _PAGE_PSE)
		return PG_LEVEL_1G;
	pmd = pmd_offset(pud, addr);
	*val = pmd_val(READ_ONCE(*pmd));
	if (!*val || *val & _PAGE_PSE)
		return PG_LEVEL_2M;
	*table = pte_offset_kernel(pmd, addr);
	*val = pte_val(READ_ONCE(**table));
	return PG_LEVEL_4K;
}

/*
 * Returns false if nothing is mapped at @addr; then entry->bytes is the size of the hole,
 * or of a part of it.
 */
static inline bool pagetable_lookup_in(pgd_t *top, u64 pat, unsigned long addr,
				       struct pagetable_entry *entry)
{
	pte_t *table;
	pteval_t val;
	unsigned int level = pagetable_walk(top, addr, &val, &table);

	return pagetable_decode(pat, val, level, addr, entry);
}

/*
 * The same, with the number of bytes from @addr on that have the same mapping, or none, up
 * to the end of the page table.
 */
static inline bool pagetable_lookup_run(pgd_t *top, u64 pat, unsigned long addr,
					struct pagetable_entry *entry, unsigned long *bytes)
{
	const pteval_t same = ~(PTE_PFN_MASK | _PAGE_ACCESSED | _PAGE_DIRTY);
	unsigned long end = (addr | (PMD_SIZE - 1)) + 1;
	pte_t *table;
	pteval_t val;
	unsigned int level = pagetable_walk(top, addr, &val, &table);
	unsigned long at = addr;

	if (table) {
		while ((at += PAGE_SIZE) != end &&
		       !((pte_val(READ_ONCE(*++table)) ^ val) & same))
			;
		*bytes = at - addr;
	} else {
		*bytes = page_level_size(level) - (addr & (page_level_size(level) - 1));
	}
	return pagetable_decode(pat, val, level, addr, entry);
}

/* The same for a kernel address, which all page tables map alike. */
static inline bool pagetable_lookup(u64 pat, unsigned long addr, struct pagetable_entry *entry)
{
	return pagetable_lookup_in(current->active_mm->pgd, pat, addr, entry);
}

/* The same for an address of the current process, which must not unmap it. */
static inline bool pagetable_lookup_user(u64 pat, unsigned long addr,
					 struct pagetable_entry *entry)
{
	return pagetable_lookup_in(current->mm->pgd, pat, addr, entry);
}

#endif /* CONTIGMEM_TESTS_PAGETABLE_H */
