// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's device nodes: a program writes the name of a block, maps the block, reads
 * the driver's checksum of its content, and exports it as a dma-buf. Two of the nodes
 * have operations of their own for their mappings: one sets them after it has mapped a
 * block, as drivers of USB do, and one before, as drivers of sound do.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "client.h"
#include "contigmem.h"

#define CLIENT_EXPORT	_IO('c', 1)
#define CLIENT_CHOOSE	_IO('c', 2)
#define CLIENT_OPENS	_IO('c', 3)
#define CLIENT_CLOSES	_IO('c', 4)

static struct client *served;
static DEFINE_MUTEX(lock);	/* against a free during another call */

/* Blocks for programs alone. The high ones are beyond 32 bits where the machine has that. */
static struct client_block blocks[] = {
	{ .name = "after", .size = SZ_64K },
	{ .name = "before", .size = SZ_64K },
	{ .name = "pinned", .size = SZ_64K },
	{ .name = "high", .size = SZ_2M + SZ_64K },
	{ .name = "high-uc", .size = SZ_64K },
	{ .name = "high-wc", .size = SZ_512K },
};

static int client_get_block(struct client_block *block)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(block->size);
	void *vaddr;

	if (!strcmp(block->name, "high-uc"))
		req.cache = CONTIGMEM_UNCACHED;
	if (!strcmp(block->name, "high-wc") || !strcmp(block->name, "before"))
		req.cache = CONTIGMEM_WRITECOMBINE;
	if (!strncmp(block->name, "high", 4))
		req.low = SZ_4G;
	vaddr = contigmem_alloc(&req, GFP_KERNEL);
	if (vaddr == ERR_PTR(-ERANGE)) {
		req.low = 0;
		vaddr = contigmem_alloc(&req, GFP_KERNEL);
	}
	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);
	block->vaddr = vaddr;
	return 0;
}

static void client_put_blocks(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		contigmem_free(blocks[i].vaddr);
		blocks[i].vaddr = NULL;
	}
}

static int client_get_blocks(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		int error = client_get_block(&blocks[i]);

		if (error) {
			client_put_blocks();
			return error;
		}
	}
	return 0;
}

static struct client_block *block_of(const char *name)
{
	struct client_block *others[] = {
		&served->ring, &served->frame, &served->mailbox, &served->table,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (!strcmp(others[i]->name, name))
			return others[i];
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		if (!strcmp(blocks[i].name, name))
			return &blocks[i];
	}
	return NULL;
}

static int client_choose(struct file *file, const char *name)
{
	file->private_data = block_of(name);
	return file->private_data ? 0 : -ENOENT;
}

/* Frees the chosen block; its mappings and dma-bufs keep the pages. */
static int client_let_go(struct file *file)
{
	struct client_block *block = file->private_data;

	if (!block || !block->vaddr)
		return -ENOENT;
	contigmem_free(block->vaddr);
	block->vaddr = NULL;
	return 0;
}

static ssize_t client_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	char name[16];
	int error;

	if (size >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, from, size))
		return -EFAULT;
	name[size] = '\0';
	mutex_lock(&lock);
	error = strcmp(name, "free") ? client_choose(file, name) : client_let_go(file);
	mutex_unlock(&lock);
	return error ?: size;
}

static u32 client_sum(const struct client_block *block)
{
	const u32 *word = block->vaddr;
	u32 sum = 0;
	size_t i;

	for (i = 0; i < block->size / sizeof(*word); i++)
		sum = sum * 31 + READ_ONCE(word[i]);
	return sum;
}

static ssize_t client_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	struct client_block *block = file->private_data;
	u32 sum = 0;
	bool gone;

	if (size != sizeof(sum))
		return -EINVAL;
	mutex_lock(&lock);
	gone = !block || !block->vaddr;
	if (!gone)
		sum = client_sum(block);
	mutex_unlock(&lock);
	if (gone)
		return -ENOENT;
	return copy_to_user(to, &sum, sizeof(sum)) ? -EFAULT : sizeof(sum);
}

static int client_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct client_block *block = file->private_data;

	/* contigmem_mmap() checks that the block is live. */
	return contigmem_mmap(vma, block ? READ_ONCE(block->vaddr) : NULL);
}

/* How often the driver's own operations ran. */
struct client_counts {
	atomic_t opens;
	atomic_t closes;
};

static struct client_counts counts;

static void client_vma_open(struct vm_area_struct *vma)
{
	struct client_counts *mine = vma->vm_private_data;

	atomic_inc(&mine->opens);
}

static void client_vma_close(struct vm_area_struct *vma)
{
	struct client_counts *mine = vma->vm_private_data;

	atomic_inc(&mine->closes);
}

static const struct vm_operations_struct client_vm_ops = {
	.open = client_vma_open,
	.close = client_vma_close,
};

static int client_mmap_before(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &client_vm_ops;
	vma->vm_private_data = &counts;
	return client_mmap(file, vma);
}

static int client_mmap_after(struct file *file, struct vm_area_struct *vma)
{
	int error = client_mmap(file, vma);

	if (error)
		return error;
	vma->vm_ops = &client_vm_ops;
	vma->vm_private_data = &counts;
	return 0;
}

/* A program that has the node open for reading alone cannot write a name. */
static long client_choose_user(struct file *file, const char __user *from)
{
	char name[16];
	long length = strncpy_from_user(name, from, sizeof(name));
	int error;

	if (length < 0)
		return length;
	if (length == sizeof(name))
		return -EINVAL;
	mutex_lock(&lock);
	error = client_choose(file, name);
	mutex_unlock(&lock);
	return error;
}

/* For CLIENT_EXPORT, returns the descriptor of a dma-buf; the argument is its flags. */
static long client_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct client_block *block = file->private_data;

	switch (command) {
	case CLIENT_EXPORT:
		return contigmem_export_dmabuf(block ? READ_ONCE(block->vaddr) : NULL, argument);
	case CLIENT_CHOOSE:
		return client_choose_user(file, (const char __user *)argument);
	case CLIENT_OPENS:
		return atomic_read(&counts.opens);
	case CLIENT_CLOSES:
		return atomic_read(&counts.closes);
	default:
		return -ENOTTY;
	}
}

#define CLIENT_FOPS(map) {			\
	.owner = THIS_MODULE,			\
	.open = nonseekable_open,		\
	.read = client_read,			\
	.write = client_write,			\
	.mmap = map,				\
	.unlocked_ioctl = client_ioctl,		\
}

static const struct file_operations client_fops = CLIENT_FOPS(client_mmap);
static const struct file_operations client_fops_after = CLIENT_FOPS(client_mmap_after);
static const struct file_operations client_fops_before = CLIENT_FOPS(client_mmap_before);

#define CLIENT_NODE(suffix) {			\
	.minor = MISC_DYNAMIC_MINOR,		\
	.name = "contigmem_client" #suffix,	\
	.mode = 0600,				\
	.fops = &client_fops ## suffix,		\
}

static struct miscdevice client_nodes[] = {
	CLIENT_NODE(), CLIENT_NODE(_after), CLIENT_NODE(_before),
};

static void client_remove_nodes(unsigned int nr)
{
	while (nr)
		misc_deregister(&client_nodes[--nr]);
}

int client_user_get(struct client *client)
{
	unsigned int i;
	int error;

	served = client;
	error = client_get_blocks();
	if (error)
		return error;
	for (i = 0; i < ARRAY_SIZE(client_nodes); i++) {
		error = misc_register(&client_nodes[i]);
		if (error) {
			client_remove_nodes(i);
			client_put_blocks();
			return error;
		}
	}
	return 0;
}

void client_user_put(void)
{
	client_remove_nodes(ARRAY_SIZE(client_nodes));
	client_put_blocks();
}
