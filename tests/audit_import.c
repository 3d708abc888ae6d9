// SPDX-License-Identifier: GPL-2.0
/*
 * An importer of dma-bufs: a program writes a file descriptor and the limits of a device,
 * and reads the pieces that the device would see, and whether data went lost on the way
 * between the device and the CPUs.
 */
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/iosys-map.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
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

/* What the device sees at a segment: there is no IOMMU in the guests. */
static void *device_view(struct scatterlist *segment)
{
	return phys_to_virt(sg_dma_address(segment));
}

/* The device writes to the whole buffer. */
static void device_fill(struct sg_table *table, int byte)
{
	struct scatterlist *segment;
	unsigned int i;

	for_each_sgtable_dma_sg(table, segment, i)
		memset(device_view(segment), byte, sg_dma_len(segment));
	mb();	/* write-combined memory included */
}

/* Does the device see this byte from the first to the last place, inclusive? */
static bool device_sees(struct sg_table *table, size_t first, size_t last, int byte)
{
	struct scatterlist *segment;
	size_t at = 0;
	unsigned int i;

	for_each_sgtable_dma_sg(table, segment, i) {
		size_t low = max(first, at), high = min(last + 1, at + sg_dma_len(segment));

		if (low < high && memchr_inv(device_view(segment) + low - at, byte, high - low))
			return false;
		at += sg_dma_len(segment);
	}
	return true;
}

static bool device_sees_all_of(struct sg_table *table, const char *memory)
{
	struct scatterlist *segment;
	unsigned int i;

	for_each_sgtable_dma_sg(table, segment, i) {
		if (memcmp(device_view(segment), memory, sg_dma_len(segment)))
			return false;
		memory += sg_dma_len(segment);
	}
	return true;
}

static void cpu_fill(char *memory, int byte, size_t size)
{
	memset(memory, byte, size);
	mb();	/* write-combined memory included */
}

/*
 * The CPUs and the device write by turns, and each has to see what the other wrote.
 * Returns the step that failed, NULL if none did.
 */
static const char *exchange(struct dma_buf *buf, struct sg_table *table, char *memory)
{
	size_t size = buf->size, half = size / 2;

	if (!device_sees_all_of(table, memory))
		return "map";
	device_fill(table, 0x11);
	if (dma_buf_begin_cpu_access(buf, DMA_BIDIRECTIONAL) || memchr_inv(memory, 0x11, size))
		return "begin";
	cpu_fill(memory, 0x22, size);
	if (dma_buf_end_cpu_access(buf, DMA_BIDIRECTIONAL) ||
	    !device_sees(table, 0, size - 1, 0x22))
		return "end";
	/* The device goes on while the CPUs only read. */
	device_fill(table, 0x33);
	if (dma_buf_begin_cpu_access(buf, DMA_FROM_DEVICE) || memchr_inv(memory, 0x33, size))
		return "begin-read";
	device_fill(table, 0x44);
	if (dma_buf_end_cpu_access(buf, DMA_FROM_DEVICE) ||
	    !device_sees(table, 0, size - 1, 0x44))
		return "end-read";
	/* The CPUs write a part. */
	if (dma_buf_begin_cpu_access(buf, DMA_TO_DEVICE))
		return "begin-write";
	cpu_fill(memory, 0x55, half);
	if (dma_buf_end_cpu_access(buf, DMA_TO_DEVICE) ||
	    !device_sees(table, 0, half - 1, 0x55) ||
	    !device_sees(table, half, size - 1, 0x44))
		return "end-write";
	device_fill(table, 0x66);
	return NULL;
}

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
	const char *failed = NULL;
	struct sg_table *table;
	struct iosys_map map;
	int vmap, at;

	table = compat_dma_buf_map(attachment, DMA_BIDIRECTIONAL);
	if (IS_ERR(table))
		return PTR_ERR(table);
	at = describe(table, boundary, text, PAGE_SIZE);
	/* An importer that cannot write through the CPUs sees no exchange. */
	vmap = compat_dma_buf_vmap(buf, &map);
	if (!vmap)
		failed = exchange(buf, table, map.vaddr);
	compat_dma_buf_unmap(attachment, table, DMA_BIDIRECTIONAL);
	if (!vmap) {
		if (!failed && memchr_inv(map.vaddr, 0x66, buf->size))
			failed = "unmap";
		compat_dma_buf_vunmap(buf, &map);
	}
	scnprintf(text + at, PAGE_SIZE - at, " vmap=%d lost=%s\n", vmap, failed ?: "none");
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
