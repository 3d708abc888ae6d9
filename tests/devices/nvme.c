// SPDX-License-Identifier: GPL-2.0
/*
 * A driver of QEMU's NVMe controller, written from the NVM Express base specification: the
 * queues are blocks, data and lists of pages are objects of pools. It writes to the disk what it
 * reads back.
 *
 * All is done at probe, for each cache type, without interrupts. suite.sh looks for "passed" in
 * the log.
 */
#include <linux/bits.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "contigmem.h"

#define NVME_CAP		0x00
#define NVME_INTERRUPT_MASK	0x0c
#define NVME_CC			0x14
#define NVME_CSTS		0x1c
#define NVME_AQA		0x24
#define NVME_ASQ		0x28
#define NVME_ACQ		0x30
#define NVME_DOORBELLS		0x1000

#define NVME_CAP_MQES(cap)	((u32)((cap) & 0xffff))
#define NVME_CAP_TO_US(cap)	((((cap) >> 24) & 0xff) * 500 * USEC_PER_MSEC)
#define NVME_CAP_DSTRD(cap)	((u32)((cap) >> 32) & 0xf)
/* 64 bytes are an entry of a submission queue, 16 one of a completion queue; pages of 4 KiB. */
#define NVME_CC_ENABLE		(BIT(0) | 6 << 16 | 4 << 20)
#define NVME_CSTS_READY		BIT(0)
#define NVME_CSTS_FATAL		BIT(1)

#define NVME_DELETE_SQ		0x00
#define NVME_CREATE_SQ		0x01
#define NVME_DELETE_CQ		0x04
#define NVME_CREATE_CQ		0x05
#define NVME_IDENTIFY		0x06
#define NVME_WRITE		0x01
#define NVME_READ		0x02

#define NVME_CONTIGUOUS		BIT(0)

/* Of a command PAGES pages are the data: the first by itself, the others by a list. */
#define PAGE_BYTES		SZ_4K
#define PAGES			32
#define SECTOR_BYTES		SZ_512
#define LIST_BYTES		256
#define COMMANDS		4
#define ADMIN_ENTRIES		32
/* 64 KiB of a submission queue, all of which the controller has to find. */
#define IO_ENTRIES		1024

struct nvme_command {
	__le32 opcode_and_id;
	__le32 nsid;
	__le64 reserved[2];
	__le64 prp1;
	__le64 prp2;
	__le32 dword[6];	/* 10 to 15 */
};

struct nvme_completion {
	__le32 result;
	__le32 reserved;
	__le32 sq;
	__le32 id_and_status;
};

/**
 * struct nvme_queue - a submission queue and its completion queue
 * @sq: block of the one
 * @cq: block of the other
 * @nr: entries of each
 * @tail: next entry of @sq to fill
 * @head: next entry of @cq to be seen
 * @phase: what the controller sets in a new entry of @cq
 * @sq_doorbell: register
 * @cq_doorbell: register
 */
struct nvme_queue {
	struct nvme_command *sq;
	struct nvme_completion *cq;
	u32 nr;
	u32 tail;
	u32 head;
	u32 phase;
	void __iomem *sq_doorbell;
	void __iomem *cq_doorbell;
};

/**
 * struct nvme_buffer - the data of one command
 * @page: objects of a pool
 * @phys: their addresses
 * @list: object of another pool: the addresses of all pages but the first
 * @list_phys: its address
 */
struct nvme_buffer {
	u8 *page[PAGES];
	phys_addr_t phys[PAGES];
	__le64 *list;
	phys_addr_t list_phys;
};

/**
 * struct nvme - the controller
 * @dev: it
 * @registers: BAR 0
 * @cap: what it can
 * @admin: queues 0
 * @io: queues 1
 * @pages: pool of data
 * @lists: pool of lists
 * @out: written
 * @in: read back
 * @block_shift: a block of the disk has 2^@block_shift bytes
 * @blocks: how many it has
 * @seed: of the data
 * @bytes: read back and found right
 */
struct nvme {
	struct device *dev;
	void __iomem *registers;
	u64 cap;
	struct nvme_queue admin;
	struct nvme_queue io;
	struct contigmem_pool *pages;
	struct contigmem_pool *lists;
	struct nvme_buffer out[COMMANDS];
	struct nvme_buffer in[COMMANDS];
	u32 block_shift;
	u64 blocks;
	u32 seed;
	size_t bytes;
};

static void *nvme_alloc(struct nvme *nvme, size_t bytes, enum contigmem_cache cache)
{
	struct contigmem_request req = contigmem_request_for(nvme->dev, bytes);

	req.cache = cache;
	return contigmem_alloc(&req, GFP_KERNEL);
}

static void nvme_queue_free(struct nvme_queue *queue)
{
	if (!IS_ERR_OR_NULL(queue->sq))
		contigmem_free(queue->sq);
	if (!IS_ERR_OR_NULL(queue->cq))
		contigmem_free(queue->cq);
	*queue = (struct nvme_queue){ };
}

static int nvme_queue_alloc(struct nvme *nvme, struct nvme_queue *queue, u32 id, u32 nr,
			    enum contigmem_cache cache)
{
	u32 stride = 4 << NVME_CAP_DSTRD(nvme->cap);

	*queue = (struct nvme_queue){
		.nr = nr,
		.phase = 1,
		.sq_doorbell = nvme->registers + NVME_DOORBELLS + 2 * id * stride,
		.cq_doorbell = nvme->registers + NVME_DOORBELLS + (2 * id + 1) * stride,
		.sq = nvme_alloc(nvme, nr * sizeof(*queue->sq), cache),
		.cq = nvme_alloc(nvme, nr * sizeof(*queue->cq), cache),
	};
	return PTR_ERR_OR_ZERO(queue->sq) ?: PTR_ERR_OR_ZERO(queue->cq);
}

/* Put a command into the queue; nvme_ring() shows it to the controller. */
static void nvme_queue_add(struct nvme_queue *queue, u8 opcode, struct nvme_command *command)
{
	command->opcode_and_id = cpu_to_le32(opcode | queue->tail << 16);
	memcpy(&queue->sq[queue->tail], command, sizeof(*command));
	queue->tail = (queue->tail + 1) % queue->nr;
}

static void nvme_ring(struct nvme_queue *queue)
{
	/* The commands, and data that they name, before the doorbell. */
	wmb();
	writel(queue->tail, queue->sq_doorbell);
}

/* Wait for @nr commands; -EIO if one of them has failed. */
static int nvme_wait(struct nvme *nvme, struct nvme_queue *queue, unsigned int nr)
{
	unsigned long end = jiffies + 60 * HZ;
	int error = 0;

	while (nr) {
		u32 word = le32_to_cpu(READ_ONCE(queue->cq[queue->head].id_and_status));

		if ((word >> 16 & 1) != queue->phase) {
			if (time_after(jiffies, end))
				return -ETIMEDOUT;
			usleep_range(100, 1000);
			continue;
		}
		if (word >> 17) {
			dev_err(nvme->dev, "command %u: status %#x\n", word & 0xffff, word >> 17);
			error = -EIO;
		}
		queue->head = (queue->head + 1) % queue->nr;
		if (!queue->head)
			queue->phase ^= 1;
		nr--;
	}
	/* The entries, before the data that they stand for. */
	rmb();
	writel(queue->head, queue->cq_doorbell);
	return error;
}

static int nvme_admin(struct nvme *nvme, u8 opcode, struct nvme_command *command)
{
	nvme_queue_add(&nvme->admin, opcode, command);
	nvme_ring(&nvme->admin);
	return nvme_wait(nvme, &nvme->admin, 1);
}

static int nvme_wait_ready(struct nvme *nvme, bool ready)
{
	u64 us = max_t(u64, NVME_CAP_TO_US(nvme->cap), 60 * USEC_PER_SEC);
	u32 status;
	int error;

	error = readl_poll_timeout(nvme->registers + NVME_CSTS, status,
				   status & NVME_CSTS_FATAL ||
				   !!(status & NVME_CSTS_READY) == ready, USEC_PER_MSEC, us);
	return error ?: ready && status & NVME_CSTS_FATAL ? -EIO : 0;
}

static int nvme_disable(struct nvme *nvme)
{
	writel(0, nvme->registers + NVME_CC);
	return nvme_wait_ready(nvme, false);
}

static int nvme_enable(struct nvme *nvme)
{
	u32 nr = nvme->admin.nr - 1;

	writel(~0u, nvme->registers + NVME_INTERRUPT_MASK);
	writel(nr << 16 | nr, nvme->registers + NVME_AQA);
	lo_hi_writeq(contigmem_phys(nvme->admin.sq), nvme->registers + NVME_ASQ);
	lo_hi_writeq(contigmem_phys(nvme->admin.cq), nvme->registers + NVME_ACQ);
	writel(NVME_CC_ENABLE, nvme->registers + NVME_CC);
	return nvme_wait_ready(nvme, true);
}

/* What disk is it? The answer goes to an object of the pool. */
static int nvme_identify(struct nvme *nvme)
{
	struct nvme_command command = { .nsid = cpu_to_le32(1) };
	phys_addr_t phys;
	u8 *answer = contigmem_pool_alloc(nvme->pages, GFP_KERNEL, &phys);
	u32 format;
	int error;

	if (IS_ERR(answer))
		return PTR_ERR(answer);
	command.prp1 = cpu_to_le64(phys);
	error = nvme_admin(nvme, NVME_IDENTIFY, &command);
	if (!error) {
		nvme->blocks = le64_to_cpup((__le64 *)answer);
		format = le32_to_cpup((__le32 *)(answer + 128 + 4 * (answer[26] & 0xf)));
		nvme->block_shift = format >> 16 & 0xff;
	}
	contigmem_pool_free(nvme->pages, answer);
	if (!error && (nvme->block_shift < 9 || nvme->block_shift > 12 ||
		       nvme->blocks << nvme->block_shift <
		       CONTIGMEM_NR_CACHES * COMMANDS * PAGES * PAGE_BYTES)) {
		dev_err(nvme->dev, "%llu blocks of 2^%u bytes\n", nvme->blocks, nvme->block_shift);
		error = -ENODEV;
	}
	return error;
}

static int nvme_create_queues(struct nvme *nvme)
{
	struct nvme_queue *io = &nvme->io;
	struct nvme_command cq = {
		.prp1 = cpu_to_le64(contigmem_phys(io->cq)),
		.dword = { cpu_to_le32((io->nr - 1) << 16 | 1), cpu_to_le32(NVME_CONTIGUOUS) },
	};
	struct nvme_command sq = {
		.prp1 = cpu_to_le64(contigmem_phys(io->sq)),
		.dword = {
			cpu_to_le32((io->nr - 1) << 16 | 1),
			cpu_to_le32(1 << 16 | NVME_CONTIGUOUS),
		},
	};

	return nvme_admin(nvme, NVME_CREATE_CQ, &cq) ?: nvme_admin(nvme, NVME_CREATE_SQ, &sq);
}

static int nvme_delete_queues(struct nvme *nvme)
{
	struct nvme_command sq = { .dword = { cpu_to_le32(1) } }, cq = sq;

	return nvme_admin(nvme, NVME_DELETE_SQ, &sq) ?: nvme_admin(nvme, NVME_DELETE_CQ, &cq);
}

static void nvme_buffer_free(struct nvme *nvme, struct nvme_buffer *buffer)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		contigmem_pool_free(nvme->pages, buffer->page[i]);
	contigmem_pool_free(nvme->lists, buffer->list);
	*buffer = (struct nvme_buffer){ };
}

static int nvme_buffer_alloc(struct nvme *nvme, struct nvme_buffer *buffer)
{
	unsigned int i;
	void *object;

	for (i = 0; i < PAGES; i++) {
		object = contigmem_pool_alloc(nvme->pages, GFP_KERNEL, &buffer->phys[i]);
		if (IS_ERR(object))
			return PTR_ERR(object);
		buffer->page[i] = object;
	}
	object = contigmem_pool_alloc(nvme->lists, GFP_KERNEL, &buffer->list_phys);
	if (IS_ERR(object))
		return PTR_ERR(object);
	buffer->list = object;
	/* Neighbours in memory are none on the disk. */
	for (i = 0; i < PAGES / 2; i += 2) {
		swap(buffer->page[i], buffer->page[PAGES - 1 - i]);
		swap(buffer->phys[i], buffer->phys[PAGES - 1 - i]);
	}
	for (i = 1; i < PAGES; i++)
		buffer->list[i - 1] = cpu_to_le64(buffer->phys[i]);
	return 0;
}

static int nvme_buffers_alloc(struct nvme *nvme)
{
	unsigned int i;
	int error = 0;

	for (i = 0; i < COMMANDS && !error; i++)
		error = nvme_buffer_alloc(nvme, &nvme->out[i]) ?:
			nvme_buffer_alloc(nvme, &nvme->in[i]);
	return error;
}

static void nvme_buffers_free(struct nvme *nvme)
{
	unsigned int i;

	for (i = 0; i < COMMANDS; i++) {
		nvme_buffer_free(nvme, &nvme->out[i]);
		nvme_buffer_free(nvme, &nvme->in[i]);
	}
}

/* No two sectors have the same content. KASAN looks at each access, so most are of many bytes. */
static void nvme_fill(struct nvme *nvme, struct nvme_buffer *buffer)
{
	unsigned int i;
	size_t at;

	for (i = 0; i < PAGES; i++) {
		u8 *page = buffer->page[i];

		for (at = 0; at < SECTOR_BYTES; at += sizeof(u32))
			WRITE_ONCE(*(u32 *)(page + at), (nvme->seed + at) * 0x9e3779b9u);
		for (at = SECTOR_BYTES; at < PAGE_BYTES; at += SECTOR_BYTES)
			memcpy(page + at, page, SECTOR_BYTES);
		for (at = 0; at < PAGE_BYTES; at += SECTOR_BYTES)
			WRITE_ONCE(*(u32 *)(page + at), ++nvme->seed);
	}
}

/* All commands at once, each with blocks of the disk of its own; @slot is the first's. */
static int nvme_move(struct nvme *nvme, u8 opcode, struct nvme_buffer *buffers, unsigned int slot)
{
	u32 blocks = (PAGES * PAGE_BYTES) >> nvme->block_shift;
	unsigned int i;

	for (i = 0; i < COMMANDS; i++) {
		struct nvme_command command = {
			.nsid = cpu_to_le32(1),
			.prp1 = cpu_to_le64(buffers[i].phys[0]),
			.prp2 = cpu_to_le64(buffers[i].list_phys),
			.dword = { cpu_to_le32((slot + i) * blocks), 0, cpu_to_le32(blocks - 1) },
		};

		nvme_queue_add(&nvme->io, opcode, &command);
	}
	nvme_ring(&nvme->io);
	return nvme_wait(nvme, &nvme->io, COMMANDS);
}

/* How many pages differ from those that were written? */
static unsigned int nvme_compare(struct nvme *nvme)
{
	unsigned int i, page, wrong = 0;

	for (i = 0; i < COMMANDS; i++) {
		for (page = 0; page < PAGES; page++)
			wrong += !!memcmp(nvme->out[i].page[page], nvme->in[i].page[page],
					  PAGE_BYTES);
	}
	return wrong;
}

static int nvme_read_back(struct nvme *nvme, unsigned int slot, unsigned int wrong)
{
	unsigned int i, page, found;
	int error;

	for (i = 0; i < COMMANDS; i++) {
		for (page = 0; page < PAGES; page++)
			memset(nvme->in[i].page[page], 0x5a, PAGE_BYTES);
	}
	error = nvme_move(nvme, NVME_READ, nvme->in, slot);
	if (error)
		return error;
	found = nvme_compare(nvme);
	if (found == wrong)
		return 0;
	dev_err(nvme->dev, "%u of %u pages differ, %u should\n", found, COMMANDS * PAGES, wrong);
	return -EIO;
}

static int nvme_check_data(struct nvme *nvme, unsigned int slot)
{
	__le64 *list = nvme->in[0].list;
	unsigned int i;
	int error;

	for (i = 0; i < COMMANDS; i++)
		nvme_fill(nvme, &nvme->out[i]);
	error = nvme_move(nvme, NVME_WRITE, nvme->out, slot) ?: nvme_read_back(nvme, slot, 0);
	if (error)
		return error;
	nvme->bytes += COMMANDS * PAGES * PAGE_BYTES;
	/* The test can fail: two pages of a list the wrong way round. */
	swap(list[3], list[PAGES / 2]);
	return nvme_read_back(nvme, slot, 2);
}

/* The queues, the lists and the data are of this cache type. */
static int nvme_alloc_all(struct nvme *nvme, enum contigmem_cache cache)
{
	struct contigmem_request req = contigmem_request_for(nvme->dev, PAGE_BYTES);
	u32 nr = min(NVME_CAP_MQES(nvme->cap) + 1, (u32)IO_ENTRIES);

	req.cache = cache;
	nvme->pages = contigmem_pool_create("nvme pages", &req, PAGE_BYTES, PAGE_BYTES, 0);
	nvme->lists = contigmem_pool_create("nvme lists", &req, LIST_BYTES, LIST_BYTES, PAGE_BYTES);
	return PTR_ERR_OR_ZERO(nvme->pages) ?: PTR_ERR_OR_ZERO(nvme->lists) ?:
	       nvme_queue_alloc(nvme, &nvme->admin, 0, ADMIN_ENTRIES, cache) ?:
	       nvme_queue_alloc(nvme, &nvme->io, 1, nr, cache) ?: nvme_buffers_alloc(nvme);
}

static void nvme_free_all(struct nvme *nvme)
{
	if (!IS_ERR(nvme->pages) && !IS_ERR(nvme->lists)) {
		nvme_buffers_free(nvme);
		contigmem_pool_destroy(nvme->pages);
		contigmem_pool_destroy(nvme->lists);
	} else {
		contigmem_pool_destroy(IS_ERR(nvme->pages) ? NULL : nvme->pages);
		contigmem_pool_destroy(IS_ERR(nvme->lists) ? NULL : nvme->lists);
	}
	nvme->pages = NULL;
	nvme->lists = NULL;
	nvme_queue_free(&nvme->admin);
	nvme_queue_free(&nvme->io);
}

static int nvme_check_cache(struct nvme *nvme, enum contigmem_cache cache)
{
	int error, disabled;

	error = nvme_disable(nvme) ?: nvme_alloc_all(nvme, cache);
	if (!error)
		error = nvme_enable(nvme) ?: nvme_identify(nvme) ?: nvme_create_queues(nvme) ?:
			nvme_check_data(nvme, cache * COMMANDS) ?: nvme_delete_queues(nvme);
	disabled = nvme_disable(nvme);
	/* Else the controller may still write. */
	if (!disabled)
		nvme_free_all(nvme);
	return error ?: disabled;
}

static int nvme_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nvme *nvme = devm_kzalloc(&pdev->dev, sizeof(*nvme), GFP_KERNEL);
	enum contigmem_cache cache;
	int error;

	if (!nvme)
		return -ENOMEM;
	nvme->dev = &pdev->dev;
	nvme->seed = get_random_u32();
	error = pcim_enable_device(pdev);
	if (error)
		return error;
	nvme->registers = devm_ioremap_resource(&pdev->dev, &pdev->resource[0]);
	if (IS_ERR(nvme->registers))
		return PTR_ERR(nvme->registers);
	error = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (error)
		return error;
	pci_set_master(pdev);
	nvme->cap = lo_hi_readq(nvme->registers + NVME_CAP);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES && !error; cache++) {
		error = nvme_check_cache(nvme, cache);
		if (error)
			dev_err(&pdev->dev, "%s: %pe\n", contigmem_cache_name(cache),
				ERR_PTR(error));
	}
	pci_clear_master(pdev);
	if (!error)
		dev_info(&pdev->dev, "passed: %zu bytes\n", nvme->bytes);
	return error;
}

/* QEMU's alone, so that no disk of a real machine is written to. */
static const struct pci_device_id nvme_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT, 0x0010) },
	{}
};

static struct pci_driver nvme_driver = {
	.name = "contigmem_nvme",
	.id_table = nvme_ids,
	.probe = nvme_probe,
};
module_pci_driver(nvme_driver);

MODULE_DESCRIPTION("Driver of QEMU's NVMe controller, with its memory from contigmem");
MODULE_LICENSE("GPL");
