/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x86: the types come from the PAT register.
 */
#ifndef CONTIGMEM_TESTS_PAGETABLE_X86_H
#define CONTIGMEM_TESTS_PAGETABLE_X86_H

#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>

/* The types without a PAT register: WB, WT, UC-, UC, twice. */
#define PAGETABLE_PAT_RESET	0x0007040600070406ULL

/* What may differ between entries that map in the same way. */
#define PAGETABLE_NOT_SAME	(PTE_PFN_MASK | _PAGE_ACCESSED | _PAGE_DIRTY)

/* The direct map has a block's cache type. */
#define PAGETABLE_APART		false

/* Where a walk begins. */
struct pagetable_top {
	pgd_t *pgd;
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

/* The types of the eight indices in an entry, one byte each. */
static inline u64 pagetable_pat(void)
{
	u32 low, high;

	if (!boot_cpu_has(X86_FEATURE_PAT))
		return PAGETABLE_PAT_RESET;
	rdmsr(MSR_IA32_CR_PAT, low, high);
	return (u64)high << 32 | low;
}

/* All page tables map the kernel alike. */
static inline struct pagetable_top pagetable_kernel(void)
{
	return (struct pagetable_top){ current->active_mm->pgd };
}

static inline struct pagetable_top pagetable_user(const struct mm_struct *mm)
{
	return (struct pagetable_top){ mm->pgd };
}

/* Returns false if the entry, which maps @bytes, maps nothing. */
static inline bool pagetable_decode(u64 pat, pteval_t val, unsigned long bytes,
				    unsigned long addr, struct pagetable_entry *entry)
{
	unsigned int index;
	pteval_t pat_bit;

	entry->bytes = bytes;
	if (!(val & _PAGE_PRESENT))
		return false;

	/* Bit 7 is PAT in a 4 KiB entry and PSE in the others. */
	pat_bit = bytes == PAGE_SIZE ? _PAGE_PAT : _PAGE_PAT_LARGE;
	index = (val & _PAGE_PWT ? 1 : 0) | (val & _PAGE_PCD ? 2 : 0) | (val & pat_bit ? 4 : 0);
	entry->type = (pat >> (8 * index)) & 7;
	entry->writable = val & _PAGE_RW;
	entry->executable = !(val & _PAGE_NX);
	entry->pfn = ((val & PTE_PFN_MASK & ~(bytes - 1)) + (addr & (bytes - 1))) >> PAGE_SHIFT;
	return true;
}

/*
 * The entry that maps @addr, or would; returns how many bytes it maps. @table is set to the
 * entry of a single page, NULL if there is none.
 */
static inline unsigned long pagetable_walk(struct pagetable_top top, unsigned long addr,
					   pteval_t *val, pte_t **table)
{
	pgd_t *pgd = pgd_offset_pgd(top.pgd, addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	*val = 0;
	*table = NULL;
	if (pgd_none(*pgd))
		return PUD_SIZE * PTRS_PER_PUD;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return PUD_SIZE * PTRS_PER_PUD;
	pud = pud_offset(p4d, addr);
	*val = pud_val(READ_ONCE(*pud));
	if (!*val || *val & _PAGE_PSE)
		return PUD_SIZE;
	pmd = pmd_offset(pud, addr);
	*val = pmd_val(READ_ONCE(*pmd));
	if (!*val || *val & _PAGE_PSE)
		return PMD_SIZE;
	*table = pte_offset_kernel(pmd, addr);
	*val = pte_val(READ_ONCE(**table));
	return PAGE_SIZE;
}

#endif /* CONTIGMEM_TESTS_PAGETABLE_X86_H */
