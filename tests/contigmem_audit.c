// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the direct map of all System RAM and counts the page frames whose cache
 * type is not write-back: what an allocator must not leave behind. And tells a
 * program how its own memory is mapped.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "pagetable.h"

struct audit {
	u64 pat;
	unsigned long frames;
	unsigned long non_wb;
	unsigned long level_4k;
	unsigned long level_2m;
	unsigned long level_1g;
};

static int audit_range(struct resource *res, void *arg)
{
	unsigned long pfn = PFN_UP(res->start);
	unsigned long end = PFN_DOWN(res->end + 1);
	struct audit *audit = arg;

	while (pfn < end) {
		struct pagetable_entry entry;
		bool mapped = pagetable_lookup(audit->pat, (unsigned long)__va(PFN_PHYS(pfn)),
					       &entry);
		unsigned long nr = entry.bytes >> PAGE_SHIFT;

		/* A mapping may begin before the range and end behind it. */
		nr = min(nr - (pfn & (nr - 1)), end - pfn);
		pfn += nr;
		cond_resched();
		if (!mapped)
			continue;

		audit->frames += nr;
		if (entry.type != PAGETABLE_WB)
			audit->non_wb += nr;
		audit->level_4k += entry.bytes == PAGE_SIZE;
		audit->level_2m += entry.bytes == PMD_SIZE;
		audit->level_1g += entry.bytes == PUD_SIZE;
	}
	return 0;
}

static int direct_map_show(struct seq_file *m, void *unused)
{
	struct audit audit = { .pat = pagetable_pat() };
	int ret;

	ret = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
				  0, U64_MAX, &audit, audit_range);
	if (ret)
		return ret;
	seq_printf(m, "frames=%lu non_wb=%lu level_4k=%lu level_2m=%lu level_1g=%lu\n",
		   audit.frames, audit.non_wb, audit.level_4k, audit.level_2m, audit.level_1g);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(direct_map);

/* The reader's page table entry for the address that it reads at. */
static ssize_t own_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	struct pagetable_entry entry;
	char text[32];
	size_t length;

	if (!pagetable_lookup_user(pagetable_pat(), *at, &entry))
		return -ENOENT;
	length = scnprintf(text, sizeof(text), "%#lx %u %s\n", entry.pfn, entry.type,
			   entry.writable ? "rw" : "ro");
	if (size < length)
		return -EINVAL;
	return copy_to_user(to, text, length) ? -EFAULT : length;
}

static const struct file_operations own_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = own_read,
};

static struct dentry *audit_dir;

static int __init audit_init(void)
{
	audit_dir = debugfs_create_dir("contigmem_audit", NULL);
	debugfs_create_file("direct_map", 0400, audit_dir, NULL, &direct_map_fops);
	debugfs_create_file("own", 0400, audit_dir, NULL, &own_fops);
	return 0;
}

static void __exit audit_exit(void)
{
	debugfs_remove(audit_dir);
}

module_init(audit_init);
module_exit(audit_exit);
MODULE_DESCRIPTION("Cache types in the direct map");
MODULE_LICENSE("GPL");
