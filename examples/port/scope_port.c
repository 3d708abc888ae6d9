// SPDX-License-Identifier: GPL-2.0
/*
 * The Linux driver around scope.c: a device node whose ioctls take the place of the dispatch
 * routine. The memory is that of an open file, and goes with it.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "scope.h"
#include "scope_ioctl.h"

/**
 * struct scope_file - an open file
 * @lock: protects all below
 * @memory: the oscilloscope's, empty until a program asks for it
 * @program: address space of that program, the only one that may unmap; NULL while empty
 */
struct scope_file {
	struct mutex lock;
	SCOPE_MEMORY memory;
	struct mm_struct *program;
};

static int scope_open(struct inode *inode, struct file *file)
{
	struct scope_file *scope = kzalloc(sizeof(*scope), GFP_KERNEL);

	if (!scope)
		return -ENOMEM;
	mutex_init(&scope->lock);
	file->private_data = scope;
	return 0;
}

/* The program's mappings are gone, or keep the pages until they are. */
static int scope_release(struct inode *inode, struct file *file)
{
	struct scope_file *scope = file->private_data;

	if (scope->program) {
		ScopeFree(&scope->memory);
		mmdrop(scope->program);
	}
	kfree(scope);
	return 0;
}

static long scope_map(struct scope_file *scope, struct scope_mapping __user *user)
{
	struct scope_mapping mapping;
	NTSTATUS status;

	if (copy_from_user(&mapping, user, sizeof(mapping)))
		return -EFAULT;
	if (scope->program)
		return -EBUSY;
	status = ScopeAllocate(&scope->memory, mapping.bytes);
	if (!NT_SUCCESS(status))
		return status == STATUS_INVALID_PARAMETER ? -EINVAL : -ENOMEM;
	status = ScopeMap(&scope->memory);
	if (!NT_SUCCESS(status)) {
		ScopeFree(&scope->memory);
		return -ENOMEM;
	}
	scope->program = current->mm;
	mmgrab(scope->program);
	mapping.bytes = MmGetMdlByteCount(scope->memory.SampleMdl);
	mapping.samples = (unsigned long)scope->memory.UserSamples;
	mapping.table = (unsigned long)scope->memory.UserTable;
	return copy_to_user(user, &mapping, sizeof(mapping)) ? -EFAULT : 0;
}

static long scope_call(struct scope_file *scope, unsigned int command, unsigned long argument)
{
	if (command == SCOPE_MAP)
		return scope_map(scope, (struct scope_mapping __user *)argument);
	if (!scope->program)
		return -ENXIO;
	switch (command) {
	case SCOPE_UNMAP:
		if (current->mm != scope->program)
			return -EPERM;
		ScopeUnmap(&scope->memory);
		ScopeFree(&scope->memory);
		mmdrop(scope->program);
		scope->program = NULL;
		return 0;
	case SCOPE_RUN:
		return ScopeRun(&scope->memory, argument);
	default:
		return -ENOTTY;
	}
}

static long scope_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct scope_file *scope = file->private_data;
	long result;

	mutex_lock(&scope->lock);
	result = scope_call(scope, command, argument);
	mutex_unlock(&scope->lock);
	return result;
}

static const struct file_operations scope_fops = {
	.owner = THIS_MODULE,
	.open = scope_open,
	.release = scope_release,
	.unlocked_ioctl = scope_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice scope_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "contigmem_scope",
	.fops = &scope_fops,
	.mode = 0600,
};
module_misc_device(scope_device);

MODULE_DESCRIPTION("A Windows driver's memory on Linux, mapped to programs");
MODULE_LICENSE("GPL");
