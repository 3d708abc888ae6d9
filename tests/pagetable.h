/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the CPU does with a kernel address: frame, memory type, protection, read
 * from the page tables and the PAT register, not from the kernel's own books.
 *
 * Nothing is locked: for addresses whose page tables nobody frees meanwhile.
 */
#ifndef CONTIGMEM_TESTS_PAGETABLE_H
#define CONTIGMEM_TESTS_PAGETABLE_H

#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>

/* Memory types as the PAT register codes them. */
enum pagetable_type {
	PAGETABLE_UC = 0,
	PAGETABLE_WC = 1,
	PAGETABLE_WT = 4,
	PAGETABLE_WP = 5,
	PAGETABLE_WB = 6,
	PAGETABLE_UC_MINUS = 7,
};

/* What a CPU without the register does: WB, WT, UC-, UC, twice. */
#define PAGETABLE_PAT_RESET	0x0007040600070406ULL

/**
 * struct pagetable_entry - the leaf entry that maps an address
 * @pfn: page frame of the address itself, not of the start of the mapping
 * @bytes: size of the mapping; a page where there is none
 * @type: memory type
 * @writable: the entry allows writes
 */
struct pagetable_entry {
	unsigned long pfn;
	unsigned long bytes;
	enum pagetable_type type;
	bool writable;
};

/* The types of the eight PAT indices, one byte each. */
static inline u64 pagetable_pat(void)
{
	u32 low, high;

	if (!boot_cpu_has(X86_FEATURE_PAT))
		return PAGETABLE_PAT_RESET;
	rdmsr(MSR_IA32_CR_PAT, low, high);
	return (u64)high << 32 | low;
}

/* False if nothing is mapped at @addr. */
static inline bool pagetable_lookup(u64 pat, unsigned long addr, struct pagetable_entry *entry)
{
	unsigned int level, index;
	unsigned long offset;
	pteval_t val, pat_bit;
	pte_t *ptep;

	entry->bytes = PAGE_SIZE;
	ptep = lookup_address(addr, &level);
	if (!ptep)
		return false;
	entry->bytes = page_level_size(level);
	val = pte_val(READ_ONCE(*ptep));
	if (!(val & _PAGE_PRESENT))
		return false;

	/* Bit 7 is PAT in a 4 KiB entry and says "large" in the others. */
	pat_bit = level == PG_LEVEL_4K ? _PAGE_PAT : _PAGE_PAT_LARGE;
	index = (val & _PAGE_PWT ? 1 : 0) | (val & _PAGE_PCD ? 2 : 0) | (val & pat_bit ? 4 : 0);
	entry->type = (pat >> (8 * index)) & 7;
	entry->writable = val & _PAGE_RW;

	offset = addr & (entry->bytes - 1);
	entry->pfn = ((val & PTE_PFN_MASK & ~(entry->bytes - 1)) + offset) >> PAGE_SHIFT;
	return true;
}

#endif /* CONTIGMEM_TESTS_PAGETABLE_H */
