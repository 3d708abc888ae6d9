// SPDX-License-Identifier: GPL-2.0
/*
 * Requests beside pages that cannot be migrated, and a model without the rule of
 * alloc_contig_range(): a request is possible if some run of frames that are free, or free or
 * movable, meets it, whatever lies beside the run.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/sizes.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "suites.h"

/* In all states together 1,000 in a full run. */
#define REQUESTS	test_share(125, 12)
#define LARGEST		SZ_4M
/* Free pages left to the kernel on each node, beside those that it reserves. */
#define RESERVE		(SZ_128M >> PAGE_SHIFT)
/* Pageblocks of a node that are broken up at least: a few windows. */
#define FEWEST		(SZ_256M >> (PAGE_SHIFT + pageblock_order))
/* One page of so many of a file is dropped. */
#define PUNCHED		12
/* Requests that may be missed beyond the shares: the kernel allocates beside the test. */
#define MISSED		2
/* Ranges that are drawn for a request at most. */
#define PLACES		64
/* Refused requests that are printed for each state. */
#define PRINTED		4

static struct rnd_state rnd;

/**
 * struct pageblock - a pageblock that the test took from the page allocator
 * @first: its first frame
 * @nid: its node
 * @held: the test has it still
 */
struct pageblock {
	unsigned long first;
	int nid;
	bool held;
};

static struct pageblock *taken;		/* by node, then by address */
static unsigned long nr_taken;
static unsigned long *kernel_pages;	/* frames of pages that cannot be migrated */
static unsigned long nr_kernel_pages;
static struct file *files[MAX_NUMNODES];
static unsigned long file_pages[MAX_NUMNODES];
static const struct address_space_operations *aops_before;

/* What the pageblocks that are broken up are full of. */
enum filling {
	NOTHING,
	SHARED_MEMORY,
	PAGE_CACHE
};

/**
 * struct area - the adjacent entries of @taken that are broken up on a node
 * @begin: the first
 * @end: behind the last
 */
struct area {
	unsigned long begin;
	unsigned long end;
};

static struct area areas[MAX_NUMNODES];

/*
 * Of each frame of the range that was read last: the next frame that is not free, and the
 * next one that is neither free nor movable. A frame begins at @range_first.
 */
static u32 *next_used;
static u32 *next_bad;
static unsigned long nr_frames;		/* up to the end of memory */

enum chance {
	IMPOSSIBLE,
	IF_PAGES_MOVE,
	FREE,
	NR_CHANCES
};

static int compare_pageblocks(const void *left, const void *right)
{
	const struct pageblock *a = left, *b = right;

	if (a->nid != b->nid)
		return a->nid - b->nid;
	return a->first < b->first ? -1 : a->first > b->first;
}

/*
 * Near its watermarks, and with what lower zones keep from it, the kernel kills programs. It raises
 * a zone's watermarks for a while where a page comes from a pageblock of another mobility.
 */
static long free_beside_reserve(int nid)
{
	long pages = (long)test_free_pages_of(nid) - (long)NODE_DATA(nid)->totalreserve_pages;
	int zone;

	for (zone = 0; zone < MAX_NR_ZONES; zone++)
		pages -= READ_ONCE(NODE_DATA(nid)->node_zones[zone].watermark_boost);
	return pages;
}

/* Pageblocks of both kinds, as they are where a kernel page is among movable ones. */
static void take_pageblocks(int nid)
{
	gfp_t gfp = GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN | __GFP_THISNODE;
	struct page *page;

	while (free_beside_reserve(nid) > (long)RESERVE) {
		page = alloc_pages_node(nid, gfp | (nr_taken % 2 ? __GFP_MOVABLE : 0),
					pageblock_order);
		if (!page)
			break;
		taken[nr_taken++] = (struct pageblock){
			page_to_pfn(page), page_to_nid(page), true
		};
		cond_resched();
	}
}

static bool is_in_area(unsigned long i)
{
	const struct area *area = &areas[taken[i].nid];

	return i >= area->begin && i < area->end;
}

/* In a full run all that was taken on a node, otherwise a part of it. */
static void choose_area(int nid, unsigned long begin, unsigned long end)
{
	unsigned long nr = end - begin, some = min(nr, max(nr / test_scale, FEWEST));

	begin += test_random_below(&rnd, nr - some + 1);
	areas[nid] = (struct area){ begin, begin + some };
}

static void choose_areas(void)
{
	unsigned long begin, end;

	sort(taken, nr_taken, sizeof(*taken), compare_pageblocks, NULL);
	for (begin = 0; begin < nr_taken; begin = end) {
		for (end = begin; end < nr_taken && taken[end].nid == taken[begin].nid;)
			end++;
		choose_area(taken[begin].nid, begin, end);
	}
}

/* Free all pages of a pageblock but one, which stands for a page of the kernel. */
static void spoil(struct pageblock *block)
{
	unsigned long first = block->first, keep, pfn;

	keep = first + test_random_below(&rnd, pageblock_nr_pages);
	block->held = false;
	split_page(pfn_to_page(first), pageblock_order);
	kernel_pages[nr_kernel_pages++] = keep;
	for (pfn = first; pfn < first + pageblock_nr_pages; pfn++) {
		if (pfn != keep)
			__free_page(pfn_to_page(pfn));
	}
}

static void give_back(struct pageblock *block)
{
	if (block->held)
		__free_pages(pfn_to_page(block->first), pageblock_order);
	block->held = false;
	cond_resched();
}

/* CMA's pageblocks stay as they are: no kernel page can be among theirs. */
static void break_area_up(const struct area *area, unsigned int period)
{
	unsigned long i, spoilt = 0;

	for (i = area->begin; i < area->end; i++) {
		if (!((i - area->begin) % period))
			spoilt = i + test_random_below(&rnd, min(period, area->end - i));
		if (i == spoilt && !compat_pageblock_is_cma(taken[i].first))
			spoil(&taken[i]);
		else
			give_back(&taken[i]);
	}
}

static void give_rest_back(void)
{
	unsigned long i;

	for (i = 0; i < nr_taken; i++)
		give_back(&taken[i]);
}

/* The content of a page of a file: its number at both ends. */
static void write_page(struct page *page, unsigned long i)
{
	u64 *words = page_address(page);

	words[0] = i + 1;
	words[PAGE_SIZE / sizeof(*words) - 1] = i + 1;
}

static int cache_read_folio(struct file *file, struct folio *folio)
{
	write_page(folio_page(folio, 0), folio->index);
	folio_mark_uptodate(folio);
	folio_unlock(folio);
	return 0;
}

/* A file whose pages are read once, and never written: clean page cache. */
static const struct address_space_operations cache_aops = {
	.read_folio = cache_read_folio,
};

static bool is_page_cache(const struct file *file)
{
	return file->f_mapping->a_ops == &cache_aops;
}

static struct page *read_page(struct file *file, unsigned long i)
{
	struct folio *folio;

	if (!is_page_cache(file))
		return shmem_read_mapping_page(file->f_mapping, i);
	folio = read_mapping_folio(file->f_mapping, i, NULL);
	return IS_ERR(folio) ? ERR_CAST(folio) : folio_page(folio, 0);
}

/* Runs on a processor of the node: most pages come from there. */
static long fill(void *arg)
{
	int nid = *(int *)arg;
	unsigned long i, most = i_size_read(file_inode(files[nid])) >> PAGE_SHIFT;

	for (i = 0; i < most && free_beside_reserve(nid) > (long)RESERVE / 2; i++) {
		struct page *page = read_page(files[nid], i);

		if (IS_ERR(page))
			return PTR_ERR(page);
		if (!is_page_cache(files[nid])) {
			write_page(page, i);
			set_page_dirty_lock(page);
		}
		put_page(page);
		cond_resched();
	}
	return i;
}

static void drop_pages(struct file *file, loff_t first, loff_t last)
{
	if (is_page_cache(file))
		truncate_inode_pages_range(file->f_mapping, first, last);
	else
		shmem_truncate_range(file_inode(file), first, last);
}

/* Drop single pages: what is free then is scattered, and the others have room to move to. */
static void punch(struct file *file, unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++) {
		if (!test_random_below(&rnd, PUNCHED))
			drop_pages(file, i << PAGE_SHIFT, ((i + 1) << PAGE_SHIFT) - 1);
		cond_resched();
	}
}

/* Fill what is free on a node with the pages of a file, which the kernel can migrate. */
static void fill_node(struct kunit *test, int nid, enum filling filling)
{
	const struct cpumask *cpus = cpumask_of_node(nid);
	long pages;

	if (cpumask_empty(cpus))
		return;
	files[nid] = compat_shmem_file("contigmem-oracle", PFN_PHYS(test_free_pages_of(nid)));
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(files[nid]), 0);
	if (filling == PAGE_CACHE) {
		aops_before = files[nid]->f_mapping->a_ops;
		files[nid]->f_mapping->a_ops = &cache_aops;
	}
	pages = work_on_cpu(cpumask_first(cpus), fill, &nid);
	KUNIT_ASSERT_GT(test, pages, 0L);
	file_pages[nid] = pages;
	if (filling == SHARED_MEMORY)
		punch(files[nid], pages);
}

/*
 * Break up a part of memory: each @period-th pageblock has one page that cannot be migrated,
 * the rest is free, or full of pages of a file, which can move to memory outside.
 */
static void break_up(struct kunit *test, unsigned int period, enum filling filling)
{
	int nid;

	test_drain_lists();
	for_each_node_state(nid, N_MEMORY)
		take_pageblocks(nid);
	if (nr_taken < 2 * FEWEST)
		kunit_skip(test, "%lu pageblocks are free, too few", nr_taken);
	choose_areas();
	for_each_node_state(nid, N_MEMORY)
		break_area_up(&areas[nid], period);
	if (filling) {
		for_each_node_state(nid, N_MEMORY)
			fill_node(test, nid, filling);
	}
	give_rest_back();
}

/*
 * Has each page of a file the content that was written, or none since it was dropped? Clean page
 * cache that was dropped would be read again.
 */
static void check_file(struct kunit *test, struct file *file, unsigned long pages)
{
	unsigned long i, wrong = 0, dropped = 0;

	for (i = 0; i < pages; i++) {
		struct page *page = is_page_cache(file) ? find_get_page(file->f_mapping, i) :
							  read_page(file, i);
		const u64 *words;

		if (!page)
			continue;
		if (IS_ERR(page))
			break;
		words = page_address(page);
		dropped += !words[0];
		wrong += (words[0] && words[0] != i + 1) ||
			 words[PAGE_SIZE / sizeof(*words) - 1] != words[0];
		put_page(page);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, wrong, 0UL);
	KUNIT_EXPECT_LE(test, dropped, pages / PUNCHED * 2 + 1);
}

static void mend(void)
{
	unsigned long i;
	int nid;

	give_rest_back();
	for (i = 0; i < nr_kernel_pages; i++)
		__free_page(pfn_to_page(kernel_pages[i]));
	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		if (!IS_ERR_OR_NULL(files[nid])) {
			drop_pages(files[nid], 0, -1);
			if (is_page_cache(files[nid]))
				files[nid]->f_mapping->a_ops = aops_before;
			fput(files[nid]);
		}
		files[nid] = NULL;
		file_pages[nid] = 0;
		areas[nid] = (struct area){};
	}
	nr_kernel_pages = 0;
	nr_taken = 0;
	test_drain_lists();
}

/**
 * struct look - what is at a frame
 * @nr: frames from there for which it holds
 * @is_free: in a free block of the page allocator
 * @may_move: the kernel can migrate the page
 */
struct look {
	unsigned long nr;
	bool is_free;
	bool may_move;
};

/* Frames that nobody but their owner may have, and holes, count as kernel pages. */
static struct look look_at(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn), *head;
	struct look look = { .nr = 1 };

	if (!page || PageReserved(page) || page_zonenum(page) > ZONE_NORMAL ||
	    compat_pageblock_is_cma(pfn) || compat_pageblock_type(pfn) == MIGRATE_HIGHATOMIC)
		return look;
	if (PageBuddy(page)) {
		unsigned long order = page_private(page);

		look.is_free = true;
		if (order <= MAX_PAGE_ORDER)
			look.nr = 1UL << order;
		return look;
	}
	head = compound_head(page);
	look.may_move = PageLRU(head) && page_count(head) < GUP_PIN_COUNTING_BIAS;
	return look;
}

/* Read a range, from its last frame down. */
static void read_range(unsigned long first, unsigned long end)
{
	unsigned long pfn = first, used = nr_frames, bad = nr_frames;
	u32 *free = next_used;

	while (pfn < end) {
		struct look look = look_at(pfn);
		unsigned long stop = min(pfn + look.nr, end);

		/* First a mark for each frame: 0 is free, 1 may move, 2 does not. */
		memset32(&free[pfn], look.is_free ? 0 : look.may_move ? 1 : 2, stop - pfn);
		pfn = stop;
		if (!(pfn % pageblock_nr_pages))
			cond_resched();
	}
	while (pfn-- > first) {
		if (free[pfn])
			used = pfn;
		if (free[pfn] == 2)
			bad = pfn;
		next_used[pfn] = used;
		next_bad[pfn] = bad;
	}
}

/*
 * Would the page allocator give as much of this zone to a caller whose memory may lie up to
 * @last, once page cache is reclaimed and all pages that can move have moved elsewhere, and leave
 * tasks the low watermark once more?
 */
static bool zone_has_room(struct zone *zone, unsigned long nr, unsigned long last)
{
	enum zone_type highest = last >= PFN_DOWN(SZ_4G) ? ZONE_NORMAL :
				 last >= PFN_DOWN(SZ_16M) ? ZONE_DMA32 : ZONE_DMA;

	return zone_page_state(zone, NR_FREE_PAGES) +
	       zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
	       zone_page_state(zone, NR_ZONE_ACTIVE_FILE) >=
	       nr + 2 * low_wmark_pages(zone) + zone->lowmem_reserve[highest] +
	       zone_page_state(zone, NR_FREE_CMA_PAGES) + zone->nr_reserved_highatomic;
}

/* Is there a place in which the next frame of @next comes behind the block? */
static bool has_place(const struct contigmem_request *req, const u32 *next)
{
	unsigned long nr = PFN_UP(req->size), align = max_t(u64, 1, req->align >> PAGE_SHIFT);
	unsigned long last = PHYS_PFN(req->high), boundary = req->boundary >> PAGE_SHIFT;
	unsigned long start = ALIGN(PFN_UP(req->low), align);

	for (; start + nr - 1 <= last; start += align) {
		struct page *head = pfn_to_page(start), *tail = pfn_to_page(start + nr - 1);

		if (next[start] < start + nr) {
			/* No start at or below that frame fits. */
			start = ALIGN_DOWN(next[start], align);
			continue;
		}
		if ((!boundary || start / boundary == (start + nr - 1) / boundary) &&
		    (req->nid == NUMA_NO_NODE || page_to_nid(head) == req->nid) &&
		    page_zone(head) == page_zone(tail) &&
		    zone_has_room(page_zone(head), nr, last))
			return true;
	}
	return false;
}

static enum chance chance_of(const struct contigmem_request *req)
{
	read_range(PFN_UP(req->low), PHYS_PFN(req->high) + 1);
	if (has_place(req, next_used))
		return FREE;
	return has_place(req, next_bad) ? IF_PAGES_MOVE : IMPOSSIBLE;
}

/* Bytes of a range that were broken up. */
static u64 broken_up(const struct area *area, u64 low, u64 high)
{
	unsigned long i, nr = 0;

	for (i = area->begin; i < area->end; i++)
		nr += PFN_PHYS(taken[i].first) >= low &&
		      PFN_PHYS(taken[i].first + pageblock_nr_pages) - 1 <= high;
	return PFN_PHYS(nr * pageblock_nr_pages);
}

/*
 * A range of 64 MiB or more in what was broken up, and not just the end of that beside the hole
 * below 4 GiB: there each pageblock may have a page that the kernel took when it booted.
 */
static void random_request(struct contigmem_request *req)
{
	const struct area *area;
	unsigned int tries = 0;
	u64 first, all, size;
	unsigned long i;

	do {
		i = test_random_below(&rnd, nr_taken);
	} while (!is_in_area(i));
	area = &areas[taken[i].nid];
	first = PFN_PHYS(taken[area->begin].first);
	all = PFN_PHYS(taken[area->end - 1].first + pageblock_nr_pages) - first;
	size = (u64)SZ_64M << test_random_below(&rnd, 4);
	size = min(all, size + PAGE_SIZE * (test_random_u64(&rnd) % (size / PAGE_SIZE)));
	*req = CONTIGMEM_REQUEST(test_random_size(&rnd, LARGEST));
	do {
		req->low = first +
			   PAGE_SIZE * (test_random_u64(&rnd) % ((all - size) / PAGE_SIZE + 1));
		req->high = req->low + size - 1;
	} while (broken_up(area, req->low, req->high) < SZ_32M && ++tries < PLACES);
	if (!test_random_below(&rnd, 3))
		req->boundary = roundup_pow_of_two(req->size) << test_random_below(&rnd, 3);
	if (!test_random_below(&rnd, 4))
		req->align = PAGE_SIZE << test_random_below(&rnd, 10);
	if (test_random_below(&rnd, 2))
		req->nid = taken[i].nid;
}

/**
 * struct tally - the requests of a state
 * @asked: by chance
 * @missed: those that were refused and possible all the time
 * @more: served although the model found no place
 * @printed: how many of those that were refused were printed
 */
struct tally {
	unsigned long asked[NR_CHANCES];
	unsigned long missed[NR_CHANCES];
	unsigned long more;
	unsigned long printed;
};

static void print_missed(struct kunit *test, const struct contigmem_request *req, gfp_t gfp,
			 const char *chance)
{
	const struct contigmem_verdict *verdict = req->verdict;

	/* pr_info(): the test's own log holds 512 bytes in 6.1, with the result. */
	pr_info("contigmem-test: missed (%s): %s: %s, blocker %#lx %s, %lu windows, %lu attempts, %lu reads, %llu ns\n",
		chance, test_text(test, req, gfp), contigmem_reason_text(verdict->reason),
		verdict->blocker, verdict->blocker_kind ?: "-", verdict->windows,
		verdict->attempts, verdict->frames_read, verdict->ns);
}

static void ask(struct kunit *test, struct tally *tally)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	struct contigmem_verdict verdict;
	struct contigmem_request req;
	enum chance before, after;
	void *vaddr;

	random_request(&req);
	req.verdict = &verdict;
	if (req.nid != NUMA_NO_NODE)
		gfp |= __GFP_THISNODE;
	before = chance_of(&req);
	tally->asked[before]++;
	vaddr = contigmem_alloc(&req, gfp);
	if (!IS_ERR(vaddr)) {
		tally->more += before == IMPOSSIBLE;
		test_check_block(test, vaddr, &req, gfp);
		contigmem_free(vaddr);
		return;
	}
	/* The kernel may have allocated a page in between. */
	after = chance_of(&req);
	if (!before || !after)
		return;
	tally->missed[before]++;
	if (tally->printed++ < PRINTED)
		print_missed(test, &req, gfp, before == FREE ? "free" : "pages move");
}

/**
 * struct state - how memory is broken up, and what is served then
 * @period: one in so many pageblocks has a page that cannot be migrated
 * @filling: what the rest is full of
 * @free: percent of the requests that free frames meet
 * @move: percent of those that they meet once pages have moved
 */
struct state {
	unsigned int period;
	enum filling filling;
	unsigned int free;
	unsigned int move;
};

static void expect_served(struct kunit *test, const struct tally *tally, enum chance chance,
			  unsigned int percent)
{
	KUNIT_EXPECT_LE(test, tally->missed[chance] * 100,
			tally->asked[chance] * (100 - percent) + MISSED * 100);
}

static void check_state(struct kunit *test, const struct state *state)
{
	unsigned int requests = REQUESTS, i;
	struct tally tally = {};
	int nid;

	test_random_start(test, &rnd);
	break_up(test, state->period, state->filling);
	/* Of few requests none may be possible: more then. */
	for (i = 0; i < requests ||
	     (i < 20 * requests && !tally.asked[FREE] && !tally.asked[IF_PAGES_MOVE]); i++) {
		ask(test, &tally);
		cond_resched();
	}
	kunit_info(test, "%lu of %lu pageblocks spoilt, free %lu MiB: %lu requests free, %lu missed; %lu if pages move, %lu missed; %lu impossible, %lu served",
		   nr_kernel_pages, nr_taken, test_free_pages_of(0) >> (20 - PAGE_SHIFT),
		   tally.asked[FREE], tally.missed[FREE], tally.asked[IF_PAGES_MOVE],
		   tally.missed[IF_PAGES_MOVE], tally.asked[IMPOSSIBLE], tally.more);
	for_each_node_state(nid, N_MEMORY)
		check_file(test, files[nid], file_pages[nid]);
	KUNIT_EXPECT_GT(test, tally.asked[FREE] + tally.asked[IF_PAGES_MOVE], 0UL);
	expect_served(test, &tally, FREE, state->free);
	expect_served(test, &tally, IF_PAGES_MOVE, state->move);
}

static void every_pageblock_rest_free(struct kunit *test)
{
	check_state(test, &(const struct state){ 1, NOTHING, 98, 90 });
}

static void one_in_2_pageblocks_rest_free(struct kunit *test)
{
	check_state(test, &(const struct state){ 2, NOTHING, 98, 90 });
}

static void one_in_8_pageblocks_rest_free(struct kunit *test)
{
	check_state(test, &(const struct state){ 8, NOTHING, 98, 90 });
}

static void one_in_64_pageblocks_rest_free(struct kunit *test)
{
	check_state(test, &(const struct state){ 64, NOTHING, 98, 90 });
}

/*
 * alloc_contig_range() refuses each pageblock, so that no page of shared memory moves out of
 * one. In full memory a free run is missed at times as well: few blocks may be held there.
 */
static void every_pageblock_rest_shared(struct kunit *test)
{
	check_state(test, &(const struct state){ 1, SHARED_MEMORY, 90, 0 });
}

static void one_in_2_pageblocks_rest_shared(struct kunit *test)
{
	check_state(test, &(const struct state){ 2, SHARED_MEMORY, 98, 90 });
}

static void one_in_8_pageblocks_rest_shared(struct kunit *test)
{
	check_state(test, &(const struct state){ 8, SHARED_MEMORY, 98, 90 });
}

static void one_in_64_pageblocks_rest_shared(struct kunit *test)
{
	check_state(test, &(const struct state){ 64, SHARED_MEMORY, 98, 90 });
}

/* But clean page cache is dropped. */
static void every_pageblock_rest_page_cache(struct kunit *test)
{
	check_state(test, &(const struct state){ 1, PAGE_CACHE, 90, 90 });
}

static void one_in_8_pageblocks_rest_page_cache(struct kunit *test)
{
	check_state(test, &(const struct state){ 8, PAGE_CACHE, 98, 90 });
}

static int oracle_init(struct kunit *test)
{
	unsigned long blocks;
	int nid;

	test_skip_left_out(test, "oracle");
	nr_frames = 0;
	for_each_node_state(nid, N_MEMORY)
		nr_frames = max(nr_frames, node_end_pfn(nid));
	blocks = DIV_ROUND_UP(nr_frames, pageblock_nr_pages);
	next_used = vmalloc_array(nr_frames, sizeof(*next_used));
	next_bad = vmalloc_array(nr_frames, sizeof(*next_bad));
	taken = vmalloc_array(blocks, sizeof(*taken));
	kernel_pages = vmalloc_array(blocks, sizeof(*kernel_pages));
	return next_used && next_bad && taken && kernel_pages ? test_init(test) : -ENOMEM;
}

static void oracle_exit(struct kunit *test)
{
	test_exit(test);
	mend();
	vfree(next_used);
	vfree(next_bad);
	vfree(taken);
	vfree(kernel_pages);
	next_used = NULL;
	next_bad = NULL;
	taken = NULL;
	kernel_pages = NULL;
}

static struct kunit_case oracle_cases[] = {
	KUNIT_CASE_SLOW(every_pageblock_rest_free),
	KUNIT_CASE_SLOW(one_in_2_pageblocks_rest_free),
	KUNIT_CASE_SLOW(one_in_8_pageblocks_rest_free),
	KUNIT_CASE_SLOW(one_in_64_pageblocks_rest_free),
	KUNIT_CASE_SLOW(every_pageblock_rest_shared),
	KUNIT_CASE_SLOW(one_in_2_pageblocks_rest_shared),
	KUNIT_CASE_SLOW(one_in_8_pageblocks_rest_shared),
	KUNIT_CASE_SLOW(one_in_64_pageblocks_rest_shared),
	KUNIT_CASE_SLOW(every_pageblock_rest_page_cache),
	KUNIT_CASE_SLOW(one_in_8_pageblocks_rest_page_cache),
	{}
};

struct kunit_suite oracle_suite = {
	.name = "contigmem_oracle",
	.init = oracle_init,
	.exit = oracle_exit,
	.test_cases = oracle_cases,
};
