// SPDX-License-Identifier: GPL-2.0
/*
 * Where the kernel's page tables say that an address lies: memory of any kind, a block or not.
 */
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>

#include "virt.h"

#ifdef CONFIG_X86
/*
 * The tables translate the low bits of an address alone: above them are copies of the highest
 * one, which is set for the kernel, or it is no address.
 */
static bool virt_is_kernel(unsigned long address)
{
	return (long)address >> __VIRTUAL_MASK_SHIFT == -1;
}

/* Reads the entry once. Returns false if it is no leaf any more: its page was split. */
static bool virt_read_leaf(unsigned long address, pteval_t *leaf, unsigned long *bytes)
{
	unsigned int level;
	pte_t *entry;

	*leaf = 0;
	entry = lookup_address(address, &level);
	if (!entry)
		return true;
	*leaf = pte_val(READ_ONCE(*entry));
	*bytes = page_level_size(level);
	return level == PG_LEVEL_4K || *leaf & _PAGE_PSE || !(*leaf & _PAGE_PRESENT);
}

/**
 * ctgm_virt_phys() - the physical address of a kernel address
 * @vaddr: any address
 *
 * With interrupts off no table is freed: before the kernel frees one whose pages it has
 * merged, it flushes the TLB of all processors.
 *
 * Context: Any, NMI included. Takes no lock.
 * Return: The physical address; 0 if the kernel maps nothing there, and for all addresses of
 *	programs.
 */
phys_addr_t ctgm_virt_phys(const void *vaddr)
{
	unsigned long address = (unsigned long)vaddr, flags, bytes;
	pteval_t leaf;
	bool done;

	if (!virt_is_kernel(address))
		return 0;
	do {
		local_irq_save(flags);
		done = virt_read_leaf(address, &leaf, &bytes);
		local_irq_restore(flags);
	} while (!done);
	if (!(leaf & _PAGE_PRESENT))
		return 0;
	return (leaf & PTE_PFN_MASK & ~(bytes - 1)) | (address & (bytes - 1));
}
#else
/* Modules may lie below the addresses of vmalloc(), in the same tables. */
static bool virt_is_module(const void *vaddr)
{
#ifdef MODULES_VADDR
	return (unsigned long)vaddr >= MODULES_VADDR && (unsigned long)vaddr < MODULES_END;
#else
	return false;
#endif
}

/* See above. Modules can read no other tables than those of vmalloc(). */
phys_addr_t ctgm_virt_phys(const void *vaddr)
{
	struct page *page;

	if (virt_addr_valid(vaddr))
		return virt_to_phys((void *)vaddr);
	if (!is_vmalloc_addr(vaddr) && !virt_is_module(vaddr))
		return 0;
	page = vmalloc_to_page(vaddr);
	return page ? page_to_phys(page) + offset_in_page(vaddr) : 0;
}
#endif
