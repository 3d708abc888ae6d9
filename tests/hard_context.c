// SPDX-License-Identifier: GPL-2.0
/*
 * A timer that also a kernel with PREEMPT_RT runs in hard interrupt context, beside tasks
 * that allocate and free. Loading it runs the test, and fails if the test does. It needs no
 * KUnit, which no stock kernel with PREEMPT_RT has.
 */
#define pr_fmt(fmt) "contigmem-test: " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "compat.h"
#include "contigmem.h"
#include "contigmem_wdm.h"

static uint callbacks = 3000;
module_param(callbacks, uint, 0444);
MODULE_PARM_DESC(callbacks, "how often the timer has to expire");

#define TAG		('H' | 'a' << 8 | 'r' << 16 | 'd' << 24)
#define PERIOD_NS	NSEC_PER_MSEC
#define HANDED_OVER	16
#define TASKS		2
#define KNOWN_SIZE	(16 * PAGE_SIZE)
/* The most pages of a task's block; a partition has room for all that are handed over. */
#define TASK_PAGES	16

static struct contigmem_partition *partition;
/* Blocks that stay: of the partition, and of other memory. */
static void *known[2];
/* Blocks that tasks allocated, for the timer to free. */
static void *handed[HANDED_OVER];
static struct hrtimer timer;
static DECLARE_COMPLETION(ended);
static DEFINE_SPINLOCK(lock);
static bool stop;
static const char *fault;
static unsigned int calls, frees, served, refused;

static void expect(bool holds, const char *what)
{
	if (!holds)
		cmpxchg(&fault, NULL, what);
}

static void look_up(void *vaddr, size_t offset)
{
	phys_addr_t phys = MmGetPhysicalAddress(vaddr).QuadPart;
	struct contigmem_info info;

	expect(contigmem_phys(vaddr + offset) == phys + offset, "contigmem_phys()");
	expect(MmGetPhysicalAddress(vaddr + offset).QuadPart == phys + offset &&
	       (!virt_addr_valid(vaddr) || phys == virt_to_phys(vaddr)), "MmGetPhysicalAddress()");
	expect(!contigmem_describe(vaddr + offset, &info) && info.vaddr == vaddr &&
	       info.phys == phys && info.size == KNOWN_SIZE && info.tag == TAG,
	       "contigmem_describe()");
	expect(!contigmem_next(vaddr + offset, &info) && info.vaddr == vaddr, "contigmem_next()");
}

static void look_up_others(void)
{
	phys_addr_t phys = virt_to_phys(known[0]);
	struct contigmem_partition_info part;
	struct contigmem_arena_info arena;
	struct contigmem_tag_info tag;
	struct contigmem_info info;

	expect(!contigmem_phys(&timer) && contigmem_describe(&timer, &info) == -ENOENT,
	       "an address of no block");
	expect(!contigmem_next_arena(phys, &arena) && arena.phys <= phys &&
	       phys < arena.phys + arena.size, "contigmem_next_arena()");
	expect(!contigmem_tag_describe(TAG, &tag) && tag.blocks >= ARRAY_SIZE(known),
	       "contigmem_tag_describe()");
	expect(!contigmem_partition_describe(partition, &part) && part.handles == 1 &&
	       part.blocks, "contigmem_partition_describe()");
	expect(contigmem_partition_describe((void *)known, &part) == -EINVAL,
	       "contigmem_partition_describe() of none");
}

/* With PREEMPT_RT each valid request is refused; otherwise the partition has room. */
static void try_alloc(struct contigmem_partition *from, gfp_t gfp)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	struct contigmem_verdict verdict;
	void *vaddr;

	req.partition = from;
	req.tag = TAG;
	req.verdict = &verdict;
	vaddr = contigmem_alloc(&req, gfp);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		expect(vaddr == ERR_PTR(-EAGAIN) && verdict.reason == CONTIGMEM_WOULD_SLEEP,
		       "a request that has to be refused");
	else if (from)
		expect(!IS_ERR(vaddr), "a request to the partition");
	if (IS_ERR(vaddr)) {
		refused++;
		return;
	}
	served++;
	contigmem_free(vaddr);
}

static void try_alloc_wdm(void)
{
	PHYSICAL_ADDRESS highest = { .QuadPart = -1 };
	PVOID vaddr = MmAllocateContiguousMemory(PAGE_SIZE, highest);

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		expect(!vaddr, "a Windows request that has to be refused");
	MmFreeContiguousMemory(vaddr);
}

static void try_malformed(void)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(0);

	expect(contigmem_alloc(&req, GFP_ATOMIC | __GFP_NOWARN) == ERR_PTR(-EINVAL),
	       "a request of no size");
	req.size = PAGE_SIZE;
	req.partition = (void *)known;
	expect(contigmem_alloc(&req, GFP_ATOMIC | __GFP_NOWARN) == ERR_PTR(-EINVAL),
	       "a request to no partition");
}

/*
 * Without PREEMPT_RT a hard timer may take any spinlock, and contigmem does. Where lockdep
 * reports that all the same, it shows that lookups and refusals take raw ones alone.
 */
static bool raw_locks_only(void)
{
	return IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING) && !IS_ENABLED(CONFIG_PREEMPT_RT);
}

/* The first callback has the kernel print a refusal as well. */
static void free_and_alloc(void)
{
	void *vaddr = xchg(&handed[calls % HANDED_OVER], NULL);

	if (vaddr) {
		contigmem_free(vaddr);
		frees++;
	}
	try_alloc(partition, GFP_ATOMIC | (calls ? __GFP_NOWARN : 0));
	try_alloc(NULL, GFP_NOWAIT | __GFP_NOWARN);
	try_alloc_wdm();
}

static enum hrtimer_restart in_timer(struct hrtimer *unused)
{
	expect(in_hardirq(), "the context is not that of a hard interrupt");
	look_up(known[0], calls % KNOWN_SIZE);
	look_up(known[1], calls % KNOWN_SIZE);
	look_up_others();
	try_malformed();
	if (!raw_locks_only())
		free_and_alloc();
	if (!calls)
		contigmem_free(known[0] + PAGE_SIZE);
	WRITE_ONCE(calls, calls + 1);
	if (READ_ONCE(stop))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(&timer, ns_to_ktime(PERIOD_NS));
	return HRTIMER_RESTART;
}

/* Every third block is asked for under a spinlock, where a partition serves on each kernel. */
static void *task_alloc(struct contigmem_request *req, unsigned int step)
{
	void *vaddr;

	if (step % 3)
		return contigmem_alloc(req, GFP_KERNEL | __GFP_NOWARN);
	spin_lock(&lock);
	vaddr = contigmem_alloc(req, GFP_ATOMIC | __GFP_NOWARN);
	spin_unlock(&lock);
	return vaddr;
}

/* Allocates from the partition, or from other memory, and hands the blocks over. */
static int hand_over(void *from)
{
	unsigned int step;

	for (step = 0; !READ_ONCE(stop); step++) {
		size_t pages = 1 + step % TASK_PAGES;
		struct contigmem_request req = CONTIGMEM_REQUEST(pages * PAGE_SIZE);
		void *vaddr;

		req.tag = TAG;
		req.partition = from;
		/* To free such a block sleeps. */
		if (!from && step % 16 == 1)
			req.cache = CONTIGMEM_WRITECOMBINE;
		vaddr = task_alloc(&req, step);
		if (IS_ERR(vaddr)) {
			expect(!from || vaddr == ERR_PTR(-ENOSPC), "a task's request");
			/* The partition is full until the worker has freed what the timer did. */
			msleep(20);
		} else {
			/* By the page tables: of another type it may not be in the direct map. */
			expect(contigmem_phys(vaddr) == MmGetPhysicalAddress(vaddr).QuadPart,
			       "a task's block");
			contigmem_free(xchg(&handed[step % HANDED_OVER], vaddr));
		}
		cond_resched();
	}
	kthread_complete_and_exit(&ended, 0);
}

static void run(void)
{
	unsigned long end = jiffies + 300 * HZ;
	struct task_struct *task;
	unsigned int i;

	compat_hrtimer_setup(&timer, in_timer, HRTIMER_MODE_REL_HARD);
	for (i = 0; i < TASKS; i++) {
		task = kthread_run(hand_over, i ? NULL : partition, "contigmem-hard");
		if (IS_ERR(task)) {
			expect(false, "no thread");
			complete(&ended);
		}
	}
	pr_info("expect-warning contigmem_free\n");
	hrtimer_start(&timer, ns_to_ktime(PERIOD_NS), HRTIMER_MODE_REL_HARD);
	while (READ_ONCE(calls) < callbacks && !READ_ONCE(fault) && time_before(jiffies, end))
		msleep(50);
	expect(READ_ONCE(calls) >= callbacks, "the timer is late");
	WRITE_ONCE(stop, true);
	for (i = 0; i < TASKS; i++)
		wait_for_completion(&ended);
	hrtimer_cancel(&timer);
	for (i = 0; i < HANDED_OVER; i++)
		contigmem_free(handed[i]);
	expect(raw_locks_only() || frees > callbacks / 100, "the timer freed few blocks");
	pr_info("hard context: %u callbacks, %u blocks freed, %u requests served, %u refused\n",
		calls, frees, served, refused);
}

/*
 * The address of an uncached block, which on arm64 is not in the direct map: each call takes
 * it, and a wrong free of it is told from a right one.
 */
static void check_uncached(void)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(KNOWN_SIZE);
	PHYSICAL_ADDRESS phys;
	void *vaddr;

	req.cache = CONTIGMEM_UNCACHED;
	req.tag = TAG;
	vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_ZERO);
	if (IS_ERR(vaddr)) {
		expect(vaddr == ERR_PTR(-EOPNOTSUPP), "no uncached block");
		return;
	}
	expect(!memchr_inv(vaddr, 0, KNOWN_SIZE), "an uncached block is not zeroed");
	look_up(vaddr, KNOWN_SIZE - 1);
	phys = MmGetPhysicalAddress(vaddr + PAGE_SIZE);
	expect(MmGetVirtualForPhysical(phys) == vaddr + PAGE_SIZE, "MmGetVirtualForPhysical()");
	pr_info("expect-warning %zu bytes into live block\n", (size_t)PAGE_SIZE);
	contigmem_free(vaddr + PAGE_SIZE);
	expect(contigmem_phys(vaddr), "a wrong free freed the block");
	contigmem_free(vaddr);
	expect(!contigmem_phys(vaddr), "a freed block is found");
	pr_info("expect-warning freed\n");
	contigmem_free(vaddr);
}

/* A block that a look at all frames holds for a moment is freed 100 ms later. */
static void expect_nothing_left(void)
{
	struct contigmem_tag_info tag = {};
	unsigned int tries;

	for (tries = 0; tries < 100; tries++) {
		if (!contigmem_tag_describe(TAG, &tag) && !tag.blocks && !tag.bytes)
			break;
		msleep(50);
	}
	expect(!tag.blocks && !tag.bytes, "a block is left");
	expect(contigmem_partition_open("hard") == ERR_PTR(-ENOENT), "the partition is left");
}

static int __init hard_init(void)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_32M);
	unsigned int i;

	partition = contigmem_partition_create("hard", &req);
	if (IS_ERR(partition))
		return PTR_ERR(partition);
	req.size = KNOWN_SIZE;
	req.tag = TAG;
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		req.partition = i ? NULL : partition;
		known[i] = contigmem_alloc(&req, GFP_KERNEL);
		if (IS_ERR(known[i])) {
			expect(false, "no block to look up");
			known[i] = NULL;
		}
	}
	if (!fault)
		run();
	check_uncached();
	for (i = 0; i < ARRAY_SIZE(known); i++)
		contigmem_free(known[i]);
	expect(!contigmem_partition_close(partition), "contigmem_partition_close()");
	expect_nothing_left();
	if (!fault)
		return 0;
	pr_err("hard context: %s\n", fault);
	return -EIO;
}
module_init(hard_init);

static void __exit hard_exit(void)
{
}
module_exit(hard_exit);

MODULE_DESCRIPTION("Calls of contigmem in hard interrupt context");
MODULE_LICENSE("GPL");
