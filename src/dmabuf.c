// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks as dma-bufs: other drivers' devices and programs use them for as long as they
 * hold a reference.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "compat.h"
#include "dmabuf.h"
#include "map.h"

/* The largest entry of a scatterlist in whole pages: its length is an unsigned int. */
#define DMABUF_SEGMENT_MAX	(UINT_MAX & PAGE_MASK)

/**
 * struct ctgm_dmabuf - one dma-buf
 * @block: its block, which it uses; constant
 * @lock: protects @devices
 * @devices: the devices attached
 */
struct ctgm_dmabuf {
	struct ctgm_block *block;
	struct mutex lock;	/* taken by tasks */
	struct list_head devices;
};

/**
 * struct ctgm_dmabuf_device - a device that is attached
 * @list: in the dma-buf's list; protected by the dma-buf's lock, as is @mapped
 * @dev: the device; constant
 * @table: the block as the device sees it
 * @mapped: the device sees it now
 */
struct ctgm_dmabuf_device {
	struct list_head list;
	struct device *dev;
	struct sg_table table;
	bool mapped;
};

static int dmabuf_fill_table(struct sg_table *table, const struct ctgm_block *block)
{
	size_t left = block->frames.nr << PAGE_SHIFT;
	struct page *page = pfn_to_page(block->frames.first);
	struct scatterlist *entry;
	unsigned int i;
	int error;

	error = sg_alloc_table(table, DIV_ROUND_UP(left, DMABUF_SEGMENT_MAX), GFP_KERNEL);
	if (error)
		return error;
	for_each_sgtable_sg(table, entry, i) {
		unsigned int bytes = min_t(size_t, left, DMABUF_SEGMENT_MAX);

		sg_set_page(entry, page, bytes, 0);
		page += bytes >> PAGE_SHIFT;
		left -= bytes;
	}
	return 0;
}

static int dmabuf_attach(struct dma_buf *buf, struct dma_buf_attachment *attachment)
{
	struct ctgm_dmabuf_device *device = kzalloc(sizeof(*device), GFP_KERNEL);
	struct ctgm_dmabuf *export = buf->priv;
	int error;

	if (!device)
		return -ENOMEM;
	error = dmabuf_fill_table(&device->table, export->block);
	if (error) {
		kfree(device);
		return error;
	}
	device->dev = attachment->dev;
	attachment->priv = device;
	mutex_lock(&export->lock);
	list_add(&device->list, &export->devices);
	mutex_unlock(&export->lock);
	return 0;
}

static void dmabuf_detach(struct dma_buf *buf, struct dma_buf_attachment *attachment)
{
	struct ctgm_dmabuf_device *device = attachment->priv;
	struct ctgm_dmabuf *export = buf->priv;

	mutex_lock(&export->lock);
	list_del(&device->list);
	mutex_unlock(&export->lock);
	sg_free_table(&device->table);
	kfree(device);
}

/* No CPU cache holds data of an uncached or write-combined block. */
static bool dmabuf_is_cached(const struct ctgm_dmabuf *export)
{
	return export->block->frames.cache == CONTIGMEM_CACHED;
}

static unsigned long dmabuf_attributes(const struct ctgm_dmabuf *export)
{
	return dmabuf_is_cached(export) ? 0 : DMA_ATTR_SKIP_CPU_SYNC;
}

static struct sg_table *dmabuf_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	struct ctgm_dmabuf_device *device = attachment->priv;
	struct ctgm_dmabuf *export = attachment->dmabuf->priv;
	int error;

	error = dma_map_sgtable(device->dev, &device->table, direction, dmabuf_attributes(export));
	if (error)
		return ERR_PTR(error);
	mutex_lock(&export->lock);
	device->mapped = true;
	mutex_unlock(&export->lock);
	return &device->table;
}

static void dmabuf_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
			 enum dma_data_direction direction)
{
	struct ctgm_dmabuf_device *device = attachment->priv;
	struct ctgm_dmabuf *export = attachment->dmabuf->priv;

	mutex_lock(&export->lock);
	device->mapped = false;
	mutex_unlock(&export->lock);
	dma_unmap_sgtable(device->dev, table, direction, dmabuf_attributes(export));
}

/* Sync the block for all devices that have it mapped. */
static int dmabuf_sync(struct dma_buf *buf, enum dma_data_direction direction,
		       void (*one)(struct device *dev, struct sg_table *table,
				   enum dma_data_direction direction))
{
	struct ctgm_dmabuf *export = buf->priv;
	struct ctgm_dmabuf_device *device;

	if (!dmabuf_is_cached(export))
		return 0;
	mutex_lock(&export->lock);
	list_for_each_entry(device, &export->devices, list) {
		if (device->mapped)
			one(device->dev, &device->table, direction);
	}
	mutex_unlock(&export->lock);
	return 0;
}

static int dmabuf_begin_cpu_access(struct dma_buf *buf, enum dma_data_direction direction)
{
	return dmabuf_sync(buf, direction, dma_sync_sgtable_for_cpu);
}

static int dmabuf_end_cpu_access(struct dma_buf *buf, enum dma_data_direction direction)
{
	return dmabuf_sync(buf, direction, dma_sync_sgtable_for_device);
}

/* The mapping keeps the dma-buf's file, which keeps the block. */
static int dmabuf_map_to_user(struct dma_buf *buf, struct vm_area_struct *vma)
{
	struct ctgm_dmabuf *export = buf->priv;

	return ctgm_map_user(&export->block->frames, export->block->flags & CONTIGMEM_READONLY,
			     vma);
}

static int dmabuf_map_to_kernel(struct dma_buf *buf, struct iosys_map *where)
{
	struct ctgm_dmabuf *export = buf->priv;

	iosys_map_set_vaddr(where, export->block->vaddr);
	return 0;
}

static void dmabuf_release(struct dma_buf *buf)
{
	struct ctgm_dmabuf *export = buf->priv;

	ctgm_block_unuse(export->block);
	kfree(export);
}

#define DMABUF_OPS_READONLY				\
	.attach = dmabuf_attach,			\
	.detach = dmabuf_detach,			\
	.map_dma_buf = dmabuf_map,			\
	.unmap_dma_buf = dmabuf_unmap,			\
	.begin_cpu_access = dmabuf_begin_cpu_access,	\
	.end_cpu_access = dmabuf_end_cpu_access,	\
	.mmap = dmabuf_map_to_user,			\
	.release = dmabuf_release

/* No vmap: an importer in the kernel could not know that it must not write. */
static const struct dma_buf_ops dmabuf_ops_readonly = { DMABUF_OPS_READONLY };
static const struct dma_buf_ops dmabuf_ops = {
	DMABUF_OPS_READONLY,
	.vmap = dmabuf_map_to_kernel,
};

/**
 * ctgm_dmabuf_export() - make a dma-buf of a block
 * @block: the block, with a user that the dma-buf takes over, even if this fails
 * @flags: as contigmem_export_dmabuf() has checked them
 *
 * Context: Process context. Sleeps.
 * Return: a file descriptor, or an error as contigmem_export_dmabuf() documents it.
 */
int ctgm_dmabuf_export(struct ctgm_block *block, int flags)
{
	struct ctgm_dmabuf *export = kzalloc(sizeof(*export), GFP_KERNEL);
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *buf;
	int fd;

	if (!export) {
		ctgm_block_unuse(block);
		return -ENOMEM;
	}
	export->block = block;
	mutex_init(&export->lock);
	INIT_LIST_HEAD(&export->devices);

	info.exp_name = "contigmem";
	info.ops = block->flags & CONTIGMEM_READONLY ? &dmabuf_ops_readonly : &dmabuf_ops;
	info.size = block->frames.nr << PAGE_SHIFT;
	info.flags = flags & O_ACCMODE;
	info.priv = export;
	buf = dma_buf_export(&info);
	if (IS_ERR(buf)) {
		kfree(export);
		ctgm_block_unuse(block);
		return PTR_ERR(buf);
	}
	fd = dma_buf_fd(buf, flags);
	if (fd < 0)
		dma_buf_put(buf);
	return fd;
}

COMPAT_IMPORT_DMA_BUF;
