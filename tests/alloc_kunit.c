// SPDX-License-Identifier: GPL-2.0
/*
 * Each constraint by real allocations.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "pagetable.h"
#include "suites.h"

static const enum contigmem_cache caches[] = {
	CONTIGMEM_CACHED, CONTIGMEM_UNCACHED, CONTIGMEM_WRITECOMBINE,
};

static DEFINE_SPINLOCK(lock);

static void sizes_round_up_to_whole_pages(struct kunit *test)
{
	static const size_t sizes[] = {
		1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, TEST_ODD_SIZE, 5 * PAGE_SIZE - 7,
		SZ_64K, SZ_64K + 1, SZ_1M + 1, SZ_2M, SZ_2M + PAGE_SIZE,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);

		test_free(test, test_alloc(test, &req, GFP_KERNEL));
	}
}

static void larger_than_the_page_allocator_gives(struct kunit *test)
{
	static const size_t sizes[] = { SZ_8M, SZ_8M + SZ_4M, SZ_8M + SZ_4M + PAGE_SIZE };
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);

		test_free(test, test_alloc(test, &req, GFP_KERNEL));
	}
}

static void every_byte_can_be_used(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	int i;

	req.align = TEST_ODD_ALIGN;
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		u8 *byte, *direct;

		req.cache = caches[i];
		byte = test_alloc(test, &req, GFP_KERNEL);
		direct = __va(test_phys(test, byte));
		memset(byte, 0x5a, req.size);
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(byte, 0x5a, req.size), "cache %d",
				      req.cache);
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(direct, 0x5a, req.size),
				      "cache %d, through the direct map", req.cache);
		test_free(test, byte);
	}
}

/* The block lies at @at; @low, @high and @at count from the start of 4 free MiB. */
static void expect_near(struct kunit *test, phys_addr_t low, phys_addr_t high, size_t size,
			phys_addr_t at)
{
	struct contigmem_request shape = CONTIGMEM_REQUEST(size);
	phys_addr_t base;
	void *vaddr;

	shape.low = low;
	shape.high = high;
	vaddr = test_alloc_near(test, &shape, &base);
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, vaddr, "%s", test_text(test, &shape, GFP_KERNEL));
	KUNIT_EXPECT_EQ_MSG(test, (u64)test_phys(test, vaddr), (u64)base + at, "%s",
			    test_text(test, &shape, GFP_KERNEL));
	test_free(test, vaddr);
}

static void expect_no_place_near(struct kunit *test, phys_addr_t low, phys_addr_t high,
				 size_t size)
{
	struct contigmem_request shape = CONTIGMEM_REQUEST(size);
	phys_addr_t base;
	void *vaddr;

	shape.low = low;
	shape.high = high;
	vaddr = test_alloc_near(test, &shape, &base);
	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(vaddr), -ERANGE, "%s",
			    test_text(test, &shape, GFP_KERNEL));
}

static void low_is_the_first_byte(struct kunit *test)
{
	const phys_addr_t low = SZ_1M;
	const size_t size = SZ_64K;

	expect_near(test, low, low + size - 1, size, low);
	/* One byte later the page that starts before the window does not count. */
	expect_near(test, low + 1, low + PAGE_SIZE + size - 1, size, low + PAGE_SIZE);
	expect_near(test, low - PAGE_SIZE + 1, low + size - 1, size, low);
	expect_no_place_near(test, low + 1, low + size, size);
}

static void high_is_the_last_byte(struct kunit *test)
{
	const phys_addr_t low = SZ_1M;
	const size_t size = SZ_64K;

	expect_near(test, low, low + size - 1, size, low);
	expect_near(test, low, low + size + PAGE_SIZE - 2, size, low);
	expect_near(test, low - PAGE_SIZE, low + size - 2, size, low - PAGE_SIZE);
	expect_no_place_near(test, low, low + size - 2, size);
}

static void high_bounds_the_rounded_size(struct kunit *test)
{
	const phys_addr_t low = SZ_1M;
	const size_t size = PAGE_SIZE + 1;

	expect_near(test, low, low + 2 * PAGE_SIZE - 1, size, low);
	expect_no_place_near(test, low, low + size - 1, size);
	expect_no_place_near(test, low, low + 2 * PAGE_SIZE - 2, size);
}

static void odd_sizes_fill_their_window(struct kunit *test)
{
	const phys_addr_t low = SZ_1M - 5 * PAGE_SIZE;
	size_t pages;

	for (pages = 1; pages <= 17; pages += 4)
		expect_near(test, low, low + pages * PAGE_SIZE - 1, pages * PAGE_SIZE, low);
}

static phys_addr_t end_of_memory(void)
{
	unsigned long end = 0;
	int nid;

	for_each_node_state(nid, N_MEMORY)
		end = max(end, pgdat_end_pfn(NODE_DATA(nid)));
	return PFN_PHYS(end);
}

static void blocks_below_a_limit(struct kunit *test)
{
	static const phys_addr_t limits[] = {
		SZ_16M, SZ_64M, SZ_256M, SZ_512M + SZ_64K, SZ_1G + SZ_256M, SZ_4G,
	};
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, SZ_64K, SZ_1M };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(sizes[j]);

			req.high = limits[i] - 1;
			/* The kernel's image fills the first memory where that is not at 0. */
			if (req.high >= test_low_end())
				test_free(test, test_alloc(test, &req, GFP_KERNEL));
		}
	}
}

static void blocks_above_a_limit(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, SZ_64K, SZ_4M };
	const phys_addr_t limits[] = {
		SZ_1M, SZ_16M, SZ_16M + 1, end_of_memory() / 2, end_of_memory() / 4 * 3 + 1,
	};
	int i, j;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(sizes[j]);

			req.low = limits[i];
			test_free(test, test_alloc(test, &req, GFP_KERNEL));
		}
	}
}

/* Where the CMA areas end that begin at a pageblock and lie on its node. */
static unsigned long cma_end(unsigned long first)
{
	unsigned long pfn = first;

	while (pfn_to_online_page(pfn) && compat_pageblock_is_cma(pfn) &&
	       page_to_nid(pfn_to_page(pfn)) == page_to_nid(pfn_to_page(first)))
		pfn += pageblock_nr_pages;
	return pfn;
}

/* What lies in a CMA area is CMA's to give, also where the area is a node's own. */
static void every_cma_area_serves(struct kunit *test)
{
	unsigned long pfn, end, last = PFN_DOWN(end_of_memory());
	unsigned int areas = 0;

	for (pfn = 0; pfn < last; pfn = max(end, pfn + pageblock_nr_pages)) {
		struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
		struct contigmem_info info;
		void *vaddr;

		end = cma_end(pfn);
		if (end == pfn)
			continue;
		areas++;
		req.low = PFN_PHYS(pfn);
		req.high = PFN_PHYS(end) - 1;
		KUNIT_EXPECT_EQ_MSG(test, contigmem_query(&req, GFP_KERNEL, NULL), CONTIGMEM_OK,
				    "%s", test_text(test, &req, GFP_KERNEL));
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, contigmem_describe(vaddr, &info), 0);
		KUNIT_EXPECT_EQ(test, info.source, CONTIGMEM_SOURCE_CMA);
		test_free(test, vaddr);
	}
	if (!areas)
		kunit_skip(test, "no CMA area");
	kunit_info(test, "%u areas", areas);
}

/* A racy check: is the pageblock one of the page allocator's free blocks, or in one? */
static bool is_free_pageblock(unsigned long pfn)
{
	unsigned int order;

	if (!pfn_to_online_page(pfn) || compat_pageblock_is_cma(pfn))
		return false;
	for (order = pageblock_order; order <= MAX_PAGE_ORDER; order++) {
		struct page *head = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));

		if (PageBuddy(head) && page_private(head) >= order)
			return true;
	}
	return false;
}

/* The highest free pageblocks of a node and one zone, up to a frame; 0 if there are none. */
static unsigned long highest_free(int nid, unsigned long end, unsigned long nr)
{
	struct zone *zone = NULL;
	unsigned long pfn, last = 0;

	for (pfn = pageblock_start_pfn(end); pfn; ) {
		pfn -= pageblock_nr_pages;
		if (!is_free_pageblock(pfn) || page_to_nid(pfn_to_page(pfn)) != nid ||
		    page_zonenum(pfn_to_page(pfn)) > ZONE_NORMAL) {
			zone = NULL;
			continue;
		}
		if (page_zone(pfn_to_page(pfn)) != zone) {
			zone = page_zone(pfn_to_page(pfn));
			last = pfn + pageblock_nr_pages;
		}
		if (last - pfn >= nr)
			return pfn;
		cond_resched();
	}
	return 0;
}

/*
 * Blocks that are too large for an arena lie as high as they can. The kernel may allocate
 * from the free memory that is higher: then once more.
 */
static void large_blocks_leave_low_memory(struct kunit *test)
{
	unsigned long end = PFN_DOWN(min_t(phys_addr_t, SZ_4G, end_of_memory()));
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_32M);
	unsigned long free, at = 0, checked = 0;
	int nid, tries;

	req.high = SZ_4G - 1;
	for_each_node_state(nid, N_MEMORY) {
		req.nid = nid;
		for (tries = 0; tries < 16; tries++) {
			void *vaddr;

			free = highest_free(nid, end, PFN_UP(req.size));
			if (!free)
				break;
			vaddr = test_alloc(test, &req, GFP_KERNEL | __GFP_THISNODE);
			at = PFN_DOWN(test_phys(test, vaddr));
			test_free(test, vaddr);
			if (at >= free)
				break;
		}
		if (!free)
			continue;
		checked++;
		KUNIT_EXPECT_GE_MSG(test, at, free, "node %d", nid);
	}
	KUNIT_EXPECT_GT(test, checked, 0UL);
}

/* A node with memory in ZONE_NORMAL and in the zone below, which is not ZONE_DMA. */
static int node_with_two_zones(void)
{
#ifdef CONFIG_ZONE_DMA32
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		struct zone *zones = NODE_DATA(nid)->node_zones;

		if (managed_zone(&zones[ZONE_NORMAL]) && managed_zone(&zones[ZONE_DMA32]))
			return nid;
	}
#endif
	return NUMA_NO_NODE;
}

/* Take what the page allocator gives of ZONE_NORMAL before it goes on to a lower zone. */
static void take_zone_normal(int nid, struct list_head *taken)
{
	gfp_t gfp = __GFP_MOVABLE | __GFP_NOWARN | __GFP_THISNODE;
	struct page *page;
	int order;

	for (order = MAX_PAGE_ORDER; order >= 0; order--) {
		INIT_LIST_HEAD(&taken[order]);
		while ((page = alloc_pages_node(nid, gfp, order)) &&
		       page_zonenum(page) == ZONE_NORMAL) {
			list_add(&page->lru, &taken[order]);
			cond_resched();
		}
		if (page)
			__free_pages(page, order);
	}
}

static void put_taken(struct list_head *taken)
{
	struct page *page, *next;
	int order;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		list_for_each_entry_safe(page, next, &taken[order], lru) {
			list_del(&page->lru);
			__free_pages(page, order);
		}
		cond_resched();
	}
}

/* Leave ZONE_NORMAL what the page allocator gives from and contigmem does not. */
static void put_some(int nid, struct list_head *taken)
{
	struct zone *zone = &NODE_DATA(nid)->node_zones[ZONE_NORMAL];
	unsigned long wanted = min_wmark_pages(zone) + pageblock_nr_pages;
	struct page *page;
	int order;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		while (zone_page_state_snapshot(zone, NR_FREE_PAGES) < wanted &&
		       (page = list_first_entry_or_null(&taken[order], struct page, lru))) {
			list_del(&page->lru);
			__free_pages(page, order);
		}
	}
}

static void check_full_zone(struct kunit *test, int nid, bool some)
{
	static const size_t sizes[] = { PAGE_SIZE, SZ_32K, SZ_64K, SZ_2M };
	static struct list_head taken[MAX_PAGE_ORDER + 1];
	struct contigmem_verdict verdict[ARRAY_SIZE(sizes)] = { };
	void *vaddr[ARRAY_SIZE(sizes)];
	int i;

	take_zone_normal(nid, taken);
	if (some)
		put_some(nid, taken);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);

		req.nid = nid;
		req.verdict = &verdict[i];
		vaddr[i] = contigmem_alloc(&req, GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN);
	}
	put_taken(taken);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(vaddr[i]), 0, "%zu bytes", sizes[i]);
		KUNIT_EXPECT_EQ_MSG(test, verdict[i].frames_read, 0UL, "%zu bytes", sizes[i]);
		if (IS_ERR(vaddr[i]))
			continue;
#ifdef CONFIG_ZONE_DMA
		KUNIT_EXPECT_NE_MSG(test, page_zonenum(virt_to_page(vaddr[i])), ZONE_DMA,
				    "%zu bytes", sizes[i]);
#endif
		contigmem_free(vaddr[i]);
	}
}

/* A zone that has nothing to spare is not searched while the next lower one serves. */
static void full_zones_are_not_searched(struct kunit *test)
{
	int nid = node_with_two_zones();

	if (nid == NUMA_NO_NODE)
		kunit_skip(test, "no node has ZONE_NORMAL and ZONE_DMA32");
	check_full_zone(test, nid, false);
	check_full_zone(test, nid, true);
}

static void alignment_is_met(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, SZ_64K };
	struct contigmem_request req;
	void *held[ARRAY_SIZE(sizes)];
	int i;

	req = CONTIGMEM_REQUEST(PAGE_SIZE);
	for (req.align = 1; req.align <= SZ_8M; req.align *= 2) {
		/* All are held at the same time: not each of them is aligned by chance. */
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			req.size = sizes[i];
			held[i] = test_alloc(test, &req, GFP_KERNEL);
		}
		for (i = 0; i < ARRAY_SIZE(sizes); i++)
			test_free(test, held[i]);
	}
}

static void boundary_is_not_crossed(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, 5 * PAGE_SIZE, 11 * PAGE_SIZE };
	void *held[12];
	int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);

		for (req.boundary = SZ_64K; req.boundary <= SZ_1M; req.boundary *= 4) {
			for (j = 0; j < ARRAY_SIZE(held); j++)
				held[j] = test_alloc(test, &req, GFP_KERNEL);
			for (j = 0; j < ARRAY_SIZE(held); j++)
				test_free(test, held[j]);
		}
	}
}

static void boundary_of_the_size_aligns(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);

	for (; req.size <= SZ_8M; req.size *= 2) {
		void *vaddr;

		req.boundary = req.size;
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		KUNIT_EXPECT_EQ_MSG(test, (u64)test_phys(test, vaddr) % req.boundary, 0ULL, "%s",
				    test_text(test, &req, GFP_KERNEL));
		test_free(test, vaddr);
	}
}

/* The window has one place, above the boundary. */
static void boundary_moves_a_block_up(struct kunit *test)
{
	struct contigmem_request shape = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	phys_addr_t base;
	void *vaddr;

	shape.boundary = SZ_64K;
	shape.low = SZ_1M - PAGE_SIZE;
	shape.high = SZ_1M + TEST_ODD_SIZE - 1;
	vaddr = test_alloc_near(test, &shape, &base);
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, vaddr, "%s", test_text(test, &shape, GFP_KERNEL));
	KUNIT_EXPECT_EQ_MSG(test, (u64)test_phys(test, vaddr), (u64)base + SZ_1M, "%s",
			    test_text(test, &shape, GFP_KERNEL));
	test_free(test, vaddr);
}

static void all_constraints_together(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(5 * PAGE_SIZE);
	int nid;

	req.align = SZ_32K;
	req.boundary = SZ_64K;
	req.tag = 0x74736574;
	req.low = SZ_16M + 1;
	req.high = end_of_memory() - SZ_1M - 2;
	req.cache = CONTIGMEM_WRITECOMBINE;
	for_each_node_state(nid, N_MEMORY) {
		req.nid = nid;
		test_free(test, test_alloc(test, &req, GFP_KERNEL | __GFP_THISNODE | __GFP_ZERO));
	}
}

static void strict_node(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, SZ_64K, SZ_8M + PAGE_SIZE };
	int i, nid;

	for_each_node_state(nid, N_MEMORY) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);

			req.nid = nid;
			test_free(test, test_alloc(test, &req, GFP_KERNEL | __GFP_THISNODE));
			req.align = TEST_ODD_ALIGN;
			test_free(test, test_alloc(test, &req, GFP_KERNEL | __GFP_THISNODE));
		}
	}
}

static void preferred_node_with_room_serves(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, SZ_64K, SZ_8M + PAGE_SIZE };
	struct contigmem_info info;
	int i, nid;

	for_each_node_state(nid, N_MEMORY) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);
			void *vaddr;

			req.nid = nid;
			vaddr = test_alloc(test, &req, GFP_KERNEL);
			KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info), 0);
			KUNIT_EXPECT_EQ_MSG(test, info.nid, nid, "%s",
					    test_text(test, &req, GFP_KERNEL));
			test_free(test, vaddr);
		}
	}
}

static void preferred_node_without_falls_back(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, SZ_64K };
	int i, nid = test_node_without(test_low_end());

	if (nid == NUMA_NO_NODE)
		kunit_skip(test, "every node has low memory");
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);

		req.nid = nid;
		req.high = test_low_end();
		test_free(test, test_alloc(test, &req, GFP_KERNEL));
	}
}

/* From the page allocator, from a search, and larger than a pageblock. */
static void cache_types(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, SZ_64K, SZ_2M, SZ_4M + SZ_64K };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(sizes[j]);

			req.cache = caches[i];
			test_free(test, test_alloc(test, &req, GFP_KERNEL));
			req.align = TEST_ODD_ALIGN;
			test_free(test, test_alloc(test, &req, GFP_KERNEL));
		}
	}
}

/* It may be read-only, as the code of a module is, or not be mapped: others decide that. */
static bool neighbour_is_write_back(phys_addr_t phys)
{
	struct pagetable_entry entry;

	return !pagetable_lookup(pagetable_pat(), (unsigned long)__va(phys), &entry) ||
	       entry.type == PAGETABLE_WB;
}

static void cache_type_ends_with_the_block(struct kunit *test)
{
	struct contigmem_request shape = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	phys_addr_t base, phys, below, above;
	void *vaddr;
	int i;

	shape.low = SZ_1M;
	shape.high = SZ_2M - 1;
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		/* An arena of an earlier block may lie beside until the worker has released it. */
		KUNIT_ASSERT_EQ(test, test_settled(test, 0), 0UL);
		shape.cache = caches[i];
		vaddr = test_alloc_near(test, &shape, &base);
		KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, vaddr, "%s",
						 test_text(test, &shape, GFP_KERNEL));
		/* At most whole pageblocks have the type. */
		phys = test_phys(test, vaddr);
		below = ALIGN_DOWN(phys, PAGE_SIZE << pageblock_order) - PAGE_SIZE;
		above = ALIGN(phys + 1, PAGE_SIZE << pageblock_order);
		KUNIT_EXPECT_TRUE_MSG(test, neighbour_is_write_back(below),
				      "%pa, below %pa", &below, &phys);
		KUNIT_EXPECT_TRUE_MSG(test, neighbour_is_write_back(above),
				      "%pa, above %pa", &above, &phys);
		test_free(test, vaddr);
	}
}

/* The same frames, one type after the other. */
static void cache_type_does_not_stick_to_frames(struct kunit *test)
{
	struct contigmem_request shape = CONTIGMEM_REQUEST(SZ_64K);
	phys_addr_t base;
	void *vaddr;
	int i;

	shape.low = SZ_1M;
	shape.high = SZ_1M + SZ_64K - 1;
	for (i = 0; i < 3 * ARRAY_SIZE(caches); i++) {
		shape.cache = caches[i % ARRAY_SIZE(caches)];
		vaddr = test_alloc_near(test, &shape, &base);
		KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, vaddr, "%s",
						 test_text(test, &shape, GFP_KERNEL));
		test_free(test, vaddr);
	}
}

static void readonly_cannot_be_written(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, SZ_2M + SZ_64K };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(sizes[j]);

			req.cache = caches[i];
			req.flags = CONTIGMEM_READONLY;
			test_free(test, test_alloc(test, &req, GFP_KERNEL));
		}
	}
}

static void readonly_shows_what_is_there(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	u8 *direct;
	u8 *byte;
	int i;

	req.flags = CONTIGMEM_READONLY;
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		req.cache = caches[i];
		byte = test_alloc(test, &req, GFP_KERNEL | __GFP_ZERO);
		direct = __va(test_phys(test, byte));
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(byte, 0, req.size), "cache %d", req.cache);
		memset(direct, 0xa5, req.size);
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(byte, 0xa5, req.size), "cache %d",
				      req.cache);
		test_free(test, byte);
	}
}

static void fast_moves_no_page(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, SZ_64K, SZ_1M };
	struct contigmem_verdict verdict;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);
		void *vaddr;

		req.flags = CONTIGMEM_FAST;
		req.verdict = &verdict;
		vaddr = contigmem_alloc(&req, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, vaddr, "%s",
						 test_text(test, &req, GFP_KERNEL));
		test_keep(test, vaddr);
		test_check_block(test, vaddr, &req, GFP_KERNEL);
		KUNIT_EXPECT_EQ_MSG(test, verdict.pages_migrated, 0UL, "%s",
				    test_text(test, &req, GFP_KERNEL));
		test_free(test, vaddr);
	}
}

/* Frames that a processor's list holds: neither in use nor in a free block. */
static unsigned int loose_frames(unsigned long first, unsigned long nr)
{
	unsigned int loose = 0;
	unsigned long pfn;

	for (pfn = first; pfn < first + nr; pfn++)
		loose += !page_ref_count(pfn_to_page(pfn)) && !PageBuddy(pfn_to_page(pfn));
	return loose;
}

static bool any_in_use(unsigned long first, unsigned long nr)
{
	unsigned long pfn;

	for (pfn = first; pfn < first + nr; pfn++) {
		if (page_ref_count(pfn_to_page(pfn)))
			return true;
	}
	return false;
}

/*
 * Frees frames of a pageblock that is otherwise in use, so that they wait in a processor's list,
 * and requests just these. Returns how many waited.
 */
static unsigned int request_from_list(struct kunit *test, struct page *page, unsigned long nr)
{
	unsigned long half = pageblock_nr_pages / 2, freed = nr + pageblock_nr_pages / 8, i;
	unsigned long first = page_to_pfn(page) + half;
	struct contigmem_request req = CONTIGMEM_REQUEST(nr << PAGE_SHIFT);
	struct contigmem_verdict verdict = {};
	unsigned int loose;
	void *vaddr;
	int refused;

	split_page(page, pageblock_order);
	/* Whoever allocates single pages meanwhile gets those that were freed last. */
	for (i = 0; i < freed; i++)
		__free_page(pfn_to_page(first + i));
	loose = loose_frames(first, nr);
	req.low = PFN_PHYS(first);
	req.high = PFN_PHYS(first + nr) - 1;
	req.verdict = &verdict;
	refused = contigmem_query(&req, GFP_KERNEL, NULL);
	vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
	if (!IS_ERR(vaddr))
		test_free(test, vaddr);
	if (IS_ERR(vaddr) || refused)
		KUNIT_EXPECT_TRUE_MSG(test, any_in_use(first, nr),
				      "%lu frames, %u in a list: %s, blocker %#lx %s", nr, loose,
				      contigmem_reason_text(verdict.reason), verdict.blocker,
				      verdict.blocker_kind ?: "-");
	for (i = 0; i < pageblock_nr_pages; i++) {
		if (i < half || i >= half + freed)
			__free_page(page + i);
	}
	return loose;
}

/*
 * A free frame in a processor's list looks like a part of a block of the kernel's, and where a
 * page beside it stays alloc_contig_range() does not drain the list.
 */
static void frames_in_lists_are_served(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 2, 16 };
	unsigned int loose = 0, i;

	for (i = 0; i < 4 * ARRAY_SIZE(sizes); i++) {
		struct page *page = alloc_pages(GFP_KERNEL, pageblock_order);

		KUNIT_ASSERT_NOT_NULL(test, page);
		loose += request_from_list(test, page, sizes[i % ARRAY_SIZE(sizes)]);
	}
	kunit_info(test, "%u frames were in a list", loose);
	KUNIT_EXPECT_NE(test, loose, 0U);
}

static bool in_free_block(unsigned long pfn)
{
	unsigned int order;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		struct page *head = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));

		if (PageBuddy(head) && page_private(head) >= order)
			return true;
	}
	return false;
}

/* Frames of a freed block that wait in a processor's list. */
static unsigned int listed_frames(unsigned long first, unsigned long nr)
{
	unsigned int listed = 0;
	unsigned long pfn;

	for (pfn = first; pfn < first + nr; pfn++)
		listed += !page_ref_count(pfn_to_page(pfn)) && !in_free_block(pfn);
	return listed;
}

/* Have the page allocator move pages to a processor's list now, for what asks for some later. */
static long stock_list(void *nothing)
{
	static const gfp_t kinds[] = { GFP_KERNEL, GFP_HIGHUSER_MOVABLE,
				       GFP_KERNEL | __GFP_RECLAIMABLE };
	unsigned int i, order;
	struct page *page;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (order = 0; order <= PAGE_ALLOC_COSTLY_ORDER; order++) {
			page = alloc_pages(kinds[i] | __GFP_NOWARN, order);
			if (page)
				__free_pages(page, order);
		}
	}
	return 0;
}

/*
 * Large freed blocks are free for every processor: they wait in no processor's list. Other tasks
 * may have frames of the block moved to theirs meanwhile, hardly each time, and few.
 */
static void freed_blocks_wait_in_no_list(struct kunit *test)
{
	static const size_t sizes[] = { SZ_64K, SZ_2M, SZ_2M + SZ_1M, SZ_16M };
	unsigned int idle, i, tries, least;

	if (IS_ENABLED(CONFIG_MEM_ALLOC_PROFILING))
		kunit_skip(test, "the profile of allocations is kept by the page");
	idle = test_set_parameter(test, "arena_idle_mb", 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);

		least = UINT_MAX;
		for (tries = 0; tries < 8 && least; tries++) {
			void *vaddr = test_alloc(test, &req, GFP_KERNEL);
			unsigned long first = PHYS_PFN(contigmem_phys(vaddr));
			int cpu;

			for_each_online_cpu(cpu)
				work_on_cpu(cpu, stock_list, NULL);
			test_free(test, vaddr);
			KUNIT_EXPECT_EQ(test, test_settled(test, 0), 0UL);
			least = min(least, listed_frames(first, PHYS_PFN(req.size)));
		}
		KUNIT_EXPECT_LT_MSG(test, least, PHYS_PFN(req.size) / 4, "%zu bytes", req.size);
	}
	test_set_parameter(test, "arena_idle_mb", idle);
}

/* Free pages of a zone that wait in the lists of all processors. */
static unsigned int listed_pages(const struct zone *zone)
{
	unsigned int listed = 0;
	int cpu;

	for_each_online_cpu(cpu)
		listed += READ_ONCE(per_cpu_ptr(zone->per_cpu_pageset, cpu)->count);
	return listed;
}

/*
 * Free pageblocks are taken without draining the processors' lists, which the next allocations of
 * others would have to fill again. Others drain them as well, hardly each time.
 */
static void free_pageblocks_drain_no_list(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_16M);
	unsigned int idle = test_set_parameter(test, "arena_idle_mb", 0), tries, before, after;
	struct contigmem_info info;
	const struct zone *zone;
	bool kept = false;
	void *vaddr;
	int cpu;

	if (pageblock_order == MAX_PAGE_ORDER) {
		test_set_parameter(test, "arena_idle_mb", idle);
		kunit_skip(test, "no free block is larger than a pageblock");
	}
	/* A pageblock that is a free block alone comes from alloc_contig_range(). */
	req.align = PAGE_SIZE << MAX_PAGE_ORDER;
	for (tries = 0; tries < 8 && !kept; tries++) {
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		zone = page_zone(pfn_to_page(PHYS_PFN(contigmem_phys(vaddr))));
		test_free(test, vaddr);
		KUNIT_EXPECT_EQ(test, test_settled(test, 0), 0UL);
		for_each_online_cpu(cpu)
			work_on_cpu(cpu, stock_list, NULL);
		before = listed_pages(zone);
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		after = listed_pages(zone);
		KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info), 0);
		KUNIT_EXPECT_EQ(test, info.source, CONTIGMEM_SOURCE_RANGE);
		kept = zone == page_zone(pfn_to_page(PHYS_PFN(info.phys))) &&
		       before && after >= before / 2;
		test_free(test, vaddr);
	}
	KUNIT_EXPECT_TRUE_MSG(test, kept, "%u pages in lists, %u afterwards", before, after);
	test_set_parameter(test, "arena_idle_mb", idle);
}

/*
 * What stays in the way of a request is looked at once by each search: for free pageblocks, in low
 * memory twice, for free frames, twice before pages are migrated, and for pieces to gather.
 */
static void a_refusal_looks_once(struct kunit *test)
{
	unsigned long places = 4, searches = 6, least = ULONG_MAX;
	struct contigmem_request req = CONTIGMEM_REQUEST(pageblock_nr_pages << PAGE_SHIFT);
	struct contigmem_request all = req;
	struct contigmem_verdict verdict;
	void *vaddr, *held;
	int i;

	all.size = places * req.size;
	all.align = req.size;
	held = test_alloc(test, &all, GFP_KERNEL);
	req.align = req.size;
	req.low = contigmem_phys(held);
	req.high = req.low + all.size - 1;
	req.verdict = &verdict;
	/* A request has what is at hand elsewhere given back, and looks again then. */
	for (i = 0; i < 8 && least > places * searches; i++) {
		vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), -EBUSY);
		KUNIT_EXPECT_EQ(test, verdict.reason, CONTIGMEM_BLOCKED);
		least = min(least, verdict.windows);
		if (!IS_ERR(vaddr))
			contigmem_free(vaddr);
	}
	KUNIT_EXPECT_LE(test, least, places * searches);
	test_free(test, held);
}

/* The same frames again, with the content of the block before. */
static void zero_clears_a_dirty_block(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, SZ_64K, SZ_2M };
	phys_addr_t base;
	int i, j, again = 0;
	u8 *byte;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(sizes[j]);

			req.low = SZ_1M;
			req.high = SZ_1M + sizes[j] - 1;
			byte = test_alloc_near(test, &req, &base);
			KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, byte, "%s",
							 test_text(test, &req, GFP_KERNEL));
			memset(byte, 0xff, sizes[j]);
			test_free(test, byte);

			req.low += base;
			req.high += base;
			req.cache = caches[i];
			byte = contigmem_alloc(&req, GFP_KERNEL | __GFP_ZERO);
			/* Another owner has the frames now: their content is not known. */
			if (IS_ERR(byte))
				continue;
			test_keep(test, byte);
			again++;
			KUNIT_EXPECT_NULL_MSG(test, memchr_inv(byte, 0, sizes[j]), "%s",
					      test_text(test, &req, GFP_KERNEL | __GFP_ZERO));
			test_free(test, byte);
		}
	}
	KUNIT_EXPECT_GT(test, again, 0);
}

static void zero_clears_from_every_source(struct kunit *test)
{
	static const size_t sizes[] = { 1, PAGE_SIZE, TEST_ODD_SIZE, SZ_8M + PAGE_SIZE };
	u8 *byte;
	int i, round;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);
		size_t size = PAGE_ALIGN(sizes[i]);

		for (round = 0; round < 3; round++) {
			byte = test_alloc(test, &req, GFP_KERNEL | __GFP_ZERO);
			KUNIT_EXPECT_NULL_MSG(test, memchr_inv(byte, 0, size), "round %d: %s",
					      round, test_text(test, &req, GFP_KERNEL));
			memset(byte, 0xff, size);
			test_free(test, byte);
		}
	}
}

#define AGE_ERROR	(500 * NSEC_PER_MSEC)

static void describe_counts_blocks_and_time(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	struct contigmem_info first, again, second;
	u64 before = ktime_get_mono_fast_ns(), start, end;
	void *vaddr = test_alloc(test, &req, GFP_KERNEL);

	KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &first), 0);
	start = ktime_get_mono_fast_ns();
	/* The clock of msleep() is another one, and this one may step back a little. */
	do {
		msleep(200);
		end = ktime_get_mono_fast_ns();
	} while (end - start < 2 * AGE_ERROR);
	KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &again), 0);
	KUNIT_EXPECT_EQ(test, again.id, first.id);
	/* An age is counted in ticks, which come late in a busy virtual machine. */
	KUNIT_EXPECT_GE(test, again.age_ns + AGE_ERROR, first.age_ns + (end - start));
	KUNIT_EXPECT_LE(test, again.age_ns, ktime_get_mono_fast_ns() - before + AGE_ERROR);
	test_free(test, vaddr);

	vaddr = test_alloc(test, &req, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &second), 0);
	KUNIT_EXPECT_NE(test, second.id, first.id);
	test_free(test, vaddr);
}

static void describe_names_the_caller(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	void *other = (void *)0x1234UL;
	struct contigmem_info info;
	void *vaddr;

	vaddr = test_alloc(test, &req, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info), 0);
	KUNIT_EXPECT_TRUE_MSG(test, within_module((unsigned long)info.caller, THIS_MODULE),
			      "caller %pS", info.caller);
	test_free(test, vaddr);

	vaddr = contigmem_alloc_track_caller(&req, GFP_KERNEL, other);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	test_keep(test, vaddr);
	KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info), 0);
	KUNIT_EXPECT_PTR_EQ(test, info.caller, other);
	test_free(test, vaddr);
}

static void verdict_of_a_served_request(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, SZ_8M + SZ_4M };
	struct contigmem_verdict verdict;
	struct contigmem_info info;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);
		void *vaddr;

		memset(&verdict, 0xa5, sizeof(verdict));
		req.verdict = &verdict;
		vaddr = contigmem_alloc(&req, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, vaddr, "%s",
						 test_text(test, &req, GFP_KERNEL));
		test_keep(test, vaddr);
		KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info), 0);
		KUNIT_EXPECT_EQ_MSG(test, verdict.reason, CONTIGMEM_OK, "%s",
				    test_text(test, &req, GFP_KERNEL));
		KUNIT_EXPECT_EQ_MSG(test, verdict.source, info.source, "%s",
				    test_text(test, &req, GFP_KERNEL));
		KUNIT_EXPECT_GT_MSG(test, verdict.attempts, 0UL, "%s",
				    test_text(test, &req, GFP_KERNEL));
		/* Every field was written. */
		KUNIT_EXPECT_LT_MSG(test, verdict.ns, 60ULL * NSEC_PER_SEC, "%s",
				    test_text(test, &req, GFP_KERNEL));
		KUNIT_EXPECT_LT_MSG(test, verdict.windows, 1UL << 40, "%s",
				    test_text(test, &req, GFP_KERNEL));
		KUNIT_EXPECT_LT_MSG(test, verdict.frames_read, 1UL << 40, "%s",
				    test_text(test, &req, GFP_KERNEL));
		KUNIT_EXPECT_LT_MSG(test, verdict.largest_free, 1UL << 40, "%s",
				    test_text(test, &req, GFP_KERNEL));
		test_free(test, vaddr);
	}
}

static void phys_of_every_byte(struct kunit *test)
{
	static const unsigned int flags[] = { 0, CONTIGMEM_READONLY };
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		phys_addr_t phys;
		size_t at;
		u8 *byte;

		req.flags = flags[i];
		byte = test_alloc(test, &req, GFP_KERNEL);
		phys = test_phys(test, byte);
		for (at = 0; at < TEST_ODD_SIZE; at += 13)
			KUNIT_EXPECT_EQ_MSG(test, (u64)contigmem_phys(byte + at), (u64)phys + at,
					    "byte %#zx, flags %#x", at, req.flags);
		KUNIT_EXPECT_EQ(test, (u64)contigmem_phys(byte + TEST_ODD_SIZE - 1),
				(u64)phys + TEST_ODD_SIZE - 1);
		KUNIT_EXPECT_EQ(test, (u64)contigmem_phys(byte - 1), 0ULL);
		KUNIT_EXPECT_EQ(test, (u64)contigmem_phys(byte + TEST_ODD_SIZE), 0ULL);
		test_free(test, byte);
	}
}

static void atomic_caller_gets_cached_memory(struct kunit *test)
{
	static const gfp_t gfps[] = { GFP_ATOMIC, GFP_NOWAIT, GFP_ATOMIC | __GFP_ZERO };
	static const size_t sizes[] = { 1, PAGE_SIZE, 2 * PAGE_SIZE, 4 * PAGE_SIZE };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(sizes[j]);
			struct contigmem_info info;
			unsigned long flags;
			void *vaddr;

			spin_lock_irqsave(&lock, flags);
			vaddr = contigmem_alloc(&req, gfps[i]);
			spin_unlock_irqrestore(&lock, flags);
			KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, vaddr, "%s",
							 test_text(test, &req, gfps[i]));
			test_keep(test, vaddr);
			test_check_block(test, vaddr, &req, gfps[i]);

			KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info), 0);
			test_forget(vaddr);
			spin_lock_irqsave(&lock, flags);
			contigmem_free(vaddr);
			spin_unlock_irqrestore(&lock, flags);
			test_check_gone(test, &info);
		}
	}
}

static void atomic_caller_is_told_what_would_sleep(struct kunit *test)
{
	static const struct {
		enum contigmem_cache cache;
		unsigned int flags;
	} typed[] = {
		{ CONTIGMEM_UNCACHED, 0 },
		{ CONTIGMEM_WRITECOMBINE, 0 },
		{ CONTIGMEM_CACHED, CONTIGMEM_READONLY },
		{ CONTIGMEM_UNCACHED, CONTIGMEM_READONLY },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(typed); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
		struct contigmem_verdict verdict = { };
		unsigned long flags;
		void *vaddr;

		req.cache = typed[i].cache;
		req.flags = typed[i].flags;
		req.verdict = &verdict;
		spin_lock_irqsave(&lock, flags);
		vaddr = contigmem_alloc(&req, GFP_ATOMIC);
		spin_unlock_irqrestore(&lock, flags);
		/* An arena of this type may serve the request. */
		if (!IS_ERR(vaddr)) {
			KUNIT_EXPECT_FALSE(test, req.flags & CONTIGMEM_READONLY);
			KUNIT_EXPECT_EQ(test, verdict.source, CONTIGMEM_SOURCE_ARENA);
			test_check_block(test, vaddr, &req, GFP_ATOMIC);
			contigmem_free(vaddr);
			continue;
		}
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR(vaddr), -EAGAIN, "%s",
				    test_text(test, &req, GFP_ATOMIC));
		KUNIT_EXPECT_EQ_MSG(test, verdict.reason, CONTIGMEM_WOULD_SLEEP, "%s",
				    test_text(test, &req, GFP_ATOMIC));
	}
}

/* The ledger forgets the block at once; a worker restores the cache type. */
static void atomic_caller_frees_any_block(struct kunit *test)
{
	int i, readonly;

	for (i = 0; i < 2 * ARRAY_SIZE(caches); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
		struct contigmem_info info;
		unsigned long flags;
		void *vaddr;

		readonly = i % 2;
		req.align = TEST_ODD_ALIGN;
		req.cache = caches[i / 2];
		req.flags = readonly ? CONTIGMEM_READONLY : 0;
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info), 0);
		test_forget(vaddr);
		spin_lock_irqsave(&lock, flags);
		contigmem_free(vaddr);
		spin_unlock_irqrestore(&lock, flags);

		test_check_gone(test, &info);
	}
}

/* The Windows API leaves the content undefined; init_on_alloc= zeroes it. */
static void init_on_alloc_is_honoured(struct kunit *test)
{
	struct contigmem_partition *partition;
	struct contigmem_request req;
	void *vaddr, *neighbour;
	int i, in;

	if (!want_init_on_alloc(0))
		kunit_skip(test, "the system leaves memory as it is");
	partition = contigmem_partition_create("clear", &CONTIGMEM_REQUEST(SZ_64K));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, partition);
	for (in = 0; in < 2; in++) {
		for (i = 0; i < ARRAY_SIZE(caches); i++) {
			req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
			if (in && caches[i] != CONTIGMEM_CACHED)
				continue;
			req.partition = in ? partition : NULL;
			req.cache = caches[i];
			/* @neighbour keeps the arena, so the next block gets the same frames. */
			neighbour = test_alloc(test, &req, GFP_KERNEL);
			vaddr = test_alloc(test, &req, GFP_KERNEL);
			memset(vaddr, 0xa5, TEST_ODD_SIZE);
			test_forget(vaddr);
			contigmem_free(vaddr);
			vaddr = test_alloc(test, &req, GFP_KERNEL);
			KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, TEST_ODD_SIZE));
			test_forget(vaddr);
			contigmem_free(vaddr);
			test_forget(neighbour);
			contigmem_free(neighbour);
		}
	}
	KUNIT_EXPECT_EQ(test, contigmem_partition_close(partition), 0);
}

/* A block that fills large pages of the direct map does not split them, nor does its free. */
static void large_pages_stay(struct kunit *test)
{
	void *small[64] = { };
	phys_addr_t phys;
	int i, seen = 0;

	if (PAGETABLE_APART)
		kunit_skip(test, "the direct map keeps its type here");
	if (debug_pagealloc_enabled())
		kunit_skip(test, "with debug_pagealloc the direct map has no large pages");
	for (i = 0; i < ARRAY_SIZE(small) && !seen; i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(SZ_2M);
		int type;

		/* Earlier tests have split some large pages: go on until one is whole. */
		req.align = SZ_2M;
		small[i] = test_alloc(test, &req, GFP_KERNEL);
		phys = test_phys(test, small[i]);
		if (test_mapped_by(test, phys) < SZ_2M)
			continue;
		seen++;
		test_free(test, small[i]);
		req.low = phys;
		req.high = phys + SZ_2M - 1;
		for (type = 1; type < ARRAY_SIZE(caches); type++) {
			void *vaddr;

			req.cache = caches[type];
			vaddr = test_alloc(test, &req, GFP_KERNEL);
			KUNIT_EXPECT_GE(test, test_mapped_by(test, phys), (unsigned long)SZ_2M);
			test_free(test, vaddr);
			KUNIT_EXPECT_GE(test, test_mapped_by(test, phys), (unsigned long)SZ_2M);
		}
		small[i] = NULL;
	}
	KUNIT_EXPECT_EQ(test, seen, 1);
	for (i = 0; i < ARRAY_SIZE(small); i++) {
		if (small[i])
			test_free(test, small[i]);
	}
}

static struct platform_device *a_device(struct kunit *test)
{
	struct platform_device *device;

	device = platform_device_register_simple("contigmem_test", PLATFORM_DEVID_NONE, NULL, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device);
	return device;
}

static void devm_block_goes_with_its_device(struct kunit *test)
{
	struct platform_device *device = a_device(test);
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	struct contigmem_info info[ARRAY_SIZE(caches)];
	int i;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		void *vaddr;

		req.cache = caches[i];
		vaddr = devm_contigmem_alloc(&device->dev, &req, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, vaddr, "%s",
						 test_text(test, &req, GFP_KERNEL));
		test_check_block(test, vaddr, &req, GFP_KERNEL);
		KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info[i]), 0);
	}
	platform_device_unregister(device);
	for (i = 0; i < ARRAY_SIZE(caches); i++)
		test_check_gone(test, &info[i]);
}

static void devm_passes_errors_on(struct kunit *test)
{
	struct platform_device *device = a_device(test);
	struct contigmem_request req = CONTIGMEM_REQUEST(0);

	KUNIT_EXPECT_EQ(test, PTR_ERR(devm_contigmem_alloc(&device->dev, &req, GFP_KERNEL)),
			-EINVAL);
	platform_device_unregister(device);
}

static struct kunit_case alloc_cases[] = {
	KUNIT_CASE(sizes_round_up_to_whole_pages),
	KUNIT_CASE(larger_than_the_page_allocator_gives),
	KUNIT_CASE(every_byte_can_be_used),
	KUNIT_CASE(low_is_the_first_byte),
	KUNIT_CASE(high_is_the_last_byte),
	KUNIT_CASE(high_bounds_the_rounded_size),
	KUNIT_CASE(odd_sizes_fill_their_window),
	KUNIT_CASE(blocks_below_a_limit),
	KUNIT_CASE(blocks_above_a_limit),
	KUNIT_CASE(every_cma_area_serves),
	KUNIT_CASE(large_blocks_leave_low_memory),
	KUNIT_CASE(full_zones_are_not_searched),
	KUNIT_CASE(alignment_is_met),
	KUNIT_CASE(boundary_is_not_crossed),
	KUNIT_CASE(boundary_of_the_size_aligns),
	KUNIT_CASE(boundary_moves_a_block_up),
	KUNIT_CASE(all_constraints_together),
	KUNIT_CASE(strict_node),
	KUNIT_CASE(preferred_node_with_room_serves),
	KUNIT_CASE(preferred_node_without_falls_back),
	KUNIT_CASE_SLOW(cache_types),
	KUNIT_CASE(cache_type_ends_with_the_block),
	KUNIT_CASE(cache_type_does_not_stick_to_frames),
	KUNIT_CASE(readonly_cannot_be_written),
	KUNIT_CASE(readonly_shows_what_is_there),
	KUNIT_CASE(fast_moves_no_page),
	KUNIT_CASE(frames_in_lists_are_served),
	KUNIT_CASE(freed_blocks_wait_in_no_list),
	KUNIT_CASE(free_pageblocks_drain_no_list),
	KUNIT_CASE(a_refusal_looks_once),
	KUNIT_CASE(zero_clears_a_dirty_block),
	KUNIT_CASE(zero_clears_from_every_source),
	KUNIT_CASE(describe_counts_blocks_and_time),
	KUNIT_CASE(describe_names_the_caller),
	KUNIT_CASE(verdict_of_a_served_request),
	KUNIT_CASE(phys_of_every_byte),
	KUNIT_CASE(atomic_caller_gets_cached_memory),
	KUNIT_CASE(atomic_caller_is_told_what_would_sleep),
	KUNIT_CASE(atomic_caller_frees_any_block),
	KUNIT_CASE(init_on_alloc_is_honoured),
	KUNIT_CASE(large_pages_stay),
	KUNIT_CASE(devm_block_goes_with_its_device),
	KUNIT_CASE(devm_passes_errors_on),
	{}
};

struct kunit_suite alloc_suite = {
	.name = "contigmem_alloc",
	.init = test_init,
	.exit = test_exit,
	.test_cases = alloc_cases,
};
