// SPDX-License-Identifier: GPL-2.0
/*
 * What a Linux driver needs beside a block: a request from its device, an address on its
 * bus, the gfp bits that it passes, and objects smaller than a page.
 */
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "suites.h"

static const enum contigmem_cache caches[] = {
	CONTIGMEM_CACHED, CONTIGMEM_UNCACHED, CONTIGMEM_WRITECOMBINE,
};

static DEFINE_SPINLOCK(lock);

static void put_device_of_test(void *device)
{
	platform_device_unregister(device);
}

/* A device with this mask, gone when the test ends. */
static struct device *a_device(struct kunit *test, u64 mask)
{
	struct platform_device *device;

	device = platform_device_register_simple("contigmem_test", PLATFORM_DEVID_AUTO, NULL, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device);
	device->dev.coherent_dma_mask = mask;
	*device->dev.dma_mask = mask;
	return &device->dev;
}

static void request_reaches_as_far_as_the_device(struct kunit *test)
{
	static const unsigned int bits[] = { 24, 28, 30, 31, 32, 36, 64 };
	int i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		struct device *dev = a_device(test, DMA_BIT_MASK(bits[i]));
		struct contigmem_request req = contigmem_request_for(dev, TEST_ODD_SIZE);
		void *vaddr;

		KUNIT_EXPECT_EQ(test, (u64)req.high, DMA_BIT_MASK(bits[i]));
		/* The device reaches memory. */
		if (req.high >= test_low_end()) {
			vaddr = test_alloc(test, &req, GFP_KERNEL);
			KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, TEST_ODD_SIZE));
			memset(vaddr, 0xa5, TEST_ODD_SIZE);
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(test_phys(test, vaddr), SZ_16K));
			test_free(test, vaddr);
		}
		put_device_of_test(to_platform_device(dev));
	}
}

static void request_heeds_the_bus(struct kunit *test)
{
	static const struct bus_dma_region map[] = {
		{ .cpu_start = SZ_256M, .dma_start = 0, .size = SZ_128M },
		{ .cpu_start = SZ_1G, .dma_start = SZ_1G, .size = SZ_1G },
		{ }
	};
	struct device *dev = a_device(test, DMA_BIT_MASK(64));
	struct device *numb = a_device(test, 0);

	dev->bus_dma_limit = DMA_BIT_MASK(30);
	KUNIT_EXPECT_EQ(test, (u64)contigmem_request_for(dev, SZ_4K).high, DMA_BIT_MASK(30));
	dev->dma_range_map = map;
	KUNIT_EXPECT_EQ(test, (u64)contigmem_request_for(dev, SZ_4K).high,
			(u64)SZ_256M + SZ_128M - 1);
	dev->bus_dma_limit = SZ_64M - 1;
	KUNIT_EXPECT_EQ(test, (u64)contigmem_request_for(dev, SZ_4K).high,
			(u64)SZ_256M + SZ_64M - 1);
	dev->bus_dma_limit = 0;
	KUNIT_EXPECT_EQ(test, (u64)contigmem_request_for(dev, SZ_4K).high, (u64)SZ_2G - 1);
	dev->dma_range_map = NULL;
	/* A device without a mask reaches nothing. */
	KUNIT_EXPECT_EQ(test, (u64)contigmem_request_for(numb, SZ_4K).high, 0ULL);
	put_device_of_test(to_platform_device(dev));
	put_device_of_test(to_platform_device(numb));
}

static void request_has_node_boundary_and_alignment(struct kunit *test)
{
	static const struct {
		size_t bytes;
		phys_addr_t align, boundary;
	} rows[] = {
		{ 0, 0, SZ_64K },
		{ 1, PAGE_SIZE, SZ_64K },
		{ SZ_64K, SZ_64K, SZ_64K },
		{ SZ_64K + 1, SZ_128K, 0 },
		{ SZ_1G, PAGE_SIZE << MAX_PAGE_ORDER, 0 },
		{ SIZE_MAX, PAGE_SIZE << MAX_PAGE_ORDER, 0 },
	};
	struct device *dev = a_device(test, DMA_BIT_MASK(64));
	struct device_dma_parameters parameters = { .segment_boundary_mask = SZ_64K - 1 };
	int i;

	set_dev_node(dev, first_online_node);
	dev->dma_parms = &parameters;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct contigmem_request req = contigmem_request_for(dev, rows[i].bytes);

		KUNIT_EXPECT_EQ(test, req.size, rows[i].bytes);
		KUNIT_EXPECT_EQ(test, req.nid, (int)first_online_node);
		KUNIT_EXPECT_EQ_MSG(test, (u64)req.align, (u64)rows[i].align, "row %d", i);
		KUNIT_EXPECT_EQ_MSG(test, (u64)req.boundary, (u64)rows[i].boundary, "row %d", i);
	}
	/* No boundary. */
	parameters.segment_boundary_mask = ULONG_MAX;
	KUNIT_EXPECT_EQ(test, (u64)contigmem_request_for(dev, SZ_4K).boundary, 0ULL);
	dev->dma_parms = NULL;
	put_device_of_test(to_platform_device(dev));
}

static void device_finds_the_block_itself(struct kunit *test)
{
	struct device *dev = a_device(test, DMA_BIT_MASK(64));
	int i;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		struct contigmem_request req = contigmem_request_for(dev, TEST_ODD_SIZE);
		dma_addr_t dma;
		void *vaddr;

		req.cache = caches[i];
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		dma = contigmem_dma_map(dev, vaddr);
		KUNIT_ASSERT_NE(test, (u64)dma, (u64)DMA_MAPPING_ERROR);
		/* No test kernel has an IOMMU. */
		KUNIT_EXPECT_EQ(test, (u64)dma_to_phys(dev, dma), (u64)test_phys(test, vaddr));
		contigmem_dma_unmap(dev, vaddr, dma);
		test_check_block(test, vaddr, &req, GFP_KERNEL);
		test_free(test, vaddr);
	}
	put_device_of_test(to_platform_device(dev));
}

/* swiotlb would give it a copy. */
static void device_out_of_reach_gets_no_address(struct kunit *test)
{
	struct device *dev = a_device(test, DMA_BIT_MASK(24));
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	char *vaddr;

	req.low = SZ_16M;
	vaddr = test_alloc(test, &req, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, (u64)contigmem_dma_map(dev, vaddr), (u64)DMA_MAPPING_ERROR);
	*dev->dma_mask = DMA_BIT_MASK(64);
	dev->bus_dma_limit = test_phys(test, vaddr) + PAGE_SIZE - 2;
	KUNIT_EXPECT_EQ(test, (u64)contigmem_dma_map(dev, vaddr), (u64)DMA_MAPPING_ERROR);
	dev->bus_dma_limit = 0;
	KUNIT_EXPECT_EQ(test, (u64)contigmem_dma_map(dev, vaddr + 8), (u64)DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, (u64)contigmem_dma_map(dev, &req), (u64)DMA_MAPPING_ERROR);
	test_expect_warning("unmapped for a device");
	contigmem_dma_unmap(dev, vaddr + 8, 0);
	test_free(test, vaddr);
	put_device_of_test(to_platform_device(dev));
}

#ifdef CONFIG_ZONE_DMA
/* Where the next zone begins, on any node. */
static phys_addr_t end_of_zone_dma(void)
{
	unsigned long end = ULONG_MAX;
	int nid, i;

	for_each_node_state(nid, N_MEMORY) {
		for (i = ZONE_DMA + 1; i <= ZONE_NORMAL; i++) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];

			if (populated_zone(zone))
				end = min(end, zone->zone_start_pfn);
		}
	}
	return PFN_PHYS(end);
}
#endif

static void zone_bits_lower_the_range(struct kunit *test)
{
	static const gfp_t ignored[] = {
		__GFP_HARDWALL, __GFP_COMP, __GFP_NORETRY, __GFP_RETRY_MAYFAIL,
		__GFP_COMP | __GFP_RETRY_MAYFAIL,
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	void *vaddr;
	int i;

	vaddr = test_alloc(test, &req, GFP_KERNEL | GFP_DMA32);
	KUNIT_EXPECT_LT(test, (u64)test_phys(test, vaddr), (u64)SZ_4G);
	test_free(test, vaddr);
	req.low = SZ_4G;
	vaddr = contigmem_alloc(&req, GFP_KERNEL | GFP_DMA32 | __GFP_NOWARN);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), -ERANGE);
	if (!IS_ERR(vaddr))
		contigmem_free(vaddr);
	req.low = 0;
#ifdef CONFIG_ZONE_DMA
	vaddr = test_alloc(test, &req, GFP_KERNEL | GFP_DMA);
	KUNIT_EXPECT_EQ(test, (int)page_zonenum(virt_to_page(vaddr)), (int)ZONE_DMA);
	test_free(test, vaddr);
	/* Not wider than the request's own range. */
	req.high = test_low_end() - SZ_8M;
	vaddr = test_alloc(test, &req, GFP_KERNEL | GFP_DMA);
	KUNIT_EXPECT_LE(test, (u64)test_phys(test, vaddr), (u64)req.high);
	test_free(test, vaddr);
	req.high = -1;
	req.low = end_of_zone_dma();
	vaddr = contigmem_alloc(&req, GFP_KERNEL | GFP_DMA | __GFP_NOWARN);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), -ERANGE);
	if (!IS_ERR(vaddr))
		contigmem_free(vaddr);
	req.low = 0;
#endif
	for (i = 0; i < ARRAY_SIZE(ignored); i++)
		test_free(test, test_alloc(test, &req, GFP_KERNEL | ignored[i]));
}

/* The flag clears a dirty block, of each type. */
static void zero_flag_clears(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	int i, round;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		req.cache = caches[i];
		for (round = 0; round < 3; round++) {
			void *vaddr;

			req.flags = round ? CONTIGMEM_ZERO : 0;
			vaddr = test_alloc(test, &req, GFP_KERNEL);
			if (round)
				KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, SZ_64K));
			memset(vaddr, 0xa5, SZ_64K);
			test_free(test, vaddr);
		}
	}
}

#define POOL_OBJECTS	600

struct pool_object {
	u8 *vaddr;
	phys_addr_t phys;
};

static struct pool_object objects[POOL_OBJECTS];

static bool overlap(const struct pool_object *a, const struct pool_object *b, size_t size)
{
	return a->phys < b->phys + size && b->phys < a->phys + size;
}

/* Each object meets the pool's constraints, and keeps its content beside the others. */
static void check_objects(struct kunit *test, const struct contigmem_request *req, size_t size,
			  size_t align, size_t boundary)
{
	unsigned int i, j;

	for (i = 0; i < POOL_OBJECTS; i++) {
		const struct pool_object *object = &objects[i];
		phys_addr_t last = object->phys + size - 1;

		if (!object->vaddr)
			continue;
		KUNIT_EXPECT_EQ(test, (u64)test_phys(test, object->vaddr) +
				offset_in_page(object->vaddr), (u64)object->phys);
		KUNIT_EXPECT_LE(test, (u64)last, (u64)req->high);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(object->phys, align ?: sizeof(long)));
		if (boundary)
			KUNIT_EXPECT_EQ(test, (u64)(object->phys & ~((u64)boundary - 1)),
					(u64)(last & ~((u64)boundary - 1)));
		KUNIT_EXPECT_NULL(test, memchr_inv(object->vaddr, (u8)i, size));
		for (j = 0; j < i; j++) {
			if (objects[j].vaddr && overlap(object, &objects[j], size))
				KUNIT_FAIL(test, "objects %u and %u overlap", i, j);
		}
		if (!(i % 64))
			cond_resched();
	}
}

static void pool_objects_meet_their_constraints(struct kunit *test)
{
	static const struct {
		size_t size, align, boundary;
	} rows[] = {
		{ 8, 0, 0 }, { 24, 0, 0 }, { 64, 64, SZ_4K }, { 1500, 4, SZ_2K },
		{ 96, 32, 1024 }, { 3000, 0, SZ_4K }, { 3072, 16, SZ_64K }, { 4096, 4096, SZ_4K },
		{ 256, 0, 256 }, { 5000, 0, SZ_8K }, { 100, 1024, 128 }, { 12288, 256, 0 },
	};
	struct rnd_state rnd;
	unsigned int i, j, steps;

	test_random_start(test, &rnd);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(0);
		struct contigmem_pool *pool;

		req.cache = caches[i % ARRAY_SIZE(caches)];
		req.high = DMA_BIT_MASK(32);
		pool = contigmem_pool_create("test", &req, rows[i].size, rows[i].align,
					     rows[i].boundary);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
		for (steps = 0; steps < 3 * POOL_OBJECTS; steps++) {
			struct pool_object *object;

			j = test_random_below(&rnd, POOL_OBJECTS);
			object = &objects[j];
			if (object->vaddr) {
				contigmem_pool_free(pool, object->vaddr);
				object->vaddr = NULL;
				continue;
			}
			object->vaddr = contigmem_pool_alloc(pool, GFP_KERNEL, &object->phys);
			if (IS_ERR(object->vaddr)) {
				KUNIT_FAIL(test, "row %u: %pe", i, object->vaddr);
				object->vaddr = NULL;
				break;
			}
			memset(object->vaddr, j, rows[i].size);
		}
		check_objects(test, &req, rows[i].size, rows[i].align, rows[i].boundary);
		test_audit(test);
		for (j = 0; j < POOL_OBJECTS; j++) {
			contigmem_pool_free(pool, objects[j].vaddr);
			objects[j].vaddr = NULL;
		}
		contigmem_pool_destroy(pool);
	}
}

static void pool_refuses_bad_arguments(struct kunit *test)
{
	static const struct {
		size_t size, align, boundary;
	} rows[] = {
		{ 0, 0, 0 }, { 8, 3, 0 }, { 8, 0, 24 }, { 64, 0, 32 }, { SIZE_MAX, 0, 0 },
		{ 8, SIZE_MAX / 2 + 1, 0 },
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(0);
	struct contigmem_pool *pool;
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		pool = contigmem_pool_create("test", &req, rows[i].size, rows[i].align,
					     rows[i].boundary);
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(pool), -EINVAL, "row %d", i);
	}
	req.flags = CONTIGMEM_READONLY;
	pool = contigmem_pool_create("test", &req, 8, 0, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -EINVAL);
	/* What is wrong with the request is said when memory is wanted. */
	req = CONTIGMEM_REQUEST(0);
	req.low = 1;
	req.high = 0;
	pool = contigmem_pool_create("test", &req, 8, 0, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_pool_alloc(pool, GFP_KERNEL | __GFP_NOWARN,
								   NULL)), -EINVAL);
	contigmem_pool_destroy(pool);
	contigmem_pool_destroy(NULL);
}

static void pool_serves_atomic_callers_from_its_blocks(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(0);
	struct contigmem_pool *pool;
	void *first, *second, *third;
	unsigned long flags;

	req.cache = CONTIGMEM_UNCACHED;
	pool = contigmem_pool_create("test", &req, 2048, 0, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	first = contigmem_pool_alloc(pool, GFP_KERNEL, NULL);
	spin_lock_irqsave(&lock, flags);
	second = contigmem_pool_alloc(pool, GFP_ATOMIC | __GFP_NOWARN, NULL);
	if (!IS_ERR(second))
		contigmem_pool_free(pool, second);
	third = contigmem_pool_alloc(pool, GFP_ATOMIC | __GFP_NOWARN, NULL);
	spin_unlock_irqrestore(&lock, flags);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, first);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, second);
	/* What was freed last is in the caches. */
	KUNIT_EXPECT_PTR_EQ(test, second, third);
	if (!IS_ERR(first))
		contigmem_pool_free(pool, first);
	if (!IS_ERR(third))
		contigmem_pool_free(pool, third);
	contigmem_pool_destroy(pool);
}

static void pool_clears_objects(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(0);
	struct contigmem_pool *pool;
	unsigned int by_flag;
	u8 *object;

	for (by_flag = 0; by_flag < 2; by_flag++) {
		req.flags = by_flag ? CONTIGMEM_ZERO : 0;
		pool = contigmem_pool_create("test", &req, 100, 0, 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
		object = contigmem_pool_alloc(pool, GFP_KERNEL, NULL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, object);
		memset(object, 0xa5, 100);
		contigmem_pool_free(pool, object);
		object = contigmem_pool_alloc(pool, by_flag ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO,
					      NULL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, object);
		KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, 100));
		contigmem_pool_free(pool, object);
		contigmem_pool_destroy(pool);
	}
}

/* No object, an inner address, and an object that was freed: one WARN each, nothing changes. */
static void pool_survives_wrong_frees(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(0);
	/* The last bytes of its block are no object. */
	struct contigmem_pool *pool = contigmem_pool_create("test", &req, 96, 0, 0);
	u8 *first, *second, *wrong[4];
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	first = contigmem_pool_alloc(pool, GFP_KERNEL, NULL);
	second = contigmem_pool_alloc(pool, GFP_KERNEL, NULL);
	contigmem_pool_free(pool, second);
	contigmem_pool_free(pool, NULL);
	wrong[0] = (u8 *)&req;
	wrong[1] = first + 8;
	wrong[2] = second;
	wrong[3] = first + rounddown(PAGE_SIZE, 96);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		test_expect_warning("no object at this address");
		contigmem_pool_free(pool, wrong[i]);
	}
	KUNIT_EXPECT_PTR_EQ(test, (u8 *)contigmem_pool_alloc(pool, GFP_KERNEL, NULL), second);
	contigmem_pool_free(pool, first);
	contigmem_pool_free(pool, second);
	contigmem_pool_destroy(pool);
}

/* The block of an object in use outlives its pool, and is an ordinary block. */
static void pool_keeps_what_is_in_use(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(0);
	struct contigmem_pool *pool = contigmem_pool_create("test", &req, PAGE_SIZE, 0, PAGE_SIZE);
	struct contigmem_info info;
	void *kept, *freed;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	kept = contigmem_pool_alloc(pool, GFP_KERNEL, NULL);
	freed = contigmem_pool_alloc(pool, GFP_KERNEL, NULL);
	contigmem_pool_free(pool, freed);
	contigmem_pool_destroy(pool);
	KUNIT_EXPECT_EQ(test, contigmem_describe(freed, &info), -ENOENT);
	KUNIT_ASSERT_EQ(test, contigmem_describe(kept, &info), 0);
	contigmem_free(info.vaddr);
}

static void pool_goes_with_its_device(struct kunit *test)
{
	struct device *dev = a_device(test, DMA_BIT_MASK(32));
	struct contigmem_request req = contigmem_request_for(dev, 0);
	struct contigmem_pool *pool = devm_contigmem_pool_create(dev, &req, 64, 0, 0);
	struct contigmem_info info;
	phys_addr_t phys;
	void *object;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	object = contigmem_pool_alloc(pool, GFP_KERNEL, &phys);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, object);
	KUNIT_EXPECT_LE(test, (u64)phys, (u64)DMA_BIT_MASK(32));
	contigmem_pool_free(pool, object);
	put_device_of_test(to_platform_device(dev));
	KUNIT_EXPECT_EQ(test, contigmem_describe(object, &info), -ENOENT);
}

struct pool_thread {
	struct contigmem_pool *pool;
	unsigned int seed, rounds, wrong;
	struct completion done;
};

static int pool_thread_run(void *data)
{
	struct pool_thread *thread = data;
	u32 *held[16] = { };
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, thread->seed);
	for (i = 0; i < thread->rounds; i++) {
		u32 **slot = &held[test_random_below(&rnd, ARRAY_SIZE(held))];

		if (*slot) {
			thread->wrong += **slot != thread->seed;
			contigmem_pool_free(thread->pool, *slot);
			*slot = NULL;
			continue;
		}
		*slot = contigmem_pool_alloc(thread->pool, GFP_KERNEL, NULL);
		if (IS_ERR(*slot)) {
			thread->wrong++;
			*slot = NULL;
			continue;
		}
		**slot = thread->seed;
		if (!(i % 256))
			cond_resched();
	}
	for (i = 0; i < ARRAY_SIZE(held); i++)
		contigmem_pool_free(thread->pool, held[i]);
	complete(&thread->done);
	return 0;
}

static void pool_is_shared_by_threads(struct kunit *test)
{
	static struct pool_thread threads[4];
	struct contigmem_request req = CONTIGMEM_REQUEST(0);
	struct contigmem_pool *pool = contigmem_pool_create("test", &req, 40, 0, 0);
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		threads[i] = (struct pool_thread){
			.pool = pool, .seed = i + 1, .rounds = test_share(100000, 10000),
		};
		init_completion(&threads[i].done);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		test_thread(test, pool_thread_run, &threads[i], &threads[i].done);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		wait_for_completion(&threads[i].done);
		KUNIT_EXPECT_EQ(test, threads[i].wrong, 0U);
	}
	contigmem_pool_destroy(pool);
}

static struct kunit_case device_cases[] = {
	KUNIT_CASE(request_reaches_as_far_as_the_device),
	KUNIT_CASE(request_heeds_the_bus),
	KUNIT_CASE(request_has_node_boundary_and_alignment),
	KUNIT_CASE(device_finds_the_block_itself),
	KUNIT_CASE(device_out_of_reach_gets_no_address),
	KUNIT_CASE(zone_bits_lower_the_range),
	KUNIT_CASE(zero_flag_clears),
	KUNIT_CASE(pool_objects_meet_their_constraints),
	KUNIT_CASE(pool_refuses_bad_arguments),
	KUNIT_CASE(pool_serves_atomic_callers_from_its_blocks),
	KUNIT_CASE(pool_clears_objects),
	KUNIT_CASE(pool_survives_wrong_frees),
	KUNIT_CASE(pool_keeps_what_is_in_use),
	KUNIT_CASE(pool_goes_with_its_device),
	KUNIT_CASE(pool_is_shared_by_threads),
	{}
};

struct kunit_suite device_suite = {
	.name = "contigmem_device",
	.init = test_init,
	.exit = test_exit,
	.test_cases = device_cases,
};
