// SPDX-License-Identifier: GPL-2.0
/*
 * An importer of dma-bufs: a program writes a file descriptor and the limits of a device,
 * and reads the pieces that the device would see.
 */
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "audit_import.h"
#include "compat.h"

static struct platform_device *device;

/* The limits of the device that imports. */
struct limits {
	unsigned int bits;	/* of an address */
	unsigned int segment;	/* bytes of a segment, at most */
	unsigned long boundary;	/* a segment does not cross, as a mask */
};

/* The buffer as the device sees it: its segments against the limits. */
static int describe(struct sg_table *table, unsigned long boundary, char *text, size_t size)
{
	unsigned int longest = 0, crossing = 0, i;
	struct scatterlist *segment;
	size_t bytes = 0;

	for_each_sgtable_dma_sg(table, segment, i) {
		u64 first = sg_dma_address(segment), last = first + sg_dma_len(segment) - 1;

		longest = max(longest, sg_dma_len(segment));
		crossing += !!((first ^ last) & ~boundary);
		bytes += sg_dma_len(segment);
	}
	return scnprintf(text, size,
			 "segments=%u dma=%#llx longest=%u crossing=%u bytes=%zu",
			 table->nents, (u64)sg_dma_address(table->sgl), longest, crossing, bytes);
}

static int import_attached(struct dma_buf_attachment *attachment, unsigned long boundary,
			   char *text)
{
	struct dma_buf *buf = attachment->dmabuf;
	struct sg_table *table;
	struct iosys_map map;
	int vmap, at;

	table = compat_dma_buf_map(attachment, DMA_BIDIRECTIONAL);
	if (IS_ERR(table))
		return PTR_ERR(table);
	at = describe(table, boundary, text, PAGE_SIZE);
	vmap = compat_dma_buf_vmap(buf, &map);
	if (!vmap)
		compat_dma_buf_vunmap(buf, &map);
	compat_dma_buf_unmap(attachment, table, DMA_BIDIRECTIONAL);
	scnprintf(text + at, PAGE_SIZE - at, " vmap=%d\n", vmap);
	return 0;
}

static int import(struct dma_buf *buf, const struct limits *limits, char *text)
{
	struct dma_buf_attachment *attachment;
	int error;

	error = dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(limits->bits));
	if (error)
		return error;
	dma_set_max_seg_size(&device->dev, limits->segment);
	dma_set_seg_boundary(&device->dev, limits->boundary);
	attachment = dma_buf_attach(buf, &device->dev);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	error = import_attached(attachment, limits->boundary, text);
	dma_buf_detach(buf, attachment);
	return error;
}

/* A line: the descriptor, then the limits. */
static ssize_t import_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	struct limits limits;
	struct dma_buf *buf;
	char line[64];
	int fd, error;

	if (size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, size))
		return -EFAULT;
	line[size] = '\0';
	if (sscanf(line, "%d %u %u %lx", &fd, &limits.bits, &limits.segment,
		   &limits.boundary) != 4)
		return -EINVAL;
	buf = dma_buf_get(fd);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	error = import(buf, &limits, file->private_data);
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
