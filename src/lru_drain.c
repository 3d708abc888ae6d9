// SPDX-License-Identifier: GPL-2.0
/*
 * Each CPU keeps pages on their way to an LRU list in batches. A page in a batch looks
 * like a kernel page, and alloc_contig_range() drains the batches too late: after it has
 * refused the pages in them.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "lru_drain.h"

/* With a rescuer, so that a worker that reclaim waits for may wait for a drain. */
static struct workqueue_struct *lru_drain_queue;
static DEFINE_PER_CPU(struct work_struct, lru_drain_work);

static void lru_drain_this_cpu(struct work_struct *unused)
{
	compat_lru_add_drain();
}

int ctgm_lru_drain_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_WORK(per_cpu_ptr(&lru_drain_work, cpu), lru_drain_this_cpu);
	lru_drain_queue = alloc_workqueue("contigmem", WQ_MEM_RECLAIM | COMPAT_WQ_PERCPU, 0);
	return lru_drain_queue ? 0 : -ENOMEM;
}

void ctgm_lru_drain_exit(void)
{
	destroy_workqueue(lru_drain_queue);
}

/* Put the pages of all batches on their LRU lists. Sleeps. */
void ctgm_lru_drain(void)
{
	int cpu;

	/* A task that brings a CPU up or down may be waiting for memory itself. */
	if (!cpus_read_trylock())
		return;
	for_each_online_cpu(cpu)
		queue_work_on(cpu, lru_drain_queue, per_cpu_ptr(&lru_drain_work, cpu));
	for_each_online_cpu(cpu)
		flush_work(per_cpu_ptr(&lru_drain_work, cpu));
	cpus_read_unlock();
}
