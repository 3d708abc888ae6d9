// SPDX-License-Identifier: GPL-2.0
/*
 * An importer of dma-bufs: a program writes a file descriptor, and reads the pieces that
 * a device would see.
 */
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "audit_import.h"
#include "compat.h"

static struct platform_device *device;

/* Reads and writes the buffer through a kernel mapping. Returns 0 or an error. */
static int try_vmap(struct dma_buf *buf)
{
	struct iosys_map map;
	int error;

	error = compat_dma_buf_vmap(buf, &map);
	if (error)
		return error;
	error = dma_buf_begin_cpu_access(buf, DMA_BIDIRECTIONAL);
	if (!error) {
		iosys_map_memcpy_to(&map, 0, "vmap", 4);
		error = dma_buf_end_cpu_access(buf, DMA_BIDIRECTIONAL);
	}
	compat_dma_buf_vunmap(buf, &map);
	return error;
}

static int describe(struct dma_buf *buf, char *text, size_t size)
{
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
	int vmap;

	attachment = dma_buf_attach(buf, &device->dev);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	table = compat_dma_buf_map(attachment, DMA_BIDIRECTIONAL);
	if (IS_ERR(table)) {
		dma_buf_detach(buf, attachment);
		return PTR_ERR(table);
	}
	vmap = try_vmap(buf);
	scnprintf(text, size, "segments=%u dma=%#llx length=%u vmap=%d\n", table->nents,
		  (u64)sg_dma_address(table->sgl), sg_dma_len(table->sgl), vmap);
	compat_dma_buf_unmap(attachment, table, DMA_BIDIRECTIONAL);
	dma_buf_detach(buf, attachment);
	return 0;
}

static ssize_t import_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	struct dma_buf *buf;
	int fd, error;

	error = kstrtoint_from_user(from, size, 10, &fd);
	if (error)
		return error;
	buf = dma_buf_get(fd);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	error = describe(buf, file->private_data, PAGE_SIZE);
	dma_buf_put(buf);
	return error ?: size;
}

static ssize_t import_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	return simple_read_from_buffer(to, size, at, file->private_data,
				       strlen(file->private_data));
}

static int import_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(PAGE_SIZE, GFP_KERNEL);
	return file->private_data ? 0 : -ENOMEM;
}

static int import_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

const struct file_operations import_fops = {
	.owner = THIS_MODULE,
	.open = import_open,
	.release = import_release,
	.read = import_read,
	.write = import_write,
};

int import_init(void)
{
	device = platform_device_register_simple("contigmem_import", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	return dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(64));
}

void import_exit(void)
{
	platform_device_unregister(device);
}

COMPAT_IMPORT_DMA_BUF;
