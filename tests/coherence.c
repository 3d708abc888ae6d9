// SPDX-License-Identifier: GPL-2.0
/*
 * For the owner of a board: does memory of each cache type agree between the processor and a
 * device that does not snoop? A channel of a DMA engine is the device. docs/arm64.md says how to
 * run this and what to expect. An emulator has no caches, so there each count is 0.
 */
#define pr_fmt(fmt) "contigmem-coherence: " fmt

#include <linux/dmaengine.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pageblock-flags.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "contigmem.h"

static unsigned int rounds = 1000;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how often each test copies");

static struct dma_chan *channel;

/**
 * struct buffer - a block that the device sees
 * @words: its address
 * @bytes: its size
 * @dma: its address for the device, which is behind no IOMMU
 */
struct buffer {
	u32 *words;
	size_t bytes;
	dma_addr_t dma;
};

static struct device *device(void)
{
	return channel->device->dev;
}

/* A whole pageblock, so that it takes and leaves its frames alone; anywhere, or at an address. */
static int get(struct buffer *buffer, enum contigmem_cache cache, phys_addr_t phys)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(pageblock_nr_pages * PAGE_SIZE);

	req.cache = cache;
	req.align = req.size;
	req.high = phys ? phys + req.size - 1 : dma_get_mask(device());
	req.low = phys;
	buffer->bytes = req.size;
	buffer->words = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
	if (IS_ERR(buffer->words))
		return PTR_ERR(buffer->words);
	/* Not contigmem_dma_map(): to map and unmap cached memory maintains caches as well. */
	buffer->dma = phys_to_dma(device(), contigmem_phys(buffer->words));
	return 0;
}

static void put(struct buffer *buffer)
{
	contigmem_free(buffer->words);
}

static u32 pattern(u32 seed, size_t word)
{
	return (seed + 1) * 2654435761U + word;
}

static void fill(struct buffer *buffer, u32 seed)
{
	size_t word;

	for (word = 0; word < buffer->bytes / sizeof(u32); word++)
		WRITE_ONCE(buffer->words[word], pattern(seed, word));
	/* The device sees all of it. */
	dma_wmb();
}

static size_t count_wrong(const u32 *words, size_t bytes, u32 seed)
{
	size_t word, wrong = 0;

	dma_rmb();
	for (word = 0; word < bytes / sizeof(u32); word++)
		wrong += READ_ONCE(words[word]) != pattern(seed, word);
	return wrong;
}

/* Have the device copy one buffer to another. The DMA API is told nothing. */
static int copy(const struct buffer *to, const struct buffer *from)
{
	struct dma_async_tx_descriptor *transfer;
	dma_cookie_t cookie;

	transfer = dmaengine_prep_dma_memcpy(channel, to->dma, from->dma, to->bytes,
					     DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!transfer)
		return -EIO;
	cookie = dmaengine_submit(transfer);
	if (dma_submit_error(cookie))
		return -EIO;
	return dma_sync_wait(channel, cookie) == DMA_COMPLETE ? 0 : -EIO;
}

/*
 * The processor writes, the device copies, the processor reads; before the copy it has read what
 * is written over, so that a cache has it.
 */
static int copies(enum contigmem_cache cache, u64 *wrong)
{
	struct buffer from, to;
	unsigned int round;
	int error;

	error = get(&from, cache, 0);
	if (error)
		return error;
	error = get(&to, cache, 0);
	if (error)
		goto put_from;
	for (round = 0; round < rounds && !error && !fatal_signal_pending(current); round++) {
		fill(&from, round);
		count_wrong(to.words, to.bytes, round);
		error = copy(&to, &from);
		*wrong += count_wrong(to.words, to.bytes, round);
		cond_resched();
	}
	put(&to);
put_from:
	put(&from);
	return error;
}

/*
 * What the processor wrote to cached memory is in memory when the frames become uncached: the
 * device reads it. Without the clean it would read what was there before.
 */
static int becomes_uncached(u32 seed, u64 *wrong, u64 *tried)
{
	struct buffer cached, block, to;
	phys_addr_t phys;
	int error;

	error = get(&cached, CONTIGMEM_CACHED, 0);
	if (error)
		return error;
	phys = contigmem_phys(cached.words);
	fill(&cached, seed);
	put(&cached);
	/* Another task may have a page there now: the next round tries again. */
	if (get(&block, CONTIGMEM_UNCACHED, phys))
		return 0;
	error = get(&to, CONTIGMEM_UNCACHED, 0);
	if (!error) {
		error = copy(&to, &block);
		*wrong += count_wrong(to.words, to.bytes, seed);
		*wrong += count_wrong(block.words, block.bytes, seed);
		*tried += 1;
		put(&to);
	}
	put(&block);
	return error;
}

/*
 * What the device wrote to uncached memory is what the next owner reads, cached, although the
 * processor has fetched lines through the linear map before, as speculation may. Without the
 * invalidation these would hide it.
 */
static int becomes_cached(u32 seed, u64 *wrong, u64 *tried)
{
	struct buffer from, block, cached;
	phys_addr_t phys;
	int error;

	error = get(&from, CONTIGMEM_UNCACHED, 0);
	if (error)
		return error;
	error = get(&block, CONTIGMEM_UNCACHED, 0);
	if (error)
		goto put_from;
	phys = contigmem_phys(block.words);
	fill(&from, seed);
	count_wrong(phys_to_virt(phys), block.bytes, seed);
	error = copy(&block, &from);
	put(&block);
	if (!error && !get(&cached, CONTIGMEM_CACHED, phys)) {
		*wrong += count_wrong(cached.words, cached.bytes, seed);
		*tried += 1;
		put(&cached);
	}
put_from:
	put(&from);
	return error;
}

static int changes(int (*one)(u32 seed, u64 *wrong, u64 *tried), const char *what)
{
	u64 wrong = 0, tried = 0;
	unsigned int round;
	int error = 0;

	if (want_init_on_alloc(0) || want_init_on_free()) {
		pr_info("%s: not tried: boot with init_on_alloc=0 init_on_free=0\n", what);
		return 0;
	}
	for (round = 0; round < rounds && !error && !fatal_signal_pending(current); round++) {
		error = one(round, &wrong, &tried);
		cond_resched();
	}
	pr_info("%s: %llu rounds, %llu words wrong\n", what, tried, wrong);
	return error;
}

static int run(void)
{
	static const struct {
		enum contigmem_cache cache;
		const char *name;
	} types[] = {
		{ CONTIGMEM_CACHED, "control: cached, without the DMA API's calls" },
		{ CONTIGMEM_UNCACHED, "uncached" },
		{ CONTIGMEM_WRITECOMBINE, "write-combined" },
	};
	unsigned int i;
	int error = 0;

	for (i = 0; i < ARRAY_SIZE(types) && !error; i++) {
		u64 wrong = 0;

		error = copies(types[i].cache, &wrong);
		if (!error)
			pr_info("%s: %u rounds, %llu words wrong\n", types[i].name, rounds, wrong);
	}
	if (!error)
		error = changes(becomes_uncached, "cached memory that becomes uncached");
	if (!error)
		error = changes(becomes_cached, "uncached memory that becomes cached");
	return error;
}

static int __init coherence_init(void)
{
	dma_cap_mask_t mask;
	int error;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	channel = dma_request_chan_by_mask(&mask);
	if (IS_ERR(channel)) {
		pr_err("no DMA engine that copies memory\n");
		return PTR_ERR(channel);
	}
	pr_info("%s copies\n", dma_chan_name(channel));
	error = run();
	dma_release_channel(channel);
	if (error)
		pr_err("error %d\n", error);
	return error;
}
module_init(coherence_init);

static void __exit coherence_exit(void)
{
}
module_exit(coherence_exit);

MODULE_DESCRIPTION("Does memory agree between the processor and a device?");
MODULE_LICENSE("GPL");
