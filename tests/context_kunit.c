// SPDX-License-Identifier: GPL-2.0
/*
 * Callers that cannot sleep: hrtimer callbacks, softirqs, a spinlock with interrupts
 * off, beside tasks that can.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "contigmem_wdm.h"
#include "suites.h"

/* Blocks of callers that cannot sleep, each allocated and freed; KASAN makes each slow. */
#define BLOCKS		test_share(100000 / (IS_ENABLED(CONFIG_KASAN) ? 10 : 1), 5000)
#define SLOTS		16
#define HANDED_OVER	8
/* Steps of one callback, and the period of the timer. */
#define BATCH		8
#define PERIOD_NS	(200 * NSEC_PER_USEC)

struct soak_block {
	u32 *base;
	SIZE_T size;
	u32 mark;
};

/**
 * struct soaker - one caller
 * @soak: the test
 * @rnd: its random numbers
 * @blocks: its live blocks
 * @fault: the last failure, NULL if none
 * @status: the unexpected status
 * @served: blocks allocated
 * @refused: requests refused
 * @frees: blocks freed
 */
struct soaker {
	struct soak *soak;
	struct rnd_state rnd;
	struct soak_block blocks[SLOTS];
	const char *fault;
	NTSTATUS status;
	unsigned int served;
	unsigned int refused;
	unsigned int frees;
};

/**
 * struct soak - the test
 * @partitions: one of each cache type
 * @handed: blocks that the task allocated, for the atomic callers to free
 * @served: blocks allocated by atomic callers
 * @stop: ends the threads and the timer
 * @timer: calls @in_timer in hard interrupt context
 * @tasklet: calls @in_tasklet in softirq context
 * @in_timer: the caller in the timer
 * @in_tasklet: the caller in the tasklet
 * @locked: the caller that holds a spinlock with interrupts off
 * @task: the caller that can sleep
 * @ended: threads that have ended
 */
struct soak {
	struct contigmem_partition *partitions[CONTIGMEM_NR_CACHES];
	void *handed[HANDED_OVER];
	atomic_t served;
	bool stop;
	struct hrtimer timer;
	struct tasklet_struct tasklet;
	struct soaker in_timer;
	struct soaker in_tasklet;
	struct soaker locked;
	struct soaker task;
	struct completion ended;
};

static DEFINE_SPINLOCK(lock);

static const ULONG protects[CONTIGMEM_NR_CACHES] = {
	[CONTIGMEM_CACHED] = PAGE_READWRITE,
	[CONTIGMEM_UNCACHED] = PAGE_READWRITE | PAGE_NOCACHE,
	[CONTIGMEM_WRITECOMBINE] = PAGE_READWRITE | PAGE_WRITECOMBINE,
};

static void soak_alloc(struct soaker *soaker, struct soak_block *block)
{
	PHYSICAL_ADDRESS low = { .QuadPart = 0 }, high = { .QuadPart = -1 };
	PHYSICAL_ADDRESS boundary = { .QuadPart = 0 };
	enum contigmem_cache cache = test_random_below(&soaker->rnd, CONTIGMEM_NR_CACHES);
	struct contigmem_partition *partition = NULL;
	NTSTATUS status;
	PVOID base;

	block->size = PAGE_SIZE * (1 + test_random_below(&soaker->rnd, 16));
	if (test_random_below(&soaker->rnd, 2))
		partition = soaker->soak->partitions[cache];
	if (test_random_below(&soaker->rnd, 2))
		high.QuadPart = SZ_4G - 1;
	if (test_random_below(&soaker->rnd, 2))
		boundary.QuadPart = SZ_64K;
	status = MmAllocateContiguousMemoryEx(&block->size, low, high, boundary, MM_ANY_NODE_OK,
					      protects[cache], partition, 'S' | 'o' << 8, 0, &base);
	if (!NT_SUCCESS(status)) {
		soaker->refused++;
		if (status != STATUS_INSUFFICIENT_RESOURCES) {
			soaker->fault = "a status other than STATUS_INSUFFICIENT_RESOURCES";
			soaker->status = status;
		}
		return;
	}
	soaker->served++;
	block->base = base;
	block->mark = prandom_u32_state(&soaker->rnd);
	block->base[0] = block->mark;
	block->base[block->size / sizeof(u32) - 1] = ~block->mark;
}

static void soak_free(struct soaker *soaker, struct soak_block *block)
{
	if (block->base[0] != block->mark ||
	    block->base[block->size / sizeof(u32) - 1] != ~block->mark)
		soaker->fault = "a block was overwritten";
	MmFreeContiguousMemory(block->base);
	block->base = NULL;
	soaker->frees++;
}

static void soak_step(struct soaker *soaker)
{
	struct soak_block *block = &soaker->blocks[test_random_below(&soaker->rnd, SLOTS)];

	if (block->base)
		soak_free(soaker, block);
	else
		soak_alloc(soaker, block);
}

/* Blocks of the task have a cache type or a mapping to undo, which the worker does. */
static void free_handed(struct soaker *soaker)
{
	u32 slot = test_random_below(&soaker->rnd, HANDED_OVER);

	MmFreeContiguousMemory(xchg(&soaker->soak->handed[slot], NULL));
}

static void soak_batch(struct soaker *soaker)
{
	unsigned int before = soaker->served;
	int i;

	for (i = 0; i < BATCH; i++)
		soak_step(soaker);
	free_handed(soaker);
	atomic_add(soaker->served - before, &soaker->soak->served);
}

static enum hrtimer_restart in_timer(struct hrtimer *timer)
{
	struct soak *soak = container_of(timer, struct soak, timer);

	soak_batch(&soak->in_timer);
	tasklet_schedule(&soak->tasklet);
	if (READ_ONCE(soak->stop))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(PERIOD_NS));
	return HRTIMER_RESTART;
}

static void in_tasklet(struct tasklet_struct *tasklet)
{
	struct soak *soak = container_of(tasklet, struct soak, tasklet);

	soak_batch(&soak->in_tasklet);
}

static int under_lock(void *data)
{
	struct soak *soak = data;
	unsigned long flags;

	while (!READ_ONCE(soak->stop)) {
		spin_lock_irqsave(&lock, flags);
		soak_batch(&soak->locked);
		spin_unlock_irqrestore(&lock, flags);
		cond_resched();
	}
	kthread_complete_and_exit(&soak->ended, 0);
}

/* Allocates the blocks that the atomic callers free, and a few of its own. */
static int as_task(void *data)
{
	struct soak *soak = data;
	struct soaker *soaker = &soak->task;

	while (!READ_ONCE(soak->stop)) {
		u32 slot = test_random_below(&soaker->rnd, HANDED_OVER);
		struct contigmem_request req;
		void *vaddr;

		soak_step(soaker);
		req = CONTIGMEM_REQUEST(PAGE_SIZE * (1 + test_random_below(&soaker->rnd, 600)));
		req.cache = test_random_below(&soaker->rnd, CONTIGMEM_NR_CACHES);
		if (test_random_below(&soaker->rnd, 2))
			req.flags = CONTIGMEM_READONLY;
		vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
		if (!IS_ERR(vaddr)) {
			if (!test_has_type(vaddr, &req))
				soaker->fault = "a block does not have its type in the page tables";
			contigmem_free(xchg(&soak->handed[slot], vaddr));
		}
		cond_resched();
	}
	kthread_complete_and_exit(&soak->ended, 0);
}

static void soaker_start(struct soak *soak, struct soaker *soaker, struct rnd_state *rnd)
{
	soaker->soak = soak;
	prandom_seed_state(&soaker->rnd, test_random_u64(rnd));
}

static void soaker_end(struct kunit *test, struct soaker *soaker, const char *name)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (soaker->blocks[i].base)
			soak_free(soaker, &soaker->blocks[i]);
	}
	if (soaker->fault)
		KUNIT_FAIL(test, "%s: %s (%#x)", name, soaker->fault, soaker->status);
	kunit_info(test, "%s: %u served, %u refused", name, soaker->served, soaker->refused);
	KUNIT_EXPECT_EQ(test, soaker->served, soaker->frees);
	KUNIT_EXPECT_GT(test, soaker->served, soaker->refused);
}

static void soak_run(struct kunit *test, struct soak *soak)
{
	unsigned long end = jiffies + 600 * HZ;
	int blocks = BLOCKS;

	init_completion(&soak->ended);
	tasklet_setup(&soak->tasklet, in_tasklet);
	compat_hrtimer_setup(&soak->timer, in_timer, HRTIMER_MODE_REL);
	test_thread(test, under_lock, soak, &soak->ended);
	test_thread(test, as_task, soak, &soak->ended);
	hrtimer_start(&soak->timer, ns_to_ktime(PERIOD_NS), HRTIMER_MODE_REL);
	while (atomic_read(&soak->served) < blocks && time_before(jiffies, end))
		msleep(50);
	WRITE_ONCE(soak->stop, true);
	wait_for_completion(&soak->ended);
	wait_for_completion(&soak->ended);
	hrtimer_cancel(&soak->timer);
	tasklet_kill(&soak->tasklet);
	KUNIT_EXPECT_GE(test, atomic_read(&soak->served), blocks);
}

/* All blocks are freed at the end, and the only refusal is a lack of memory. */
static void soak(struct kunit *test)
{
	struct soak *soak = kunit_kzalloc(test, sizeof(*soak), GFP_KERNEL);
	enum contigmem_cache cache;
	struct rnd_state rnd;
	char name[8];
	int i;

	KUNIT_ASSERT_NOT_NULL(test, soak);
	test_random_start(test, &rnd);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(SZ_4M);

		/* Half of the requests want memory below 4 GiB. */
		req.high = SZ_4G - 1;
		req.cache = cache;
		snprintf(name, sizeof(name), "part%d", cache);
		soak->partitions[cache] = contigmem_partition_create(name, &req);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, soak->partitions[cache]);
	}
	soaker_start(soak, &soak->in_timer, &rnd);
	soaker_start(soak, &soak->in_tasklet, &rnd);
	soaker_start(soak, &soak->locked, &rnd);
	soaker_start(soak, &soak->task, &rnd);
	soak_run(test, soak);
	soaker_end(test, &soak->in_timer, "hrtimer");
	soaker_end(test, &soak->in_tasklet, "softirq");
	soaker_end(test, &soak->locked, "lock");
	soaker_end(test, &soak->task, "task");
	for (i = 0; i < HANDED_OVER; i++)
		contigmem_free(soak->handed[i]);
	test_audit(test);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++)
		KUNIT_EXPECT_EQ(test, contigmem_partition_close(soak->partitions[cache]), 0);
	test_audit(test);
}

static struct kunit_case context_cases[] = {
	KUNIT_CASE_SLOW(soak),
	{}
};

struct kunit_suite context_suite = {
	.name = "contigmem_context",
	.init = test_init,
	.exit = test_exit,
	.test_cases = context_cases,
};
