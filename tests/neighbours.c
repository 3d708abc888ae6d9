// SPDX-License-Identifier: GPL-2.0
/*
 * Eyes and hands of neighbours.sh: a driver that asks contigmem for memory, others that
 * need memory as well, and a look at what belongs to neither. A line is written to
 * contigmem_neighbours/do in debugfs, and the answer read from the same open file.
 */
#include <linux/bitmap.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/platform_device.h>
#include <linux/prandom.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#include "contigmem.h"
#include "../src/compat.h"
#include "drain.h"

/* No other owner's content has this in many words. */
#define PATTERN		0x5ec0de5ec0de5ec0ULL

struct held {
	struct list_head list;
	void *vaddr;
	struct contigmem_info info;
};

/**
 * struct order - a line
 * @req: the request; its size is the least of those of a storm
 * @gfp: context
 * @max: greatest size of a storm's blocks
 * @count: blocks at most
 * @threads: of a storm
 * @pause: a storm's threads sleep up to so many microseconds between two blocks; so many
 *	microseconds are added to memory's way offline
 * @frame: number of a frame, counted from the first block's first
 * @phys: address
 * @watch: stop when a zone is below its watermark
 * @until: stop when a block contains @phys
 * @cma: the storm has a user of CMA
 */
struct order {
	struct contigmem_request req;
	gfp_t gfp;
	size_t max;
	unsigned long count;
	unsigned int threads;
	unsigned int pause;
	unsigned long frame;
	phys_addr_t phys;
	bool watch;
	bool until;
	bool cma;
};

static DEFINE_MUTEX(lock);	/* one line at a time; protects all below */
static LIST_HEAD(held);
static struct contigmem_partition *partition;
static struct page *referenced;
static char answer[512];
static struct platform_device *user_of_cma;
static unsigned long *free_before;	/* a bit for each pageblock */
static struct file *zeroes;
static unsigned long zeroes_read;	/* pages */
static const struct address_space_operations *aops_before;

/* Read as compat_pageblock_is_cma() does; since 6.17 isolation is a bit of its own. */
static const char *pageblock_type(unsigned long pfn)
{
	unsigned long bit = ((pfn & (PAGES_PER_SECTION - 1)) >> pageblock_order) *
			    NR_PAGEBLOCK_BITS;
	unsigned long word;

	word = READ_ONCE(__pfn_to_section(pfn)->usage->pageblock_flags[bit / BITS_PER_LONG]) >>
	       (bit % BITS_PER_LONG);
#ifdef PAGEBLOCK_ISO_MASK
	if (word & PAGEBLOCK_ISO_MASK)
		return "isolated";
#endif
	switch (word & 7) {
	case MIGRATE_UNMOVABLE:
		return "unmovable";
	case MIGRATE_MOVABLE:
		return "movable";
	case MIGRATE_RECLAIMABLE:
		return "reclaimable";
	case MIGRATE_HIGHATOMIC:
		return "highatomic";
#ifdef CONFIG_CMA
	case MIGRATE_CMA:
		return "cma";
#endif
#ifdef CONFIG_MEMORY_ISOLATION
	case MIGRATE_ISOLATE:
		return "isolated";
#endif
	}
	return "?";
}

/* A line for each pageblock that is online: address and type. */
static int pageblocks_show(struct seq_file *seq, void *unused)
{
	unsigned long pfn, end;
	int nid;

	for_each_online_node(nid) {
		end = node_end_pfn(nid);
		for (pfn = ALIGN(node_start_pfn(nid), pageblock_nr_pages); pfn < end;
		     pfn += pageblock_nr_pages) {
			struct page *page = pfn_to_online_page(pfn);

			/* Memory that was added may lie beyond another node's. */
			if (page && page_to_nid(page) == nid)
				seq_printf(seq, "%llu %s\n", (u64)PFN_PHYS(pfn),
					   pageblock_type(pfn));
		}
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pageblocks);

static int held_show(struct seq_file *seq, void *unused)
{
	struct held *block;

	mutex_lock(&lock);
	list_for_each_entry(block, &held, list)
		seq_printf(seq, "%llu %zu %s\n", (u64)block->info.phys, block->info.size,
			   contigmem_source_name(block->info.source));
	mutex_unlock(&lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(held);

/* The zones that a request may take from are this one and those below. */
static int top_zone(phys_addr_t high)
{
	int top = 0, nid, i;

	for_each_online_node(nid) {
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];

			if (i != ZONE_MOVABLE && populated_zone(zone) &&
			    PFN_PHYS(zone->zone_start_pfn) <= high)
				top = max(top, i);
		}
	}
	return top;
}

/*
 * Pages that a zone lacks of what the page allocator keeps from such a request. CMA's free
 * pages are no use to a request for unmovable ones. Other tasks check for one page and take
 * a batch for their processor's list: two of those for each, and 64 pages that others took
 * since the block, as slabs, do not count.
 */
static long zone_lacks(struct zone *zone, int top)
{
	long kept = READ_ONCE(zone->_watermark[WMARK_MIN]) + zone->lowmem_reserve[top];
	long has = (long)zone_page_state_snapshot(zone, NR_FREE_PAGES) -
		   (long)zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES) +
		   2L * num_online_cpus() * READ_ONCE(zone->pageset_batch) + 64;

	return kept - has;
}

/* The zone of a block lacks most; text is empty if it lacks nothing. */
static long block_zone_lacks(const struct contigmem_info *info, int top, char *text, size_t size)
{
	struct zone *zone = page_zone(pfn_to_page(PHYS_PFN(info->phys)));
	long lacks;

	/* These take nothing from the page allocator. */
	if (info->source != CONTIGMEM_SOURCE_BUDDY && info->source != CONTIGMEM_SOURCE_RANGE)
		return 0;
	lacks = zone_lacks(zone, top);
	if (lacks > 0)
		scnprintf(text, size, " zone=%s node=%d free=%lu cma=%lu min=%lu reserve=%ld",
			  zone->name, zone_to_nid(zone),
			  zone_page_state_snapshot(zone, NR_FREE_PAGES),
			  zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES),
			  zone->_watermark[WMARK_MIN], zone->lowmem_reserve[top]);
	return lacks;
}

static bool contains(const struct contigmem_info *info, phys_addr_t phys)
{
	return phys >= info->phys && phys - info->phys < info->size;
}

static void free_list_of(struct list_head *pages, unsigned int order)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		__free_pages(page, order);
	}
}

/* Pages that the tasks of each processor have, and that they need afterwards. */
#define OTHERS_HAVE	4096
#define OTHERS_NEED	192

/**
 * struct others - other tasks that take single pages
 * @pages: those that they have
 * @nr: how many they ask for on each processor
 * @refused: how many they were refused
 */
struct others {
	struct list_head pages;
	unsigned long nr;
	unsigned long refused;
};

/* As a fork does: pages of the kernel, of programs, and of slabs that reclaim can free. */
static long others_take(void *arg)
{
	static const gfp_t kinds[] = { GFP_KERNEL, GFP_HIGHUSER_MOVABLE,
				       GFP_KERNEL | __GFP_RECLAIMABLE };
	struct others *others = arg;
	struct page *page;
	unsigned long i;

	for (i = 0; i < others->nr; i++) {
		page = alloc_page(kinds[i % ARRAY_SIZE(kinds)] | __GFP_NORETRY | __GFP_NOWARN);
		if (page)
			list_add(&page->lru, &others->pages);
		else
			others->refused++;
	}
	return 0;
}

/* Pages that the tasks of any processor were refused. */
static unsigned long others_ask(struct others *others, unsigned long nr)
{
	int cpu;

	others->nr = nr;
	others->refused = 0;
	for_each_online_cpu(cpu)
		work_on_cpu(cpu, others_take, others);
	return others->refused;
}

/*
 * Asks for blocks until refused, and keeps them. Before and afterwards other tasks ask for pages:
 * the more of them a processor has taken in a row, the more it moves to its list at once, where
 * they are of no use to others.
 */
static void do_take(const struct order *order)
{
	struct contigmem_request req = order->req;
	int top = top_zone(req.high), error = 0;
	struct contigmem_verdict verdict = {};
	unsigned long taken = 0;
	char zone[120] = "";
	struct others others = { .pages = LIST_HEAD_INIT(others.pages) };
	bool others_live = order->watch && order->count == ULONG_MAX &&
			   !(order->gfp & __GFP_HIGH);
	char others_lack[32] = "";

	if (others_live)
		others_ask(&others, OTHERS_HAVE);
	req.partition = partition;
	req.verdict = &verdict;
	while (taken < order->count && !error) {
		struct held *block = kmalloc(sizeof(*block), GFP_KERNEL | __GFP_NORETRY);

		if (!block) {
			error = -ENOMEM;
			break;
		}
		block->vaddr = contigmem_alloc(&req, order->gfp | __GFP_NOWARN);
		if (IS_ERR(block->vaddr)) {
			error = PTR_ERR(block->vaddr);
			kfree(block);
			break;
		}
		contigmem_describe(block->vaddr, &block->info);
		list_add_tail(&block->list, &held);
		taken++;
		if (order->watch && block_zone_lacks(&block->info, top, zone, sizeof(zone)) > 0)
			break;
		if (order->until && contains(&block->info, order->phys))
			break;
		cond_resched();
	}
	if (others_live && error && others_ask(&others, OTHERS_NEED))
		scnprintf(others_lack, sizeof(others_lack), " others=%lu", others.refused);
	free_list_of(&others.pages, 0);
	scnprintf(answer, sizeof(answer), "taken=%lu error=%d reason=%d%s%s\n", taken, error,
		  verdict.reason, zone, others_lack);
}

static void drop(struct held *block)
{
	list_del(&block->list);
	contigmem_free(block->vaddr);
	kfree(block);
}

static void do_drop(const struct order *order)
{
	struct held *block, *next;
	unsigned long dropped = 0;

	list_for_each_entry_safe(block, next, &held, list) {
		if (dropped == order->count)
			break;
		drop(block);
		dropped++;
		cond_resched();
	}
	scnprintf(answer, sizeof(answer), "dropped=%lu\n", dropped);
}

/* Atomic requests, as from an interrupt: each is freed at once. */
static void do_tries(const struct order *order)
{
	unsigned long i, served = 0;
	void *vaddr;

	for (i = 0; i < order->count; i++) {
		vaddr = contigmem_alloc(&order->req, order->gfp | __GFP_NOWARN);
		if (IS_ERR(vaddr))
			continue;
		contigmem_free(vaddr);
		served++;
	}
	scnprintf(answer, sizeof(answer), "served=%lu of=%lu\n", served, order->count);
}

/* Frames of live blocks, whoever's, with another count than one of their own. */
static void do_counts(const struct order *order)
{
	unsigned long frames = 0, wrong = 0;
	struct contigmem_info info;
	const void *vaddr = NULL;
	char first[160] = "";

	for (; !contigmem_next(vaddr, &info); vaddr = info.vaddr + info.size) {
		unsigned long pfn = PHYS_PFN(info.phys), end = pfn + PHYS_PFN(info.size);

		for (; pfn < end; pfn++) {
			struct page *page = pfn_to_page(pfn);

			frames++;
			if (page_ref_count(page) == 1 && !PageTail(page) && !PageHead(page))
				continue;
			if (!wrong++)
				scnprintf(first, sizeof(first),
					  " first: frame %lu of %zu bytes %s %s: count %d%s",
					  pfn - PHYS_PFN(info.phys), info.size,
					  contigmem_cache_name(info.cache),
					  contigmem_source_name(info.source),
					  page_ref_count(page),
					  PageCompound(page) ? " compound" : "");
		}
	}
	scnprintf(answer, sizeof(answer), "frames=%lu wrong=%lu%s\n", frames, wrong, first);
}

static void do_fill(const struct order *order)
{
	struct held *block;
	size_t i;

	list_for_each_entry(block, &held, list) {
		u64 *word = block->vaddr;

		for (i = 0; i < block->info.size / sizeof(*word); i++)
			WRITE_ONCE(word[i], PATTERN);
	}
	/* Writes to a write-combined block leave the processor here. */
	mb();
	scnprintf(answer, sizeof(answer), "ok\n");
}

/* Words of the blocks held that have the pattern. */
static void do_read(const struct order *order)
{
	unsigned long words = 0, pattern = 0;
	struct held *block;
	size_t i;

	list_for_each_entry(block, &held, list) {
		const u64 *word = block->vaddr;

		for (i = 0; i < block->info.size / sizeof(*word); i++)
			pattern += READ_ONCE(word[i]) == PATTERN;
		words += i;
		cond_resched();
	}
	scnprintf(answer, sizeof(answer), "words=%lu pattern=%lu\n", words, pattern);
}

static struct held *first_held(void)
{
	return list_first_entry_or_null(&held, struct held, list);
}

/* A reference on a frame of the first block, as a driver or get_user_pages() takes it. */
static void do_get(const struct order *order)
{
	struct held *block = first_held();
	struct page *page;

	if (!block || referenced || order->frame >= PHYS_PFN(block->info.size)) {
		scnprintf(answer, sizeof(answer), "error nothing to get\n");
		return;
	}
	page = pfn_to_page(PHYS_PFN(block->info.phys) + order->frame);
	if (!get_page_unless_zero(page)) {
		scnprintf(answer, sizeof(answer), "error count 0\n");
		return;
	}
	referenced = page;
	scnprintf(answer, sizeof(answer), "%llu\n", (u64)page_to_phys(page));
}

static void do_put(const struct order *order)
{
	if (referenced)
		put_page(referenced);
	referenced = NULL;
	scnprintf(answer, sizeof(answer), "ok\n");
}

static void do_state(const struct order *order)
{
	struct page *page = pfn_to_online_page(PHYS_PFN(order->phys));
	struct held *block;
	int inside = 0;

	if (!page) {
		scnprintf(answer, sizeof(answer), "error offline\n");
		return;
	}
	list_for_each_entry(block, &held, list)
		inside += contains(&block->info, order->phys);
	scnprintf(answer, sizeof(answer), "count=%d free=%d poisoned=%d held=%d\n",
		  page_ref_count(page), is_free_buddy_page(page), PageHWPoison(page), inside);
}

static bool pageblock_is_free(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	unsigned long i = 0;

	if (!page || strcmp(pageblock_type(pfn), "movable"))
		return false;
	while (i < pageblock_nr_pages && is_free_buddy_page(page + i))
		i++;
	return i == pageblock_nr_pages;
}

static unsigned long last_pageblock(void)
{
	unsigned long last = 0;
	int nid;

	for_each_online_node(nid)
		last = max(last, (node_end_pfn(nid) - 1) >> pageblock_order);
	return last;
}

/* Remembers which pageblocks are free as a whole. */
static void do_mark(const struct order *order)
{
	unsigned long i, end = last_pageblock() + 1, marked = 0;

	bitmap_free(free_before);
	free_before = bitmap_zalloc(end, GFP_KERNEL);
	if (!free_before) {
		scnprintf(answer, sizeof(answer), "error no memory\n");
		return;
	}
	for (i = 0; i < end; i++) {
		if (pageblock_is_free(i << pageblock_order)) {
			__set_bit(i, free_before);
			marked++;
		}
		cond_resched();
	}
	scnprintf(answer, sizeof(answer), "free=%lu\n", marked);
}

/*
 * Places for a block in pageblocks of the zone that were free as a whole when marked and
 * still are, above an address and up to another.
 */
static void do_above(const struct order *order)
{
	struct page *page = pfn_to_online_page(PHYS_PFN(order->phys));
	unsigned long pageblocks = DIV_ROUND_UP(PHYS_PFN(order->req.size), pageblock_nr_pages);
	unsigned long i, last = last_pageblock(), run = 0, free = 0;
	struct zone *zone;

	if (!free_before || !page) {
		scnprintf(answer, sizeof(answer), "error %s\n",
			  page ? "nothing is marked" : "no memory there");
		return;
	}
	zone = page_zone(page);
	for (i = (PHYS_PFN(order->phys) >> pageblock_order) + 1; i <= last; i++) {
		unsigned long pfn = i << pageblock_order;

		if (PFN_PHYS(pfn + pageblock_nr_pages) - 1 > order->req.high ||
		    pfn >= zone_end_pfn(zone))
			break;
		if (test_bit(i, free_before) && pageblock_is_free(pfn) &&
		    page_zone(pfn_to_page(pfn)) == zone)
			run++;
		else
			run = 0;
		if (run == max(pageblocks, 1UL)) {
			free++;
			run = 0;
		}
		cond_resched();
	}
	scnprintf(answer, sizeof(answer), "free=%lu\n", free);
}

/* A file of zeroes, as long as anyone reads on. */
static int zeroes_read_folio(struct file *unused, struct folio *folio)
{
	folio_zero_range(folio, 0, folio_size(folio));
	folio_mark_uptodate(folio);
	folio_unlock(folio);
	return 0;
}

static const struct address_space_operations zeroes_aops = {
	.read_folio = zeroes_read_folio,
	.migrate_folio = filemap_migrate_folio,
};

/* Reads on in the file: this many pages more. */
static void do_read_in(const struct order *order)
{
	unsigned long end = zeroes_read + order->count;

	if (!zeroes) {
		zeroes = filp_open("/dev/contigmem_neighbours", O_RDONLY, 0);
		if (IS_ERR(zeroes)) {
			scnprintf(answer, sizeof(answer), "error %pe\n", zeroes);
			zeroes = NULL;
			return;
		}
		aops_before = zeroes->f_mapping->a_ops;
		zeroes->f_mapping->a_ops = &zeroes_aops;
	}
	for (; zeroes_read < end; zeroes_read++) {
		struct folio *folio = read_mapping_folio(zeroes->f_mapping, zeroes_read, NULL);

		if (IS_ERR(folio))
			break;
		folio_put(folio);
		cond_resched();
	}
	scnprintf(answer, sizeof(answer), "read=%lu cached=%lu of=%lu\n", zeroes_read,
		  global_node_page_state(NR_FILE_PAGES), totalram_pages());
}

static void do_unread(const struct order *order)
{
	if (!zeroes)
		return;
	truncate_inode_pages(zeroes->f_mapping, 0);
	zeroes->f_mapping->a_ops = aops_before;
	filp_close(zeroes, NULL);
	zeroes = NULL;
	zeroes_read = 0;
}

/* What waits in the processors' lists is free for everybody. */
static void do_drain(const struct order *order)
{
	drain_all_zones();
}

/*
 * The page allocator sets pageblocks aside for atomic requests once memory is short: takes
 * all memory that does not need reclaim, asks for some atomically, and frees all.
 */
static void do_highatomic(const struct order *order)
{
	static const unsigned int orders[] = { 9, 5, 0 };
	LIST_HEAD(pages);
	struct page *page, *next;
	unsigned long taken = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		while ((page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, orders[i]))) {
			page->private = orders[i];
			list_add(&page->lru, &pages);
		}
	}
	for (i = 0; i < 16; i++) {
		page = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 3);
		if (!page)
			break;
		taken++;
		page->private = 3;
		list_add(&page->lru, &pages);
	}
	list_for_each_entry_safe(page, next, &pages, lru) {
		unsigned int size = page->private;

		list_del(&page->lru);
		page->private = 0;
		__free_pages(page, size);
	}
	scnprintf(answer, sizeof(answer), "atomic=%lu\n", taken);
}

static LIST_HEAD(dma);
static LIST_HEAD(squeezed);

/* Free pages above the min watermarks. */
static unsigned long pages_above_min(void)
{
	long pages = 0;
	int nid, i;

	for_each_online_node(nid) {
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];

			if (populated_zone(zone))
				pages += max(-zone_lacks(zone, i), 0L);
		}
	}
	return pages;
}

/*
 * Leaves each zone its min watermark, without waking a task that reclaims; one that was
 * awake frees more meanwhile, which is left to others.
 */
static void do_squeeze(const struct order *order)
{
	unsigned long taken = 0, most = pages_above_min();
	struct page *page;

	while (taken < most && (page = alloc_page(__GFP_NOWARN))) {
		list_add(&page->lru, &squeezed);
		taken++;
		cond_resched();
	}
	scnprintf(answer, sizeof(answer), "squeezed=%lu\n", taken);
}

static void do_unsqueeze(const struct order *order)
{
	free_list_of(&squeezed, 0);
	scnprintf(answer, sizeof(answer), "ok\n");
}

/* Keeps the free pageblocks of ZONE_DMA from others. */
static void do_dma(const struct order *order)
{
	unsigned long taken = 0;
	struct page *page;

	while ((page = alloc_pages(GFP_DMA | GFP_NOWAIT | __GFP_NOWARN, pageblock_order))) {
		list_add(&page->lru, &dma);
		taken++;
	}
	scnprintf(answer, sizeof(answer), "taken=%lu\n", taken);
}

static void do_undma(const struct order *order)
{
	free_list_of(&dma, pageblock_order);
	scnprintf(answer, sizeof(answer), "ok\n");
}

#define STORM_MAX	8

static struct {
	struct order order;
	struct task_struct *thread[STORM_MAX];
	unsigned int nr;
	atomic_long_t served[CONTIGMEM_NR_SOURCES];
	atomic_long_t refused;
	atomic_long_t cma;
} storm;

static int storm_thread(void *seed)
{
	struct contigmem_request req = storm.order.req;
	unsigned long steps = (storm.order.max - req.size) >> PAGE_SHIFT;
	struct contigmem_verdict verdict;
	struct rnd_state random;
	void *vaddr;

	prandom_seed_state(&random, (uintptr_t)seed);
	req.verdict = &verdict;
	while (!kthread_should_stop()) {
		req.size = storm.order.req.size +
			   (prandom_u32_state(&random) % (steps + 1)) * PAGE_SIZE;
		vaddr = contigmem_alloc(&req, storm.order.gfp | __GFP_NOWARN);
		if (IS_ERR(vaddr)) {
			atomic_long_inc(&storm.refused);
		} else {
			atomic_long_inc(&storm.served[verdict.source]);
			contigmem_free(vaddr);
		}
		if (storm.order.pause)
			usleep_range(0, prandom_u32_state(&random) % storm.order.pause + 1);
		cond_resched();
	}
	return 0;
}

/* Another driver's buffers, which the DMA API takes from CMA. */
static int cma_thread(void *unused)
{
	struct device *dev = &user_of_cma->dev;
	dma_addr_t dma;
	struct page *page;

	while (!kthread_should_stop()) {
		page = dma_alloc_pages(dev, SZ_4M, &dma, DMA_BIDIRECTIONAL,
				       GFP_KERNEL | __GFP_NOWARN);
		if (page) {
			atomic_long_inc(&storm.cma);
			dma_free_pages(dev, SZ_4M, page, dma, DMA_BIDIRECTIONAL);
		}
		cond_resched();
	}
	return 0;
}

static void storm_add(int (*function)(void *data), unsigned long seed)
{
	struct task_struct *thread;

	thread = kthread_run(function, (void *)seed, "neighbours/%lu", seed);
	if (!IS_ERR(thread))
		storm.thread[storm.nr++] = thread;
}

static void storm_stop(void)
{
	while (storm.nr)
		kthread_stop(storm.thread[--storm.nr]);
}

static void do_start(const struct order *order)
{
	unsigned int i;

	storm_stop();
	memset(&storm, 0, sizeof(storm));
	storm.order = *order;
	storm.order.max = max(order->max, order->req.size);
	for (i = 0; i < min(order->threads, STORM_MAX - 1U); i++)
		storm_add(storm_thread, i + 1);
	if (order->cma)
		storm_add(cma_thread, STORM_MAX);
	scnprintf(answer, sizeof(answer), "started=%u\n", storm.nr);
}

static void do_stop(const struct order *order)
{
	enum contigmem_source source;
	int used = 0;

	storm_stop();
	for (source = CONTIGMEM_SOURCE_ARENA; source < CONTIGMEM_NR_SOURCES; source++)
		used += scnprintf(answer + used, sizeof(answer) - used, "%s=%ld ",
				  contigmem_source_name(source),
				  atomic_long_read(&storm.served[source]));
	scnprintf(answer + used, sizeof(answer) - used, "refused=%ld user=%ld\n",
		  atomic_long_read(&storm.refused), atomic_long_read(&storm.cma));
}

/* What "take" asks for comes from a partition of its own from here on. */
static void do_partition(const struct order *order)
{
	if (partition && !contigmem_partition_close(partition))
		partition = NULL;
	if (order->req.size && !partition) {
		partition = contigmem_partition_create("neighbours", &order->req);
		if (IS_ERR(partition)) {
			scnprintf(answer, sizeof(answer), "error %ld\n", PTR_ERR(partition));
			partition = NULL;
			return;
		}
	}
	scnprintf(answer, sizeof(answer), "ok\n");
}

static unsigned int linger_usecs;
static unsigned long leaving_free;

/* Between contigmem's notifier and the end of what leaves: how much of it is in free blocks? */
static int memory_changed(struct notifier_block *nb, unsigned long action, void *arg)
{
	const struct memory_notify *memory = arg;
	unsigned long pfn = memory->start_pfn, end = pfn + memory->nr_pages, nr, free = 0;

	if (action != MEM_GOING_OFFLINE || !READ_ONCE(linger_usecs))
		return NOTIFY_DONE;
	for (; pfn < end; pfn += nr) {
		struct page *page = pfn_to_page(pfn);
		unsigned long order = READ_ONCE(page->private);
		bool is_free = PageBuddy(page) && order <= MAX_PAGE_ORDER;

		nr = is_free ? 1UL << order : 1;
		free += is_free ? nr : 0;
	}
	WRITE_ONCE(leaving_free, free);
	fsleep(READ_ONCE(linger_usecs));
	WRITE_ONCE(leaving_free, 0);
	return NOTIFY_OK;
}

static struct notifier_block memory_notifier = { .notifier_call = memory_changed, .priority = -1 };

/* Memory that goes offline takes so many microseconds from here on. */
static void do_linger(const struct order *order)
{
	WRITE_ONCE(linger_usecs, order->pause);
	scnprintf(answer, sizeof(answer), "ok\n");
}

static void do_leaving(const struct order *order)
{
	scnprintf(answer, sizeof(answer), "free=%lu\n", READ_ONCE(leaving_free));
}

static const struct {
	const char *name;
	void (*function)(const struct order *order);
} verbs[] = {
	{ "take", do_take },
	{ "drop", do_drop },
	{ "tries", do_tries },
	{ "counts", do_counts },
	{ "fill", do_fill },
	{ "read", do_read },
	{ "get", do_get },
	{ "put", do_put },
	{ "state", do_state },
	{ "mark", do_mark },
	{ "above", do_above },
	{ "read_in", do_read_in },
	{ "unread", do_unread },
	{ "highatomic", do_highatomic },
	{ "dma", do_dma },
	{ "undma", do_undma },
	{ "drain", do_drain },
	{ "squeeze", do_squeeze },
	{ "unsqueeze", do_unsqueeze },
	{ "start", do_start },
	{ "stop", do_stop },
	{ "partition", do_partition },
	{ "linger", do_linger },
	{ "leaving", do_leaving },
};

static int parse_gfp(const char *name, gfp_t *gfp)
{
	if (!strcmp(name, "kernel"))
		*gfp = GFP_KERNEL;
	else if (!strcmp(name, "atomic"))
		*gfp = GFP_ATOMIC;
	else if (!strcmp(name, "nowait"))
		*gfp = GFP_NOWAIT;
	else
		return -EINVAL;
	return 0;
}

static int parse_cache(const char *name, enum contigmem_cache *cache)
{
	for (*cache = 0; *cache < CONTIGMEM_NR_CACHES; ++*cache) {
		if (!strcmp(name, contigmem_cache_name(*cache)))
			return 0;
	}
	return -EINVAL;
}

static int parse_word(const char *word, struct order *order)
{
	static const char * const keys[] = {
		"size=", "max=", "low=", "high=", "align=", "count=", "threads=", "frame=", "phys=",
		"pause=",
	};
	unsigned long long value = 0;
	unsigned int key;

	if (!strncmp(word, "gfp=", 4))
		return parse_gfp(word + 4, &order->gfp);
	if (!strncmp(word, "cache=", 6))
		return parse_cache(word + 6, &order->req.cache);
	if (!strcmp(word, "fast"))
		order->req.flags |= CONTIGMEM_FAST;
	else if (!strcmp(word, "watch"))
		order->watch = true;
	else if (!strcmp(word, "until"))
		order->until = true;
	else if (!strcmp(word, "cma"))
		order->cma = true;
	else
		value = 1;
	if (!value)
		return 0;
	for (key = 0; key < ARRAY_SIZE(keys); key++) {
		if (!strncmp(word, keys[key], strlen(keys[key])))
			break;
	}
	if (key == ARRAY_SIZE(keys))
		return -EINVAL;
	value = memparse(word + strlen(keys[key]), NULL);
	switch (key) {
	case 0:
		order->req.size = value;
		break;
	case 1:
		order->max = value;
		break;
	case 2:
		order->req.low = value;
		break;
	case 3:
		order->req.high = value;
		break;
	case 4:
		order->req.align = value;
		break;
	case 5:
		order->count = value;
		break;
	case 6:
		order->threads = value;
		break;
	case 7:
		order->frame = value;
		break;
	case 8:
		order->phys = value;
		break;
	case 9:
		order->pause = value;
		break;
	}
	return 0;
}

static void do_line(char *line)
{
	struct order order = {
		.req = CONTIGMEM_REQUEST(0),
		.gfp = GFP_KERNEL,
		.count = ULONG_MAX,
		.threads = 2,
	};
	char *verb = strsep(&line, " "), *word;
	unsigned int i;

	while ((word = strsep(&line, " "))) {
		if (parse_word(word, &order)) {
			scnprintf(answer, sizeof(answer), "error what is '%s'?\n", word);
			return;
		}
	}
	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!strcmp(verb, verbs[i].name)) {
			verbs[i].function(&order);
			return;
		}
	}
	scnprintf(answer, sizeof(answer), "error what is '%s'?\n", verb);
}

static ssize_t do_write(struct file *filp, const char __user *from, size_t size, loff_t *at)
{
	char *line;

	if (size > 256)
		return -EINVAL;
	line = memdup_user_nul(from, size);
	if (IS_ERR(line))
		return PTR_ERR(line);
	mutex_lock(&lock);
	do_line(strim(line));
	mutex_unlock(&lock);
	kfree(line);
	return size;
}

static ssize_t do_answer(struct file *filp, char __user *to, size_t size, loff_t *at)
{
	return simple_read_from_buffer(to, size, at, answer, strlen(answer));
}

static const struct file_operations do_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = do_answer,
	.write = do_write,
	.llseek = noop_llseek,
};

/*
 * A driver's fault handler for its ring: a reference and the page. A frame with a count of
 * 0 would be freed with the mapping, so the program gets a signal instead.
 */
static vm_fault_t node_fault(struct vm_fault *vmf)
{
	struct held *block;
	vm_fault_t result = VM_FAULT_SIGBUS;

	mutex_lock(&lock);
	block = first_held();
	if (block && vmf->pgoff < PHYS_PFN(block->info.size)) {
		struct page *page = pfn_to_page(PHYS_PFN(block->info.phys) + vmf->pgoff);

		if (get_page_unless_zero(page)) {
			vmf->page = page;
			result = 0;
		}
	}
	mutex_unlock(&lock);
	return result;
}

static const struct vm_operations_struct node_vm_ops = { .fault = node_fault };

static int node_mmap(struct file *filp, struct vm_area_struct *vma)
{
	vma->vm_ops = &node_vm_ops;
	return 0;
}

static const struct file_operations node_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.mmap = node_mmap,
};

static struct miscdevice node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "contigmem_neighbours",
	.mode = 0600,
	.fops = &node_fops,
};

static struct dentry *directory;

static int __init neighbours_init(void)
{
	int error;

	user_of_cma = platform_device_register_simple("contigmem_neighbours", -1, NULL, 0);
	if (IS_ERR(user_of_cma))
		return PTR_ERR(user_of_cma);
	error = dma_coerce_mask_and_coherent(&user_of_cma->dev, DMA_BIT_MASK(32));
	if (error)
		goto unregister_device;
	error = register_memory_notifier(&memory_notifier);
	if (error)
		goto unregister_device;
	error = misc_register(&node);
	if (error)
		goto unregister_notifier;
	directory = debugfs_create_dir("contigmem_neighbours", NULL);
	debugfs_create_file("do", 0600, directory, NULL, &do_fops);
	debugfs_create_file("held", 0400, directory, NULL, &held_fops);
	debugfs_create_file("pageblocks", 0400, directory, NULL, &pageblocks_fops);
	return 0;

unregister_notifier:
	unregister_memory_notifier(&memory_notifier);
unregister_device:
	platform_device_unregister(user_of_cma);
	return error;
}
module_init(neighbours_init);

static void __exit neighbours_exit(void)
{
	struct held *block, *next;

	debugfs_remove(directory);
	misc_deregister(&node);
	unregister_memory_notifier(&memory_notifier);
	storm_stop();
	if (referenced)
		put_page(referenced);
	free_list_of(&dma, pageblock_order);
	list_for_each_entry_safe(block, next, &held, list)
		drop(block);
	if (partition)
		contigmem_partition_close(partition);
	platform_device_unregister(user_of_cma);
	bitmap_free(free_before);
	do_unread(NULL);
}
module_exit(neighbours_exit);

MODULE_DESCRIPTION("What contigmem does to others");
MODULE_LICENSE("GPL");
