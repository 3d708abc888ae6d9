// SPDX-License-Identifier: GPL-2.0
/*
 * The audit for programs, in debugfs: types in the direct map of all System RAM,
 * disagreements with contigmem's ledger, the reader's own page table entries, and the
 * pieces of an imported dma-buf.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "audit.h"
#include "audit_import.h"
#include "maintenance.h"
#include "pagetable.h"

static int direct_map_show(struct seq_file *m, void *unused)
{
	struct contigmem_audit audit;
	int error = contigmem_audit_sweep(&audit);

	if (error)
		return error;
	seq_printf(m, "frames=%lu non_wb=%lu level_4k=%lu level_2m=%lu level_1g=%lu\n",
		   audit.frames, audit.non_wb, audit.level_4k, audit.level_2m, audit.level_1g);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(direct_map);

static int ledger_show(struct seq_file *m, void *unused)
{
	struct contigmem_audit audit;
	int error = contigmem_audit(&audit, 0);

	if (error && error != -EUCLEAN)
		return error;
	seq_printf(m, "%s held=%lu aliases=%lu stray=%lu wrong=%lu%s%s\n",
		   error ? "disagrees" : "agrees", audit.held, audit.aliases, audit.stray,
		   audit.wrong, error ? ": " : "", audit.first);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ledger);

/* The reader's page table entry for the address that is the file position. */
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
	struct contigmem_audit audit;
	int error = contigmem_audit_sweep(&audit);

	/* The first sweep learns what the kernel has, before contigmem is loaded. */
	if (!error)
		error = maintenance_init();
	if (error)
		return error;
	error = import_init();
	if (error) {
		maintenance_exit();
		return error;
	}
	audit_dir = debugfs_create_dir("contigmem_audit", NULL);
	debugfs_create_file("direct_map", 0400, audit_dir, NULL, &direct_map_fops);
	debugfs_create_file("ledger", 0400, audit_dir, NULL, &ledger_fops);
	debugfs_create_file("own", 0400, audit_dir, NULL, &own_fops);
	debugfs_create_file("import", 0600, audit_dir, NULL, &import_fops);
	return 0;
}

static void __exit audit_exit(void)
{
	debugfs_remove(audit_dir);
	import_exit();
	maintenance_exit();
}

module_init(audit_init);
module_exit(audit_exit);
MODULE_DESCRIPTION("The page tables against contigmem's ledger");
MODULE_LICENSE("GPL");
