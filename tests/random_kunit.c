// SPDX-License-Identifier: GPL-2.0
/*
 * Random allocations and frees against a model of what is live.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "suites.h"

#define OPERATIONS	1000
/* A wrong cache type or mapping stays: not each operation looks at all page tables. */
#define OPERATIONS_PER_AUDIT	8
#define LIVE_MAX	64
#define LIVE_BYTES	SZ_64M

struct model_block {
	void *vaddr;
	u64 phys;
	size_t size;
	u64 pattern;
	u64 id;
	struct contigmem_request req;
	gfp_t gfp;
};

/* A freed block, whose frames must not keep a cache type. */
struct model_past {
	u64 phys;
	size_t size;
};

struct model {
	struct rnd_state rnd;
	struct model_block live[LIVE_MAX];
	struct model_past past[OPERATIONS];
	size_t bytes;
	u64 end_of_memory;
	int nr_live;
	int nr_past;
	int served;
	int refused;
};

static void fill(const struct model_block *block)
{
	u64 *word = block->vaddr;
	size_t i;

	for (i = 0; i < block->size / sizeof(*word); i++)
		word[i] = block->pattern + i;
}

static bool intact(const struct model_block *block)
{
	const u64 *word = block->vaddr;
	size_t i;

	for (i = 0; i < block->size / sizeof(*word); i++) {
		if (word[i] != block->pattern + i)
			return false;
	}
	return true;
}

/* Small sizes as often as large ones: 1 page to 2 MiB. */
static size_t random_size(struct rnd_state *rnd)
{
	u32 pages = 1 + test_random_below(rnd, 1 << test_random_below(rnd, 10));

	return pages * PAGE_SIZE - test_random_below(rnd, 2) * test_random_below(rnd, PAGE_SIZE);
}

static void random_range(struct model *model, struct contigmem_request *req)
{
	static const phys_addr_t limits[] = { SZ_16M, SZ_64M, SZ_256M, SZ_4G };
	struct rnd_state *rnd = &model->rnd;

	switch (test_random_below(rnd, 8)) {
	case 0:
		req->high = limits[test_random_below(rnd, ARRAY_SIZE(limits))] - 1;
		break;
	case 1:
		req->low = test_random_u64(rnd) % model->end_of_memory;
		break;
	case 2:
		req->high = test_random_u64(rnd) % model->end_of_memory;
		break;
	case 3:
		req->low = test_random_u64(rnd) % model->end_of_memory;
		req->high = req->low + test_random_u64(rnd) % SZ_64M;
		break;
	}
}

static gfp_t random_request(struct model *model, struct contigmem_request *req)
{
	struct rnd_state *rnd = &model->rnd;
	gfp_t gfp = GFP_KERNEL;
	u32 nth;
	int nid;

	*req = CONTIGMEM_REQUEST(random_size(rnd));
	random_range(model, req);
	if (test_random_below(rnd, 3) == 0)
		req->align = 1ULL << test_random_below(rnd, 23);
	if (test_random_below(rnd, 3) == 0)
		req->boundary = (u64)roundup_pow_of_two(PAGE_ALIGN(req->size)) <<
				test_random_below(rnd, 4);
	if (test_random_below(rnd, 2)) {
		nth = test_random_below(rnd, num_node_state(N_MEMORY));
		for_each_node_state(nid, N_MEMORY) {
			if (!nth--)
				req->nid = nid;
		}
		if (test_random_below(rnd, 2))
			gfp |= __GFP_THISNODE;
	}
	req->cache = test_random_below(rnd, CONTIGMEM_NR_CACHES);
	if (test_random_below(rnd, 8) == 0)
		req->flags = CONTIGMEM_FAST;
	if (test_random_below(rnd, 8) == 0)
		gfp |= __GFP_ZERO;
	/* Few tags: contigmem keeps the record of each until it is unloaded. */
	req->tag = 'R' | 'n' << 8 | 'd' << 16 | (u32)test_random_below(rnd, 16) << 24;
	return gfp;
}

/* A request with no constraint but size and node has to be served. */
static bool undemanding(const struct contigmem_request *req)
{
	return !req->low && req->high == (phys_addr_t)-1;
}

static void model_alloc(struct kunit *test, struct model *model, int op)
{
	struct model_block *block = &model->live[model->nr_live];
	struct contigmem_verdict verdict;
	struct contigmem_info info;
	int i;

	block->gfp = random_request(model, &block->req);
	block->req.verdict = &verdict;
	block->vaddr = contigmem_alloc(&block->req, block->gfp);
	block->req.verdict = NULL;
	if (IS_ERR_OR_NULL(block->vaddr)) {
		long error = PTR_ERR_OR_ZERO(block->vaddr);

		KUNIT_EXPECT_TRUE_MSG(test, error == -ENOSPC || error == -EBUSY ||
				      error == -ENOMEM ||
				      (error == -ERANGE && !undemanding(&block->req)),
				      "operation %d: %ld, %s: %s", op, error,
				      contigmem_reason_text(verdict.reason),
				      test_text(test, &block->req, block->gfp));
		model->refused++;
		return;
	}
	test_keep(test, block->vaddr);
	test_check_block(test, block->vaddr, &block->req, block->gfp);
	block->size = PAGE_ALIGN(block->req.size);
	block->phys = test_phys(test, block->vaddr);
	KUNIT_ASSERT_EQ_MSG(test, contigmem_describe(block->vaddr, &info), 0, "operation %d", op);
	block->id = info.id;
	if (block->gfp & __GFP_ZERO)
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(block->vaddr, 0, block->size),
				      "operation %d: not zero: %s", op,
				      test_text(test, &block->req, block->gfp));
	for (i = 0; i < model->nr_live; i++) {
		const struct model_block *other = &model->live[i];

		KUNIT_ASSERT_TRUE_MSG(test, block->phys + block->size <= other->phys ||
				      other->phys + other->size <= block->phys,
				      "operation %d: %#llx-%#llx overlaps %#llx-%#llx", op,
				      block->phys, block->phys + block->size, other->phys,
				      other->phys + other->size);
		KUNIT_EXPECT_NE_MSG(test, block->id, other->id, "operation %d", op);
	}
	block->pattern = test_random_u64(&model->rnd);
	fill(block);
	model->bytes += block->size;
	model->nr_live++;
	model->served++;
}

static void model_free(struct kunit *test, struct model *model, int op)
{
	int nth = test_random_below(&model->rnd, model->nr_live);
	struct model_block *block = &model->live[nth];
	struct contigmem_info info;

	KUNIT_EXPECT_TRUE_MSG(test, intact(block), "operation %d: %#llx-%#llx was overwritten", op,
			      block->phys, block->phys + block->size);
	test_check_block(test, block->vaddr, &block->req, block->gfp);
	KUNIT_ASSERT_EQ_MSG(test, contigmem_describe(block->vaddr, &info), 0, "operation %d", op);
	KUNIT_EXPECT_EQ_MSG(test, info.id, block->id, "operation %d", op);
	KUNIT_EXPECT_EQ_MSG(test, (u64)info.phys, block->phys, "operation %d", op);
	test_forget(block->vaddr);
	contigmem_free(block->vaddr);
	KUNIT_EXPECT_EQ_MSG(test, contigmem_describe(block->vaddr, &info), -ENOENT, "operation %d",
			    op);

	model->past[model->nr_past++] = (struct model_past){ block->phys, block->size };
	model->bytes -= block->size;
	*block = model->live[--model->nr_live];
}

static void random_operations(struct kunit *test)
{
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	int nid, op, i;

	KUNIT_ASSERT_NOT_NULL(test, model);
	test_random_start(test, &model->rnd);
	for_each_node_state(nid, N_MEMORY)
		model->end_of_memory = max_t(u64, model->end_of_memory,
					     PFN_PHYS(pgdat_end_pfn(NODE_DATA(nid))));

	for (op = 0; op < OPERATIONS; op++) {
		bool full = model->nr_live == LIVE_MAX || model->bytes > LIVE_BYTES;

		if (!model->nr_live || (!full && test_random_below(&model->rnd, 100) < 55))
			model_alloc(test, model, op);
		else
			model_free(test, model, op);
		if (op % OPERATIONS_PER_AUDIT == 0)
			test_audit(test);
		cond_resched();
	}
	while (model->nr_live)
		model_free(test, model, op);

	for (i = 0; i < model->nr_past; i++)
		test_check_type_ends(test, model->past[i].phys, model->past[i].size);
	kunit_info(test, "%d served, %d refused", model->served, model->refused);
	/* Enough requests were served for the test to mean something. */
	KUNIT_EXPECT_GT(test, model->served, OPERATIONS / 4);
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE_SLOW(random_operations),
	{}
};

struct kunit_suite random_suite = {
	.name = "contigmem_random",
	.init = test_init,
	.exit = test_exit,
	.test_cases = random_cases,
};
