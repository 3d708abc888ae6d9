// SPDX-License-Identifier: GPL-2.0
/*
 * Each processor keeps pages on their way to an LRU list in batches. They look like the
 * kernel's own there, and alloc_contig_range() empties the batches too late: when it
 * has refused what is in them.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "batches.h"
#include "compat.h"

/* Its own, so that a worker may wait for it whom reclaim waits for. */
static struct workqueue_struct *queue;
static DEFINE_PER_CPU(struct work_struct, work);

static void drain(struct work_struct *unused)
{
	compat_lru_add_drain();
}

int batches_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_WORK(per_cpu_ptr(&work, cpu), drain);
	queue = alloc_workqueue("contigmem", WQ_MEM_RECLAIM | COMPAT_WQ_PERCPU, 0);
	return queue ? 0 : -ENOMEM;
}

void batches_exit(void)
{
	destroy_workqueue(queue);
}

/* Put the pages of all batches on their lists. Sleeps. */
void batches_drain(void)
{
	int cpu;

	/* Who brings a processor up or down may want memory for it. */
	if (!cpus_read_trylock())
		return;
	for_each_online_cpu(cpu)
		queue_work_on(cpu, queue, per_cpu_ptr(&work, cpu));
	for_each_online_cpu(cpu)
		flush_work(per_cpu_ptr(&work, cpu));
	cpus_read_unlock();
}
