/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arm64: the types come from MAIR_EL1. The tables are read as the processor reads them, from
 * TTBR1_EL1 and TCR_EL1 on: how many levels the kernel's own macros have is decided at boot.
 */
#ifndef CONTIGMEM_TESTS_PAGETABLE_ARM64_H
#define CONTIGMEM_TESTS_PAGETABLE_ARM64_H

#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <asm/sysreg.h>

/* Bits of an entry: valid; a table, or a page at the last level. */
#define PAGETABLE_VALID		BIT(0)
#define PAGETABLE_TABLE		BIT(1)
/* The address in an entry; none is beyond 48 bits on the machines tested. */
#define PAGETABLE_ADDRESS	GENMASK_ULL(47, PAGE_SHIFT)
/* Address bits that a table translates. */
#define PAGETABLE_STRIDE	(PAGE_SHIFT - 3)

/* What may differ between entries that map in the same way: also access, dirty, contiguous. */
#define PAGETABLE_NOT_SAME	(PAGETABLE_ADDRESS | PTE_AF | PTE_DIRTY | PTE_CONT)

/* A block's cache type is that of a mapping apart; the direct map stays cached. */
#define PAGETABLE_APART		true

/**
 * struct pagetable_top - where a walk begins
 * @table: the first table
 * @bits: address bits that are translated
 */
struct pagetable_top {
	const u64 *table;
	unsigned int bits;
};

/* Is this the memory type of a block with this cache type? Of two names for one type both. */
static inline bool pagetable_type_is(enum pagetable_type type, enum contigmem_cache cache)
{
	return type == (cache == CONTIGMEM_CACHED ? PAGETABLE_WB : PAGETABLE_WC);
}

/* The types of the eight indices in an entry, one byte each. */
static inline u64 pagetable_pat(void)
{
	return read_sysreg(mair_el1);
}

static inline struct pagetable_top pagetable_kernel(void)
{
	phys_addr_t phys = read_sysreg(ttbr1_el1) & GENMASK_ULL(47, 1);

	return (struct pagetable_top){
		.table = __va(phys),
		.bits = 64 - ((read_sysreg(tcr_el1) >> 16) & 63),
	};
}

static inline struct pagetable_top pagetable_user(const struct mm_struct *mm)
{
	return (struct pagetable_top){
		.table = (const u64 *)mm->pgd,
		.bits = 64 - (read_sysreg(tcr_el1) & 63),
	};
}

/* Normal memory that is not cached is what x86 calls write-combined. */
static inline enum pagetable_type pagetable_mair_type(u8 attribute)
{
	switch (attribute) {
	case 0xff:
	case 0xf0:	/* with tags */
		return PAGETABLE_WB;
	case 0xbb:
		return PAGETABLE_WT;
	case 0x44:
		return PAGETABLE_WC;
	default:	/* a device's */
		return PAGETABLE_UC;
	}
}

/* Returns false if the entry, which maps @bytes, maps nothing. */
static inline bool pagetable_decode(u64 mair, pteval_t val, unsigned long bytes,
				    unsigned long addr, struct pagetable_entry *entry)
{
	entry->bytes = bytes;
	if (!(val & PAGETABLE_VALID))
		return false;
	entry->type = pagetable_mair_type(mair >> (8 * ((val & PTE_ATTRINDX_MASK) >> 2)));
	/* A writable page that is clean is read-only for the processor until it is written. */
	entry->writable = !(val & PTE_RDONLY) || val & PTE_WRITE;
	entry->executable = !(val & PTE_PXN) || (val & PTE_USER && !(val & PTE_UXN));
	entry->pfn = ((val & PAGETABLE_ADDRESS & ~(bytes - 1)) + (addr & (bytes - 1))) >>
		     PAGE_SHIFT;
	return true;
}

/*
 * The entry that maps @addr, or would; returns how many bytes it maps. @table is set to the
 * entry of a single page, NULL if there is none.
 */
static inline unsigned long pagetable_walk(struct pagetable_top top, unsigned long addr,
					   pteval_t *val, pte_t **table)
{
	/* The lowest address bit that the first table translates. */
	unsigned int shift = PAGE_SHIFT + (top.bits - PAGE_SHIFT - 1) / PAGETABLE_STRIDE *
			     PAGETABLE_STRIDE;
	unsigned long address = addr & GENMASK(top.bits - 1, 0);
	const u64 *entry = top.table + (address >> shift);

	*table = NULL;
	for (;;) {
		*val = READ_ONCE(*entry);
		if (shift == PAGE_SHIFT) {
			*table = (pte_t *)entry;
			return PAGE_SIZE;
		}
		if (!(*val & PAGETABLE_VALID) || !(*val & PAGETABLE_TABLE))
			return 1UL << shift;
		shift -= PAGETABLE_STRIDE;
		entry = (const u64 *)__va(*val & PAGETABLE_ADDRESS) +
			((address >> shift) & (BIT(PAGETABLE_STRIDE) - 1));
	}
}

#endif /* CONTIGMEM_TESTS_PAGETABLE_ARM64_H */
