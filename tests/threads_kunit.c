// SPDX-License-Identifier: GPL-2.0
/*
 * Many callers at once: blocks share no page, and no request is refused that would be
 * served to a single caller.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "audit.h"
#include "suites.h"

#define THREADS		8
/* Blocks of each thread: 100,000 allocations and frees in total, in a full run. */
#define BLOCKS_ALL	(100000 / (IS_ENABLED(CONFIG_KASAN) ? 10 : 1))
#define ROUNDS		(test_share(BLOCKS_ALL, 4000) / 2 / THREADS)
#define LIVE		16

/**
 * struct worker - one caller
 * @rnd: its random numbers
 * @id: unique number
 * @low: start of its own 4 MiB; 0: requests go anywhere
 * @done: the thread has ended
 * @fault: the last failure, NULL if none
 * @reason: reason of the first refusal
 * @refused: the request that was refused first
 * @served: blocks allocated
 */
struct worker {
	struct rnd_state rnd;
	unsigned long id;
	phys_addr_t low;
	struct completion done;
	const char *fault;
	enum contigmem_reason reason;
	struct contigmem_request refused;
	unsigned int served;
};

struct worker_block {
	unsigned long *vaddr;
	size_t size;
	unsigned long mark;
};

/* Every page gets its own mark, so a page in two blocks has a wrong one. */
static void mark(struct worker_block *block)
{
	size_t at;

	for (at = 0; at < block->size / sizeof(long); at += PAGE_SIZE / sizeof(long))
		block->vaddr[at] = block->mark + at;
}

static bool is_marked(const struct worker_block *block)
{
	size_t at;

	for (at = 0; at < block->size / sizeof(long); at += PAGE_SIZE / sizeof(long)) {
		if (block->vaddr[at] != block->mark + at)
			return false;
	}
	return true;
}

/* Constraints of all kinds, each wide enough for the blocks of all threads. */
static gfp_t random_request(struct worker *worker, struct contigmem_request *req)
{
	struct rnd_state *rnd = &worker->rnd;
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;

	*req = CONTIGMEM_REQUEST(PAGE_SIZE * (1 + test_random_below(rnd, 48)));
	req->cache = test_random_below(rnd, CONTIGMEM_NR_CACHES);
	if (!test_random_below(rnd, 16))
		req->size = SZ_2M + PAGE_SIZE * test_random_below(rnd, 512);
	if (worker->low) {
		/* Two pageblocks cannot hold arenas of three types. */
		req->cache = worker->id % CONTIGMEM_NR_CACHES;
		req->low = worker->low;
		req->high = worker->low + SZ_4M - 1;
		req->size = min(req->size, SZ_1M / LIVE);
		return gfp;
	}
	if (test_random_below(rnd, 2)) {
		req->low = SZ_256M + PAGE_SIZE * test_random_below(rnd, 1024);
		req->high = req->low + SZ_1G - 1;
	} else if (test_random_below(rnd, 2)) {
		req->nid = test_random_below(rnd, num_online_nodes());
		gfp |= __GFP_THISNODE;
	}
	if (!test_random_below(rnd, 3))
		req->align = PAGE_SIZE << test_random_below(rnd, 10);
	if (!test_random_below(rnd, 3))
		req->boundary = roundup_pow_of_two(req->size) << test_random_below(rnd, 3);
	return gfp;
}

static void worker_alloc(struct worker *worker, struct worker_block *block, unsigned int round)
{
	struct contigmem_verdict verdict;
	struct contigmem_request req;
	gfp_t gfp = random_request(worker, &req);

	req.verdict = &verdict;
	block->vaddr = contigmem_alloc(&req, gfp);
	if (IS_ERR(block->vaddr)) {
		block->vaddr = NULL;
		if (!worker->reason) {
			worker->reason = verdict.reason;
			worker->refused = req;
		}
		return;
	}
	worker->served++;
	block->size = PAGE_ALIGN(req.size);
	block->mark = worker->id << 48 | (unsigned long)round << 24;
	mark(block);
}

static int work(void *data)
{
	struct worker_block blocks[LIVE] = { };
	struct worker *worker = data;
	unsigned int rounds = ROUNDS, round;

	for (round = 0; round < rounds + LIVE; round++) {
		struct worker_block *block = &blocks[round % LIVE];

		if (block->vaddr) {
			if (!is_marked(block))
				worker->fault = "a page of a block was overwritten";
			contigmem_free(block->vaddr);
			block->vaddr = NULL;
		}
		if (round < rounds)
			worker_alloc(worker, block, round);
		cond_resched();
	}
	kthread_complete_and_exit(&worker->done, 0);
}

/* Worker n allocates in the n-th 4 MiB from @low; if @low is 0, all allocate anywhere. */
static void run_workers(struct kunit *test, phys_addr_t low)
{
	struct worker *workers = kunit_kcalloc(test, THREADS, sizeof(*workers), GFP_KERNEL);
	struct rnd_state rnd;
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(test, workers);
	test_random_start(test, &rnd);
	for (i = 0; i < THREADS; i++) {
		workers[i].id = i + 1;
		workers[i].low = low ? low + i * SZ_4M : 0;
		prandom_seed_state(&workers[i].rnd, test_random_u64(&rnd));
		init_completion(&workers[i].done);
		test_thread(test, work, &workers[i], &workers[i].done);
	}
	for (i = 0; i < THREADS; i++) {
		wait_for_completion(&workers[i].done);
		if (workers[i].fault)
			KUNIT_FAIL(test, "%s", workers[i].fault);
		KUNIT_EXPECT_EQ_MSG(test, workers[i].served, ROUNDS, "refused: %s: %s",
				    contigmem_reason_text(workers[i].reason),
				    test_text(test, &workers[i].refused, GFP_KERNEL));
	}
}

static void none_is_refused_what_it_would_have_alone(struct kunit *test)
{
	run_workers(test, 0);
}

static void claims_side_by_side_do_not_fail_each_other(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(THREADS * SZ_4M);
	phys_addr_t low;
	void *vaddr;

	req.align = SZ_4M;
	req.low = SZ_16M;
	vaddr = test_alloc(test, &req, GFP_KERNEL);
	low = test_phys(test, vaddr);
	test_free(test, vaddr);
	run_workers(test, low);
}

#define TYPED_THREADS	4
#define TYPED_ALL	(10000 / (IS_ENABLED(CONFIG_KASAN) ? 4 : 1))
#define TYPED_ROUNDS	(test_share(TYPED_ALL, 1000) / TYPED_THREADS)

struct typed_block {
	void *vaddr;
	struct contigmem_request req;
};

/**
 * struct typed_worker - one caller of typed blocks
 * @rnd: its random numbers
 * @done: the thread has ended
 * @fault: the last failure, NULL if none
 * @allocs: blocks allocated
 * @refused: requests refused
 * @frees: blocks freed
 * @shrinks: runs of the shrinkers
 * @blocks: its live blocks
 */
struct typed_worker {
	struct rnd_state rnd;
	struct completion done;
	const char *fault;
	unsigned int allocs;
	unsigned int refused;
	unsigned int frees;
	unsigned int shrinks;
	struct typed_block blocks[LIVE];
};

/* Runs all shrinkers with "2"; "4" also silences the log line of drop_caches. */
static int shrink(const char *how)
{
	return test_swap_file("/proc/sys/vm/drop_caches", how, NULL, 0);
}

static void typed_alloc(struct typed_worker *worker, struct typed_block *block)
{
	struct rnd_state *rnd = &worker->rnd;
	struct contigmem_request *req = &block->req;

	*req = CONTIGMEM_REQUEST(PAGE_SIZE * (1 + test_random_below(rnd, 32)));
	if (!test_random_below(rnd, 8))
		req->size = SZ_2M + PAGE_SIZE * test_random_below(rnd, 512);
	if (!test_random_below(rnd, 32))
		req->size = SZ_8M + PAGE_SIZE * (1 + test_random_below(rnd, 512));
	req->cache = test_random_below(rnd, CONTIGMEM_NR_CACHES);
	if (!test_random_below(rnd, 4))
		req->flags = CONTIGMEM_READONLY;
	if (!test_random_below(rnd, 4))
		req->align = SZ_2M;
	block->vaddr = contigmem_alloc(req, GFP_KERNEL | __GFP_NOWARN);
	if (IS_ERR(block->vaddr)) {
		block->vaddr = NULL;
		worker->refused++;
		return;
	}
	worker->allocs++;
	if (!test_has_type(block->vaddr, req))
		worker->fault = "a new block does not have its type in the page tables";
}

static void typed_free(struct typed_worker *worker, struct typed_block *block)
{
	if (!test_has_type(block->vaddr, &block->req))
		worker->fault = "a block does not have its type in the page tables before its free";
	contigmem_free(block->vaddr);
	block->vaddr = NULL;
	worker->frees++;
}

static int typed_work(void *data)
{
	struct typed_worker *worker = data;
	struct typed_block *blocks = worker->blocks;
	unsigned int rounds = TYPED_ROUNDS, round, i;

	for (round = 0; round < rounds; round++) {
		struct typed_block *block = &blocks[test_random_below(&worker->rnd, LIVE)];

		if (!test_random_below(&worker->rnd, 20)) {
			if (shrink("2"))
				worker->fault = "drop_caches failed";
			worker->shrinks++;
		} else if (block->vaddr) {
			typed_free(worker, block);
		} else {
			typed_alloc(worker, block);
		}
		cond_resched();
	}
	for (i = 0; i < LIVE; i++) {
		if (blocks[i].vaddr)
			typed_free(worker, &blocks[i]);
	}
	kthread_complete_and_exit(&worker->done, 0);
}

/* Returns the number of operations. */
static unsigned int run_typed_workers(struct kunit *test)
{
	struct typed_worker *workers = kunit_kcalloc(test, TYPED_THREADS, sizeof(*workers),
						     GFP_KERNEL);
	unsigned int i, blocks = 0, refused = 0, shrinks = 0;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, workers);
	test_random_start(test, &rnd);
	for (i = 0; i < TYPED_THREADS; i++) {
		prandom_seed_state(&workers[i].rnd, test_random_u64(&rnd));
		init_completion(&workers[i].done);
		test_thread(test, typed_work, &workers[i], &workers[i].done);
	}
	for (i = 0; i < TYPED_THREADS; i++) {
		wait_for_completion(&workers[i].done);
		if (workers[i].fault)
			KUNIT_FAIL(test, "%s", workers[i].fault);
		KUNIT_EXPECT_EQ(test, workers[i].allocs, workers[i].frees);
		blocks += workers[i].allocs;
		refused += workers[i].refused;
		shrinks += workers[i].shrinks;
	}
	kunit_info(test, "%u blocks, %u refused, %u shrunk", blocks, refused, shrinks);
	return 2 * blocks + shrinks;
}

/* Every page table entry has its old type after all blocks are freed. */
static void typed_blocks_leave_no_type_behind(struct kunit *test)
{
	struct contigmem_audit *audit = kunit_kzalloc(test, 2 * sizeof(*audit), GFP_KERNEL);
	struct contigmem_audit *after = audit + 1;
	unsigned int idle, operations;

	KUNIT_ASSERT_NOT_NULL(test, audit);
	KUNIT_ASSERT_EQ(test, shrink("4"), 0);
	KUNIT_ASSERT_EQ(test, test_settled(test, 0), 0UL);
	/* Keep arenas idle for the shrinker. */
	idle = test_set_parameter(test, "arena_idle_mb", 64);
	KUNIT_ASSERT_EQ(test, contigmem_audit(audit, 0), 0);
	operations = run_typed_workers(test);
	test_set_parameter(test, "arena_idle_mb", idle);
	test_audit(test);
	KUNIT_EXPECT_EQ(test, test_settled(test, 0), 0UL);
	KUNIT_EXPECT_EQ_MSG(test, contigmem_audit(after, 0), 0, "%s", after->first);
	KUNIT_EXPECT_EQ(test, after->non_wb, audit->non_wb);
	/* Otherwise free pages are not mapped. */
	if (!debug_pagealloc_enabled())
		KUNIT_EXPECT_EQ(test, after->frames, audit->frames);
	kunit_info(test, "4 KiB entries of the direct map: %lu, were %lu", after->level_4k,
		   audit->level_4k);
	KUNIT_EXPECT_GE(test, operations, TYPED_THREADS * TYPED_ROUNDS * 9 / 10);
}

static struct kunit_case threads_cases[] = {
	KUNIT_CASE_SLOW(none_is_refused_what_it_would_have_alone),
	KUNIT_CASE_SLOW(claims_side_by_side_do_not_fail_each_other),
	KUNIT_CASE_SLOW(typed_blocks_leave_no_type_behind),
	{}
};

struct kunit_suite threads_suite = {
	.name = "contigmem_threads",
	.init = test_init,
	.exit = test_exit,
	.test_cases = threads_cases,
};
