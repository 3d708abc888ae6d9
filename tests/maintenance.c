// SPDX-License-Identifier: GPL-2.0
/*
 * An emulator has no caches, so what is left out is not seen in memory. Probes on the kernel's
 * calls that maintain caches note for each page frame which came last: it has to be the one that
 * cleans for frames that are mapped without caches, and the other for those that were.
 */
#include <linux/bitmap.h>
#include <linux/ioport.h>
#include <linux/kprobes.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>

#include "audit.h"
#include "maintenance.h"

static unsigned long *cleaned;		/* a bit for each frame: cleaned, not invalidated since */
static unsigned long nr_frames;
static unsigned long out_of_range;	/* calls for addresses of no memory, or parts of a page */

/* The frames of a call, whose address is in the linear map. */
static void note(struct pt_regs *regs, bool clean)
{
	unsigned long address = regs_get_kernel_argument(regs, 0);
	unsigned long bytes = regs_get_kernel_argument(regs, 1), pfn, end;

	if (!virt_addr_valid((void *)address) || (address | bytes) & ~PAGE_MASK) {
		out_of_range++;
		return;
	}
	pfn = PHYS_PFN(__pa(address));
	end = pfn + PHYS_PFN(bytes);
	if (end > nr_frames) {
		out_of_range++;
		return;
	}
	for (; pfn < end; pfn++) {
		if (clean)
			set_bit(pfn, cleaned);
		else
			clear_bit(pfn, cleaned);
	}
}

static int note_clean(struct kprobe *probe, struct pt_regs *regs)
{
	note(regs, true);
	return 0;
}

static int note_invalidate(struct kprobe *probe, struct pt_regs *regs)
{
	note(regs, false);
	return 0;
}

static struct kprobe clean_probe = {
	.symbol_name = "arch_wb_cache_pmem",
	.pre_handler = note_clean,
};

static struct kprobe invalidate_probe = {
	.symbol_name = "arch_invalidate_pmem",
	.pre_handler = note_invalidate,
};

static bool is_cleaned(unsigned long pfn)
{
	return pfn < nr_frames && test_bit(pfn, cleaned);
}

static unsigned long count_cleaned(void)
{
	return bitmap_weight(cleaned, nr_frames) + out_of_range;
}

static const struct contigmem_audit_caches caches = {
	.is_cleaned = is_cleaned,
	.count_cleaned = count_cleaned,
};

/* Regions whose memory is yet to be plugged are not busy; they count as well. */
static int find_end(struct resource *res, void *unused)
{
	nr_frames = max_t(unsigned long, nr_frames, PFN_DOWN(res->end) + 1);
	return 0;
}

int maintenance_init(void)
{
	int error = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM, 0, U64_MAX, NULL,
					find_end);

	if (error)
		return error;
	cleaned = bitmap_zalloc(nr_frames, GFP_KERNEL);
	if (!cleaned)
		return -ENOMEM;
	error = register_kprobe(&clean_probe);
	if (error)
		goto free;
	error = register_kprobe(&invalidate_probe);
	if (error)
		goto unregister;
	contigmem_audit_caches = &caches;
	return 0;

unregister:
	unregister_kprobe(&clean_probe);
free:
	bitmap_free(cleaned);
	return error;
}

void maintenance_exit(void)
{
	contigmem_audit_caches = NULL;
	unregister_kprobe(&clean_probe);
	unregister_kprobe(&invalidate_probe);
	bitmap_free(cleaned);
}
