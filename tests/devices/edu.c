// SPDX-License-Identifier: GPL-2.0
/*
 * A driver of QEMU's "edu" device, written from QEMU's docs/specs/edu.rst: it copies between
 * memory and a buffer of its own, and has 28 address bits. The upper ones it ignores, so that
 * a wrong address is not refused but shows in the data.
 *
 * All is done at probe. suite.sh looks for "passed" in the log.
 */
#include <linux/bits.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "contigmem.h"

#define EDU_ADDRESS_BITS	28

/* Registers in BAR 0, and the address of the buffer as its DMA engine sees it. */
#define EDU_ID			0x00	/* 0xRRrr00ed, with the revision */
#define EDU_LIVENESS		0x04	/* reads as the complement of what was written */
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_BUFFER		0x40000

#define EDU_DMA_START		BIT(0)
#define EDU_DMA_TO_MEMORY	BIT(1)

/* QEMU 7.2 exits at a transfer that ends where the buffer of 4 KiB does. */
#define EDU_MOST_BYTES		SZ_2K

/* A block: the first half is read by the device, the second one written. */
#define HALF			SZ_4K
#define OBJECT			256

static bool iommu;
module_param(iommu, bool, 0444);
MODULE_PARM_DESC(iommu, "an IOMMU is in front of the device");

/**
 * struct edu - the device
 * @dev: it
 * @registers: BAR 0
 * @seed: of the data, another one for each fill
 * @bytes: moved by the device and found right
 */
struct edu {
	struct device *dev;
	void __iomem *registers;
	u32 seed;
	size_t bytes;
};

static void edu_fill(struct edu *edu, u8 *to, size_t bytes)
{
	u32 state = ++edu->seed * 0x9e3779b9u;
	size_t i;

	for (i = 0; i < bytes; i++) {
		state = state * 1664525u + 1013904223u;
		WRITE_ONCE(to[i], state >> 24);
	}
	/* Out of the CPU's buffers, if the memory is write-combined. */
	wmb();
}

static int edu_transfer(struct edu *edu, dma_addr_t address, size_t bytes, bool to_memory)
{
	u32 busy;

	writeq(to_memory ? EDU_BUFFER : address, edu->registers + EDU_DMA_SOURCE);
	writeq(to_memory ? address : EDU_BUFFER, edu->registers + EDU_DMA_DESTINATION);
	writeq(bytes, edu->registers + EDU_DMA_COUNT);
	writeq(EDU_DMA_START | (to_memory ? EDU_DMA_TO_MEMORY : 0),
	       edu->registers + EDU_DMA_COMMAND);
	return readl_poll_timeout(edu->registers + EDU_DMA_COMMAND, busy, !(busy & EDU_DMA_START),
				  10 * USEC_PER_MSEC, 60 * USEC_PER_SEC);
}

/* Copy with the device, in parts that it takes at a time. */
static int edu_copy(struct edu *edu, dma_addr_t to, dma_addr_t from, size_t bytes)
{
	size_t at, part;
	int error = 0;

	for (at = 0; at < bytes && !error; at += part) {
		part = min_t(size_t, bytes - at, EDU_MOST_BYTES);
		error = edu_transfer(edu, from + at, part, false);
		if (!error)
			error = edu_transfer(edu, to + at, part, true);
	}
	return error;
}

/* Copy @bytes at @vaddr behind them, by their addresses for the device, and compare. */
static int edu_check(struct edu *edu, const char *what, u8 *vaddr, dma_addr_t dma, size_t bytes)
{
	int error;

	edu_fill(edu, vaddr, bytes);
	edu_fill(edu, vaddr + bytes, bytes);
	error = edu_copy(edu, dma + bytes, dma, bytes);
	if (!error && memcmp(vaddr, vaddr + bytes, bytes)) {
		dev_err(edu->dev, "%s: the copy differs\n", what);
		error = -EIO;
	}
	if (!error)
		edu->bytes += bytes;
	return error;
}

static int edu_check_block(struct edu *edu, void *vaddr)
{
	dma_addr_t dma = contigmem_dma_map(edu->dev, vaddr);
	int error;

	if (dma == DMA_MAPPING_ERROR || dma + 2 * HALF - 1 > DMA_BIT_MASK(EDU_ADDRESS_BITS)) {
		dev_err(edu->dev, "the device cannot reach %pad\n", &dma);
		return -EIO;
	}
	error = edu_check(edu, "block", vaddr, dma, HALF);
	contigmem_dma_unmap(edu->dev, vaddr, dma);
	return error;
}

/* Pools have physical addresses alone: behind an IOMMU each object is mapped as it is used. */
static int edu_check_object(struct edu *edu, struct contigmem_pool *pool)
{
	phys_addr_t phys;
	void *object = contigmem_pool_alloc(pool, GFP_KERNEL, &phys);
	dma_addr_t dma = phys;
	int error = -EIO;

	if (IS_ERR(object))
		return PTR_ERR(object);
	if (iommu)
		dma = dma_map_single(edu->dev, object, 2 * OBJECT, DMA_BIDIRECTIONAL);
	if (!iommu || !dma_mapping_error(edu->dev, dma))
		error = edu_check(edu, "object", object, dma, OBJECT);
	if (iommu && !dma_mapping_error(edu->dev, dma))
		dma_unmap_single(edu->dev, dma, 2 * OBJECT, DMA_BIDIRECTIONAL);
	contigmem_pool_free(pool, object);
	return error;
}

static int edu_check_request(struct edu *edu, const struct contigmem_request *req)
{
	void *vaddr = devm_contigmem_alloc(edu->dev, req, GFP_KERNEL);

	return IS_ERR(vaddr) ? PTR_ERR(vaddr) : edu_check_block(edu, vaddr);
}

/* Blocks and the pool go when the driver is unbound. */
static int edu_check_cache(struct edu *edu, enum contigmem_cache cache)
{
	struct contigmem_request req = contigmem_request_for(edu->dev, 2 * HALF);
	struct contigmem_pool *pool;
	int error, i;

	req.cache = cache;
	error = edu_check_request(edu, &req);
	if (error)
		return error;
	if (iommu) {
		/* The device reaches all of memory. */
		req.low = BIT_ULL(EDU_ADDRESS_BITS);
		req.high = (phys_addr_t)-1;
		error = edu_check_request(edu, &req);
		if (error)
			return error;
	}
	pool = devm_contigmem_pool_create(edu->dev, &req, 2 * OBJECT, OBJECT, SZ_4K);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	for (i = 0; i < 2 && !error; i++)
		error = edu_check_object(edu, pool);
	return error;
}

/* A block at exactly @low plus a multiple of what the device can address; an ERR_PTR() if none. */
static void *edu_alloc_above(phys_addr_t low, size_t bytes)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(bytes);
	void *vaddr = ERR_PTR(-ENOSPC);
	int i;

	for (i = 1; i < 64 && IS_ERR(vaddr); i++) {
		req.low = low + i * BIT_ULL(EDU_ADDRESS_BITS);
		req.high = req.low + bytes - 1;
		vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
	}
	return vaddr;
}

/*
 * The test can fail: from a block above the device's limit it reads what lies where the limit
 * cuts the address, here another block. To write there would be the same.
 */
static int edu_check_limit(struct edu *edu)
{
	struct contigmem_request req = contigmem_request_for(edu->dev, 2 * HALF);
	u8 *below = devm_contigmem_alloc(edu->dev, &req, GFP_KERNEL), *above;
	int error;

	if (IS_ERR(below))
		return PTR_ERR(below);
	above = edu_alloc_above(contigmem_phys(below), HALF);
	if (IS_ERR(above))
		return PTR_ERR(above);
	edu_fill(edu, below, HALF);
	edu_fill(edu, above, HALF);
	error = edu_copy(edu, contigmem_phys(below) + HALF, contigmem_phys(above), HALF);
	if (!error && (!memcmp(below + HALF, above, HALF) || memcmp(below + HALF, below, HALF))) {
		dev_err(edu->dev, "a block above the limit was read\n");
		error = -EIO;
	}
	if (contigmem_dma_map(edu->dev, above) != DMA_MAPPING_ERROR) {
		dev_err(edu->dev, "a block above the limit was mapped\n");
		error = -EIO;
	}
	contigmem_free(above);
	return error;
}

/*
 * The test can fail: behind an IOMMU the physical address of a block is nothing that the device
 * can read or write. Nothing is mapped for the device yet.
 */
static int edu_check_raw(struct edu *edu)
{
	struct contigmem_request req = contigmem_request_for(edu->dev, 2 * HALF);
	u8 *block = devm_contigmem_alloc(edu->dev, &req, GFP_KERNEL);
	phys_addr_t phys;
	dma_addr_t dma;
	int error;

	if (IS_ERR(block))
		return PTR_ERR(block);
	phys = contigmem_phys(block);
	edu_fill(edu, block, EDU_MOST_BYTES);
	memset(block + HALF, 0, HALF);
	error = edu_copy(edu, phys + HALF, phys, EDU_MOST_BYTES);
	if (!error && memchr_inv(block + HALF, 0, HALF)) {
		dev_err(edu->dev, "a block was written at its physical address\n");
		error = -EIO;
	}
	if (error)
		return error;
	/* What has it read? */
	dma = contigmem_dma_map(edu->dev, block);
	if (dma == DMA_MAPPING_ERROR)
		return -EIO;
	error = edu_transfer(edu, dma + HALF, EDU_MOST_BYTES, true);
	if (!error && !memcmp(block, block + HALF, EDU_MOST_BYTES)) {
		dev_err(edu->dev, "a block was read at its physical address\n");
		error = -EIO;
	}
	contigmem_dma_unmap(edu->dev, block, dma);
	return error;
}

static int edu_check_all(struct edu *edu)
{
	enum contigmem_cache cache;
	int error;

	error = iommu ? edu_check_raw(edu) : edu_check_limit(edu);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES && !error; cache++) {
		error = edu_check_cache(edu, cache);
		if (error)
			dev_err(edu->dev, "%s: %pe\n", contigmem_cache_name(cache),
				ERR_PTR(error));
	}
	return error;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu edu = { .dev = &pdev->dev, .seed = get_random_u32() };
	int error;

	error = pcim_enable_device(pdev);
	if (error)
		return error;
	edu.registers = devm_ioremap_resource(&pdev->dev, &pdev->resource[0]);
	if (IS_ERR(edu.registers))
		return PTR_ERR(edu.registers);
	writel(edu.seed, edu.registers + EDU_LIVENESS);
	if ((readl(edu.registers + EDU_ID) & 0xff) != 0xed ||
	    readl(edu.registers + EDU_LIVENESS) != ~edu.seed)
		return -ENODEV;
	error = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(EDU_ADDRESS_BITS));
	if (error)
		return error;
	pci_set_master(pdev);
	error = edu_check_all(&edu);
	pci_clear_master(pdev);
	if (error)
		dev_err(&pdev->dev, "failed: %pe\n", ERR_PTR(error));
	else
		dev_info(&pdev->dev, "passed: %zu bytes\n", edu.bytes);
	return error;
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "contigmem_edu",
	.id_table = edu_ids,
	.probe = edu_probe,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("Driver of QEMU's edu device, with its memory from contigmem");
MODULE_LICENSE("GPL");
