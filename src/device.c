// SPDX-License-Identifier: GPL-2.0
/*
 * What a struct device says of the memory that it reaches, and a block's address on its bus.
 */
#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/swiotlb.h>

#include "../contigmem.h"
#include "compat.h"

/* The last byte of memory that a device reaches, by its mask for coherent memory. */
static phys_addr_t device_last_byte(struct device *dev)
{
	u64 limit = min_not_zero(dev->coherent_dma_mask, dev->bus_dma_limit), last = 0, end;
	const struct bus_dma_region *region = dev->dma_range_map;

	if (!region)
		return limit;
	/* Its bus sees parts of memory at other addresses. */
	for (; region->size; region++) {
		if (region->dma_start > limit)
			continue;
		end = min(limit - region->dma_start, region->size - 1);
		last = max(last, region->cpu_start + end);
	}
	return last;
}

/**
 * contigmem_request_for() - what dma_alloc_coherent() would look for
 * @dev: the device, its DMA masks set
 * @bytes: size of the block
 *
 * The request has the device's node; as @high the last byte that the device and its bus
 * reach by the mask for coherent memory; the boundary that none of its segments crosses,
 * unless the block is larger; natural alignment, up to the largest block of the page
 * allocator; and CONTIGMEM_ZERO, since drivers have come to rely on cleared memory. It is
 * for memory without an IOMMU in front: behind one the device does not use physical
 * addresses, so pass the block to contigmem_dma_map(). A device without a mask reaches
 * nothing: its request is refused.
 *
 * Context: Any.
 * Return: The request, to be changed further or passed to contigmem_alloc().
 */
struct contigmem_request contigmem_request_for(struct device *dev, size_t bytes)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(bytes);
	u64 boundary = (u64)dma_get_seg_boundary(dev) + 1;

	req.high = device_last_byte(dev);
	req.nid = dev_to_node(dev);
	req.flags = CONTIGMEM_ZERO;
	if (bytes)
		req.align = roundup_pow_of_two(min(max(bytes, PAGE_SIZE),
						   PAGE_SIZE << MAX_PAGE_ORDER));
	/* All ones mean that there is no boundary. */
	if (is_power_of_2(boundary) && boundary >= PAGE_SIZE && bytes <= boundary)
		req.boundary = boundary;
	return req;
}
EXPORT_SYMBOL_GPL(contigmem_request_for);

/* Do addresses on the device's bus go through page tables of an IOMMU? */
static bool device_is_translated(struct device *dev)
{
#ifdef CONFIG_IOMMU_API
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type & __IOMMU_DOMAIN_PAGING;
#else
	return false;
#endif
}

/* Else the DMA API would have the device use a copy of the block, in swiotlb. */
static bool device_reaches(struct device *dev, const struct contigmem_info *info)
{
	u64 limit = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
	dma_addr_t dma;

	if (device_is_translated(dev))
		return true;
	if (is_swiotlb_force_bounce(dev))
		return false;
	dma = phys_to_dma(dev, info->phys);
	return dma != DMA_MAPPING_ERROR && dma <= limit && limit - dma >= info->size - 1;
}

/* The owner of cached memory says when the caches are written back; other memory is in none. */
static unsigned long device_dma_attributes(const struct contigmem_info *info)
{
	return info->cache == CONTIGMEM_CACHED ? 0 : DMA_ATTR_SKIP_CPU_SYNC;
}

/**
 * contigmem_dma_map() - the address at which a device finds a block
 * @dev: the device
 * @vaddr: first byte of a block, as contigmem_alloc() returned it
 *
 * Right behind an IOMMU as well. The device uses the block itself, never a copy of it: where
 * it does not reach the block, or every transfer of the machine is copied, the call fails.
 * Where devices are not coherent, a cached block is synchronized as any streaming mapping.
 *
 * Context: Any but NMI.
 * Return: The DMA address of the first byte of the block, which is contiguous on the bus
 *	until contigmem_dma_unmap(); or DMA_MAPPING_ERROR, if @vaddr is no block, or the
 *	device does not reach it, or its IOMMU has no room.
 */
dma_addr_t contigmem_dma_map(struct device *dev, const void *vaddr)
{
	struct contigmem_info info;
	dma_addr_t dma;

	if (contigmem_describe(vaddr, &info) || info.vaddr != vaddr || !device_reaches(dev, &info))
		return DMA_MAPPING_ERROR;
	dma = dma_map_page_attrs(dev, pfn_to_page(PHYS_PFN(info.phys)), 0, info.size,
				 DMA_BIDIRECTIONAL, device_dma_attributes(&info));
	return dma_mapping_error(dev, dma) ? DMA_MAPPING_ERROR : dma;
}
EXPORT_SYMBOL_GPL(contigmem_dma_map);

/**
 * contigmem_dma_unmap() - end what contigmem_dma_map() began
 * @dev: the same device
 * @vaddr: the same block, which is not freed yet
 * @dma: what contigmem_dma_map() returned
 *
 * Context: Any but NMI.
 */
void contigmem_dma_unmap(struct device *dev, const void *vaddr, dma_addr_t dma)
{
	struct contigmem_info info;

	if (WARN(contigmem_describe(vaddr, &info) || info.vaddr != vaddr,
		 "contigmem: unmapped for a device: no block\n"))
		return;
	dma_unmap_page_attrs(dev, dma, info.size, DMA_BIDIRECTIONAL, device_dma_attributes(&info));
}
EXPORT_SYMBOL_GPL(contigmem_dma_unmap);
