// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks as dma-bufs: devices and programs of others use them for as long as they
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
#include "ledger.h"
#include "mapping.h"

/* What an entry of a scatterlist can say, in whole pages. */
#define SEGMENT_MAX	(UINT_MAX & PAGE_MASK)

/**
 * struct export - one dma-buf
 * @block: its block, which stays
 * @release: to be called when it need not any longer
 * @lock: for whoever looks at the devices
 * @devices: what is attached
 */
struct export {
	struct block *block;
	void (*release)(struct block *block);
	struct mutex lock;	/* protects devices */
	struct list_head devices;
};

/**
 * struct export_device - a device that is attached
 * @list: in the dma-buf's
 * @dev: the device
 * @table: the block as the device sees it
 * @mapped: it does now; protected by the dma-buf's lock
 */
struct export_device {
	struct list_head list;
	struct device *dev;
	struct sg_table table;
	bool mapped;
};

static int fill_table(struct sg_table *table, const struct block *block)
{
	size_t left = block->frames.nr << PAGE_SHIFT;
	struct page *page = pfn_to_page(block->frames.first);
	struct scatterlist *entry;
	unsigned int i;
	int error;

	error = sg_alloc_table(table, DIV_ROUND_UP(left, SEGMENT_MAX), GFP_KERNEL);
	if (error)
		return error;
	for_each_sgtable_sg(table, entry, i) {
		unsigned int bytes = min_t(size_t, left, SEGMENT_MAX);

		sg_set_page(entry, page, bytes, 0);
		page += bytes >> PAGE_SHIFT;
		left -= bytes;
	}
	return 0;
}

static int attach(struct dma_buf *buf, struct dma_buf_attachment *attachment)
{
	struct export_device *device = kzalloc(sizeof(*device), GFP_KERNEL);
	struct export *export = buf->priv;
	int error;

	if (!device)
		return -ENOMEM;
	error = fill_table(&device->table, export->block);
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

static void detach(struct dma_buf *buf, struct dma_buf_attachment *attachment)
{
	struct export_device *device = attachment->priv;
	struct export *export = buf->priv;

	mutex_lock(&export->lock);
	list_del(&device->list);
	mutex_unlock(&export->lock);
	sg_free_table(&device->table);
	kfree(device);
}

/* No cache holds anything of an uncached or write-combined block. */
static bool is_cached(const struct export *export)
{
	return export->block->cache == CONTIGMEM_CACHED;
}

static unsigned long attributes(const struct export *export)
{
	return is_cached(export) ? 0 : DMA_ATTR_SKIP_CPU_SYNC;
}

static struct sg_table *map(struct dma_buf_attachment *attachment, enum dma_data_direction way)
{
	struct export_device *device = attachment->priv;
	struct export *export = attachment->dmabuf->priv;
	int error;

	error = dma_map_sgtable(device->dev, &device->table, way, attributes(export));
	if (error)
		return ERR_PTR(error);
	mutex_lock(&export->lock);
	device->mapped = true;
	mutex_unlock(&export->lock);
	return &device->table;
}

static void unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
		  enum dma_data_direction way)
{
	struct export_device *device = attachment->priv;
	struct export *export = attachment->dmabuf->priv;

	mutex_lock(&export->lock);
	device->mapped = false;
	mutex_unlock(&export->lock);
	dma_unmap_sgtable(device->dev, table, way, attributes(export));
}

/* For all devices that see the block now. */
static int sync(struct dma_buf *buf, enum dma_data_direction way,
		void (*one)(struct device *dev, struct sg_table *table,
			    enum dma_data_direction way))
{
	struct export *export = buf->priv;
	struct export_device *device;

	if (!is_cached(export))
		return 0;
	mutex_lock(&export->lock);
	list_for_each_entry(device, &export->devices, list) {
		if (device->mapped)
			one(device->dev, &device->table, way);
	}
	mutex_unlock(&export->lock);
	return 0;
}

static int begin_cpu_access(struct dma_buf *buf, enum dma_data_direction way)
{
	return sync(buf, way, dma_sync_sgtable_for_cpu);
}

static int end_cpu_access(struct dma_buf *buf, enum dma_data_direction way)
{
	return sync(buf, way, dma_sync_sgtable_for_device);
}

/* The mapping's file is the dma-buf's, which holds the block. */
static int map_to_user(struct dma_buf *buf, struct vm_area_struct *vma)
{
	struct export *export = buf->priv;

	return mapping_to_user(export->block, vma);
}

static int map_to_kernel(struct dma_buf *buf, struct iosys_map *where)
{
	struct export *export = buf->priv;

	iosys_map_set_vaddr(where, export->block->vaddr);
	return 0;
}

static void release(struct dma_buf *buf)
{
	struct export *export = buf->priv;

	export->release(export->block);
	kfree(export);
}

#define OPS_READONLY				\
	.attach = attach,			\
	.detach = detach,			\
	.map_dma_buf = map,			\
	.unmap_dma_buf = unmap,			\
	.begin_cpu_access = begin_cpu_access,	\
	.end_cpu_access = end_cpu_access,	\
	.mmap = map_to_user,			\
	.release = release

/* An importer in the kernel could not know that it must not write. */
static const struct dma_buf_ops ops_readonly = { OPS_READONLY };
static const struct dma_buf_ops ops = { OPS_READONLY, .vmap = map_to_kernel };

/**
 * dmabuf_export() - make a dma-buf of a block
 * @block: the block, with one more user
 * @flags: as contigmem_export_dmabuf() has checked
 * @release: called once for the user, even if this fails
 *
 * Context: Process context. Sleeps.
 * Return: a file descriptor, or what contigmem_export_dmabuf() says.
 */
int dmabuf_export(struct block *block, int flags, void (*release)(struct block *block))
{
	struct export *export = kzalloc(sizeof(*export), GFP_KERNEL);
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *buf;
	int fd;

	if (!export) {
		release(block);
		return -ENOMEM;
	}
	export->block = block;
	export->release = release;
	mutex_init(&export->lock);
	INIT_LIST_HEAD(&export->devices);

	info.exp_name = "contigmem";
	info.ops = block->flags & CONTIGMEM_READONLY ? &ops_readonly : &ops;
	info.size = block->frames.nr << PAGE_SHIFT;
	info.flags = flags & O_ACCMODE;
	info.priv = export;
	buf = dma_buf_export(&info);
	if (IS_ERR(buf)) {
		kfree(export);
		release(block);
		return PTR_ERR(buf);
	}
	fd = dma_buf_fd(buf, flags);
	if (fd < 0)
		dma_buf_put(buf);
	return fd;
}

COMPAT_IMPORT_DMA_BUF;
