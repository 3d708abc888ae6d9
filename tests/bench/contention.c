// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that allocate and free at the same time, side by side or far apart.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "bench.h"

#define BLOCK		SZ_64K
#define MAX_THREADS	64
/* Above the kernel image and early allocations. */
#define BASE		SZ_256M
/* All threads in one arena, or each in an arena of its own. */
#define SAME_STEP	BLOCK
#define DISTANT_STEP	SZ_32M

struct crowd {
	const struct bench_peer *peer;
	unsigned int operations;
	struct completion start;
	struct completion reached;	/* all threads are at the start, later at the end */
	atomic_t left;
	atomic_t refused;
};

struct member {
	struct crowd *crowd;
	struct bench_job job;
};

static unsigned int operate(const struct member *member, unsigned int operations)
{
	const struct bench_peer *peer = member->crowd->peer;
	unsigned int i, refused = 0;

	for (i = 0; i < operations; i++) {
		struct bench_block block;

		if (peer->get(&member->job, &block))
			peer->put(&member->job, &block);
		else
			refused++;
		cond_resched();
	}
	return refused;
}

static void reach(struct crowd *crowd)
{
	if (atomic_dec_and_test(&crowd->left))
		complete(&crowd->reached);
}

static int run(void *arg)
{
	struct member *member = arg;
	struct crowd *crowd = member->crowd;

	operate(member, crowd->operations / 8);
	reach(crowd);
	wait_for_completion(&crowd->start);
	atomic_add(operate(member, crowd->operations), &crowd->refused);
	reach(crowd);
	return 0;
}

/* Only contigmem takes an address range; the other peers allocate anywhere. */
static struct bench_job job_of(const struct bench_peer *peer, const char *where,
			       unsigned int thread)
{
	struct bench_job job = { .size = BLOCK, .high = (phys_addr_t)-1 };

	if (peer == &bench_peers[0] && strcmp(where, "any")) {
		job.low = BASE + (phys_addr_t)thread * (strcmp(where, "same") ? DISTANT_STEP :
									       SAME_STEP);
		job.high = job.low + BLOCK - 1;
	}
	return job;
}

/* Every thread allocates and frees @operations blocks, after some to warm up. */
int bench_threads(const char *name, const char *where, unsigned int threads,
		  unsigned int operations)
{
	const struct bench_peer *peer = bench_peer_of(name);
	struct crowd crowd = { .peer = peer, .operations = operations };
	struct member *members;
	struct task_struct *task;
	unsigned int i;
	int error = 0;
	u64 ns;

	if (!peer || !threads || threads > MAX_THREADS)
		return -EINVAL;
	members = kcalloc(threads, sizeof(*members), GFP_KERNEL);
	if (!members)
		return -ENOMEM;
	init_completion(&crowd.start);
	init_completion(&crowd.reached);
	atomic_set(&crowd.left, 1);
	for (i = 0; i < threads; i++) {
		members[i] = (struct member){ &crowd, job_of(peer, where, i) };
		atomic_inc(&crowd.left);
		task = kthread_run(run, &members[i], "contigmem_bench/%u", i);
		if (IS_ERR(task)) {
			error = PTR_ERR(task);
			atomic_dec(&crowd.left);
			break;
		}
	}
	reach(&crowd);
	wait_for_completion(&crowd.reached);
	reinit_completion(&crowd.reached);
	atomic_set(&crowd.left, i);
	ns = ktime_get_ns();
	complete_all(&crowd.start);
	if (i)
		wait_for_completion(&crowd.reached);
	ns = ktime_get_ns() - ns;
	kfree(members);
	if (!error)
		bench_row("threads,%s,%s,%u,%u,%d,%llu", name, where, threads,
			  operations, atomic_read(&crowd.refused), ns);
	return error;
}
