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
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "compat.h"
#include "dmabuf.h"
#include "map.h"

/**
 * struct ctgm_dmabuf - one dma-buf
 * @block: its block, which it uses; constant
 * @lock: protects @mappings
 * @mappings: the devices that see it now
 */
struct ctgm_dmabuf {
	struct ctgm_block *block;
	struct mutex lock;	/* taken by tasks */
	struct list_head mappings;
};

/**
 * struct ctgm_dmabuf_mapping - a device sees the block
 * @list: in the dma-buf's list; protected by the dma-buf's lock
 * @dev: the device; constant as the other members
 * @direction: in which it transfers data
 * @table: the block as the device sees it
 */
struct ctgm_dmabuf_mapping {
	struct list_head list;
	struct device *dev;
	enum dma_data_direction direction;
	struct sg_table table;
};

/* The largest segment that a device takes, in whole pages unless it takes less than one. */
static size_t dmabuf_segment_max(struct device *dev)
{
	unsigned int bytes = dma_get_max_seg_size(dev);

	return bytes < PAGE_SIZE ? bytes : bytes & PAGE_MASK;
}

/* How long is the segment at a byte of a block? */
static unsigned int dmabuf_segment(const struct ctgm_block *block, size_t at, size_t max,
				   unsigned long boundary_mask)
{
	unsigned long phys = PFN_PHYS(block->frames.first) + at;
	size_t left = (block->frames.nr << PAGE_SHIFT) - at;
	/* Bytes to the boundary, less one: the mask may be all ones. */
	unsigned long rest = ~phys & boundary_mask;

	return min(min(left, max) - 1, rest) + 1;
}

/* Describe a block in segments that a device takes: as few as can be. */
static int dmabuf_fill_table(struct sg_table *table, const struct ctgm_block *block,
			     unsigned long boundary_mask, size_t max)
{
	size_t size = block->frames.nr << PAGE_SHIFT, at;
	struct scatterlist *entry = NULL;
	unsigned int nr = 0;
	int error;

	for (at = 0; at < size; at += dmabuf_segment(block, at, max, boundary_mask))
		nr++;
	error = sg_alloc_table(table, nr, GFP_KERNEL);
	if (error)
		return error;
	for (at = 0; at < size; at += entry->length) {
		entry = entry ? sg_next(entry) : table->sgl;
		sg_set_page(entry, pfn_to_page(block->frames.first + (at >> PAGE_SHIFT)),
			    dmabuf_segment(block, at, max, boundary_mask), offset_in_page(at));
	}
	return 0;
}

static int dmabuf_map_segments(struct ctgm_dmabuf_mapping *mapping,
			       const struct ctgm_block *block, size_t max,
			       unsigned long attributes)
{
	int error = dmabuf_fill_table(&mapping->table, block, dma_get_seg_boundary(mapping->dev),
				      max);

	if (error)
		return error;
	error = dma_map_sgtable(mapping->dev, &mapping->table, mapping->direction, attributes);
	if (error)
		sg_free_table(&mapping->table);
	return error;
}

/*
 * A device that does not reach the block gets a copy of it from swiotlb, whose segments
 * are small. Only a try shows whether it needs the copy. The copy is synchronized for
 * blocks of every cache type.
 */
static int dmabuf_map_for_device(struct ctgm_dmabuf_mapping *mapping,
				 const struct ctgm_block *block)
{
	size_t max = dmabuf_segment_max(mapping->dev);
	size_t copied = dma_max_mapping_size(mapping->dev) & PAGE_MASK;
	bool retry = copied && copied < max;
	int error;

	error = dmabuf_map_segments(mapping, block, max, retry ? DMA_ATTR_NO_WARN : 0);
	if (error && retry)
		error = dmabuf_map_segments(mapping, block, copied, 0);
	return error;
}

static struct sg_table *dmabuf_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	struct ctgm_dmabuf_mapping *mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);
	struct ctgm_dmabuf *export = attachment->dmabuf->priv;
	int error;

	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->dev = attachment->dev;
	mapping->direction = direction;
	error = dmabuf_map_for_device(mapping, export->block);
	if (error) {
		kfree(mapping);
		return ERR_PTR(error);
	}
	mutex_lock(&export->lock);
	list_add(&mapping->list, &export->mappings);
	mutex_unlock(&export->lock);
	return &mapping->table;
}

static void dmabuf_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
			 enum dma_data_direction direction)
{
	struct ctgm_dmabuf_mapping *mapping = container_of(table, typeof(*mapping), table);
	struct ctgm_dmabuf *export = attachment->dmabuf->priv;

	mutex_lock(&export->lock);
	list_del(&mapping->list);
	mutex_unlock(&export->lock);
	dma_unmap_sgtable(mapping->dev, table, mapping->direction, 0);
	sg_free_table(table);
	kfree(mapping);
}

/*
 * What devices have written is brought in also for a task that only writes: it may write
 * a part of what is taken back afterwards.
 */
static int dmabuf_begin_cpu_access(struct dma_buf *buf, enum dma_data_direction direction)
{
	struct ctgm_dmabuf *export = buf->priv;
	struct ctgm_dmabuf_mapping *mapping;

	mutex_lock(&export->lock);
	list_for_each_entry(mapping, &export->mappings, list)
		dma_sync_sgtable_for_cpu(mapping->dev, &mapping->table, mapping->direction);
	mutex_unlock(&export->lock);
	return 0;
}

/* A task that only reads changes nothing of what a device may be writing meanwhile. */
static int dmabuf_end_cpu_access(struct dma_buf *buf, enum dma_data_direction direction)
{
	struct ctgm_dmabuf *export = buf->priv;
	struct ctgm_dmabuf_mapping *mapping;

	mutex_lock(&export->lock);
	list_for_each_entry(mapping, &export->mappings, list) {
		bool reads = direction == DMA_FROM_DEVICE &&
			     mapping->direction == DMA_BIDIRECTIONAL;

		dma_sync_sgtable_for_device(mapping->dev, &mapping->table,
					    reads ? DMA_FROM_DEVICE : mapping->direction);
	}
	mutex_unlock(&export->lock);
	return 0;
}

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
	INIT_LIST_HEAD(&export->mappings);

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
