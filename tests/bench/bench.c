// SPDX-License-Identifier: GPL-2.0
/*
 * What contigmem costs, side by side with the kernel's own allocators. Under
 * QEMU's -icount a cycle is an instruction, and the figures repeat.
 *
 * Driven through /sys/kernel/debug/contigmem_bench/: a line to "command" is done
 * before the write returns, "results" has a line for each figure since.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "arch.h"
#include "bench.h"

#define MAX_SAMPLES	1001
#define WARM_UP		2
#define RESULTS_SIZE	SZ_1M

/* Constraints of common devices; the window has odd ends. */
static const struct bench_job places[] = {
	{ .place = "any", .high = (phys_addr_t)-1 },
	{ .place = "below-16M", .high = SZ_16M - 1, .boundary = SZ_64K },
	{ .place = "below-1G", .high = SZ_1G - 1 },
	{ .place = "256M-512M", .low = SZ_256M, .high = SZ_512M - 1 },
	{ .place = "window", .low = 0x9345000, .high = 0x9345000 + SZ_256M - 1 },
};

/**
 * struct series - the samples of one peer for a job
 * @tries: requests
 * @ok: requests served
 * @alloc: cycles of each request
 * @free: cycles of each free
 * @both: cycles of each pair of them
 * @spent: sum of all cycles
 * @frames_read: page frames that contigmem read for each request
 * @migrated: pages that contigmem migrated for each request
 */
struct series {
	unsigned int tries;
	unsigned int ok;
	u64 alloc[MAX_SAMPLES];
	u64 free[MAX_SAMPLES];
	u64 both[MAX_SAMPLES];
	u64 spent;
	u64 frames_read[MAX_SAMPLES];
	u64 migrated[MAX_SAMPLES];
};

static DEFINE_MUTEX(lock);		/* one command at a time */
static struct series *series;		/* one for each peer */
static char *results;
static size_t results_length;
static u64 overhead;			/* cycles from one reading to the next */
static const struct bench_peer *only;	/* the peer to measure; NULL: all */
static struct dentry *directory;

void bench_row(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	results_length += vscnprintf(results + results_length, RESULTS_SIZE - results_length,
				     format, args);
	va_end(args);
	results_length += scnprintf(results + results_length, RESULTS_SIZE - results_length, "\n");
}

static int compare(const void *left, const void *right)
{
	const u64 *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

void bench_sort(u64 *samples, unsigned int nr)
{
	sort(samples, nr, sizeof(*samples), compare, NULL);
}

/* The smallest of the sorted samples that @percent of them do not exceed. */
u64 bench_percentile(const u64 *samples, unsigned int nr, unsigned int percent)
{
	return nr ? samples[DIV_ROUND_UP(nr * percent, 100) - 1] : 0;
}

u64 bench_cycles_since(u64 start)
{
	u64 cycles = bench_cycles() - start;

	return cycles - min(cycles, overhead);
}

static void measure_overhead(void)
{
	u64 *samples = series[0].alloc;
	unsigned int i;

	overhead = 0;
	for (i = 0; i < MAX_SAMPLES; i++) {
		u64 start = bench_cycles();

		samples[i] = bench_cycles_since(start);
	}
	bench_sort(samples, MAX_SAMPLES);
	overhead = bench_percentile(samples, MAX_SAMPLES, 50);
}

/* Runs all shrinkers: contigmem releases its idle arenas. */
int bench_drop_idle(void)
{
	struct file *file = filp_open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
	loff_t at = 0;
	ssize_t written;

	if (IS_ERR(file))
		return PTR_ERR(file);
	written = kernel_write(file, "2", 1, &at);
	filp_close(file, NULL);
	return written < 0 ? written : 0;
}

static bool get(const struct bench_peer *peer, const struct bench_job *job,
		struct series *to, struct bench_block *block)
{
	unsigned int i = to->tries++;
	u64 start = bench_cycles();
	bool ok = peer->get(job, block);

	to->alloc[i] = bench_cycles_since(start);
	to->spent += to->alloc[i];
	to->frames_read[i] = bench_verdict.frames_read;
	to->migrated[i] = bench_verdict.pages_migrated;
	return ok;
}

static void put(const struct bench_peer *peer, const struct bench_job *job,
		struct series *to, const struct bench_block *block)
{
	unsigned int i = to->ok++;
	u64 start = bench_cycles();

	peer->put(job, block);
	to->free[i] = bench_cycles_since(start);
	to->spent += to->free[i];
}

static void one_sample(const struct bench_peer *peer, const struct bench_job *job,
		       struct series *to)
{
	struct bench_block block;
	unsigned int i = to->tries;

	if (peer->before)
		peer->before(job);
	if (get(peer, job, to, &block)) {
		put(peer, job, to, &block);
		to->both[to->ok - 1] = to->alloc[i] + to->free[to->ok - 1];
	}
	if (peer->after)
		peer->after(job);
}

static void report(const struct bench_job *job, const char *phase)
{
	static const unsigned int percents[] = { 50, 90, 99, 100 };
	unsigned int p, i;

	for (p = 0; p < BENCH_NR_PEERS; p++) {
		const struct bench_peer *peer = &bench_peers[p];
		struct series *of = &series[p];
		char text[256];
		int at = 0;

		if (!of->tries)
			continue;
		bench_sort(of->alloc, of->tries);
		bench_sort(of->free, of->ok);
		bench_sort(of->both, of->ok);
		bench_sort(of->frames_read, of->tries);
		bench_sort(of->migrated, of->tries);
		for (i = 0; i < ARRAY_SIZE(percents); i++)
			at += scnprintf(text + at, sizeof(text) - at, ",%llu",
					bench_percentile(of->alloc, of->tries, percents[i]));
		for (i = 0; i < ARRAY_SIZE(percents); i++)
			at += scnprintf(text + at, sizeof(text) - at, ",%llu",
					bench_percentile(of->free, of->ok, percents[i]));
		for (i = 0; i < ARRAY_SIZE(percents); i++)
			at += scnprintf(text + at, sizeof(text) - at, ",%llu",
					bench_percentile(of->both, of->ok, percents[i]));
		bench_row("time,%s,%zu,%s,%s,%s,%s,%u,%u%s,%s,%llu,%llu", job->place,
			  job->size >> 10, contigmem_cache_name(job->cache), peer->name,
			  peer->fit(job) == BENCH_MEETS ? "yes" : "no", phase, of->tries, of->ok,
			  text, p ? "-" : contigmem_source_name(bench_verdict.source),
			  p ? 0 : bench_percentile(of->frames_read, of->tries, 50),
			  p ? 0 : bench_percentile(of->migrated, of->tries, 50));
	}
}

static void forget(void)
{
	unsigned int p;

	for (p = 0; p < BENCH_NR_PEERS; p++) {
		series[p].tries = 0;
		series[p].ok = 0;
		series[p].spent = 0;
	}
}

static enum bench_fit fit(const struct bench_peer *peer, const struct bench_job *job)
{
	return !only || only == peer ? peer->fit(job) : BENCH_CANNOT;
}

/* A median needs three samples, unless no request was served. */
static bool is_enough(const struct series *of, u64 budget)
{
	return of->spent > budget && (of->tries > 2 || !of->ok);
}

/* One sample of each peer in turn, so that all meet the same state of memory. */
static void one_round(const struct bench_job *job, u64 budget)
{
	unsigned int p;

	for (p = 0; p < BENCH_NR_PEERS; p++) {
		struct series *to = &series[p];

		if (!fit(&bench_peers[p], job) || is_enough(to, budget))
			continue;
		one_sample(&bench_peers[p], job, to);
		cond_resched();
	}
}

static int time_job(struct bench_job *job, unsigned int first, unsigned int samples,
		    u64 budget)
{
	unsigned int i;
	int error = 0;

	if (job->cache == CONTIGMEM_CACHED && !only)
		bench_reserve_range(job);
	for (i = 0; i < first; i++) {
		error = bench_drop_idle();
		if (error)
			goto out;
		one_round(job, budget);
	}
	report(job, "first");
	forget();
	for (i = 0; i < WARM_UP; i++)
		one_round(job, budget);
	forget();
	/* No other peer is asked, so where nothing is read any more contigmem is not either. */
	bench_wants_verdict = bench_verdict.frames_read || bench_verdict.pages_migrated;
	for (i = 0; i < samples; i++)
		one_round(job, budget);
	report(job, "steady");
out:
	bench_wants_verdict = true;
	forget();
	bench_release_range(job);
	return error;
}

/* Counts the blocks, up to @count, that each peer allocates before a refusal. */
static int hold_blocks(struct bench_job *job, unsigned int count, u64 budget)
{
	struct bench_block *blocks = vmalloc_array(count, sizeof(*blocks));
	unsigned int p, held;

	if (!blocks)
		return -ENOMEM;
	for (p = 0; p < BENCH_NR_PEERS; p++) {
		const struct bench_peer *peer = &bench_peers[p];
		struct series *of = &series[p];
		bool spent = false;

		/* The reserved range holds one block. */
		if (!fit(peer, job) || peer->after)
			continue;
		if (peer->before)
			peer->before(job);
		for (held = 0; held < count && !spent; held++) {
			if (!get(peer, job, of, &blocks[held]))
				break;
			spent = of->spent > budget;
			cond_resched();
		}
		bench_row("hold,%s,%zu,%s,%s,%u,%u,%s,%llu", job->place, job->size >> 10,
			  contigmem_cache_name(job->cache), peer->name, count, held,
			  spent ? "yes" : "no", of->spent);
		while (held--)
			put(peer, job, of, &blocks[held]);
	}
	forget();
	vfree(blocks);
	return 0;
}

static void live_row(const char *kind, struct bench_job *job, unsigned int live,
		     struct series *of)
{
	bench_sort(of->alloc, of->tries);
	bench_sort(of->free, of->ok);
	bench_sort(of->both, of->ok);
	bench_row("%s,%zu,%s,%u,%u,%u,%llu,%llu,%llu,%llu,%llu", kind, job->size >> 10,
		  contigmem_cache_name(job->cache), live, of->tries, of->ok,
		  bench_percentile(of->alloc, of->tries, 50),
		  bench_percentile(of->free, of->ok, 50),
		  bench_percentile(of->both, of->ok, 50), bench_percentile(of->both, of->ok, 99),
		  bench_percentile(of->both, of->ok, 100));
}

/*
 * With interrupts off, frees a random one of @live blocks and allocates another: in a
 * partition, or anywhere.
 */
static int time_live(struct bench_job *job, bool in_partition, unsigned int live,
		     unsigned int samples)
{
	struct contigmem_request req = CONTIGMEM_REQUEST((live + 2ULL) * job->size);
	void **blocks = vmalloc_array(live, sizeof(*blocks));
	struct series *to = &series[0];
	unsigned int held = 0, i;
	struct rnd_state rnd;
	int error = -ENOMEM;

	if (!blocks)
		return -ENOMEM;
	req.cache = job->cache;
	if (in_partition) {
		req.partition = contigmem_partition_create("bench", &req);
		if (IS_ERR(req.partition)) {
			error = PTR_ERR(req.partition);
			goto free_list;
		}
	}
	req.size = job->size;
	for (; held < live; held++) {
		blocks[held] = contigmem_alloc(&req, GFP_KERNEL);
		if (IS_ERR(blocks[held]))
			goto free_blocks;
	}
	forget();
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < WARM_UP + samples; i++) {
		void **block = &blocks[prandom_u32_state(&rnd) % live];
		u64 start, mid, end;
		unsigned long flags;

		local_irq_save(flags);
		start = bench_cycles();
		contigmem_free(*block);
		mid = bench_cycles();
		*block = contigmem_alloc(&req, GFP_ATOMIC);
		end = bench_cycles();
		local_irq_restore(flags);
		if (IS_ERR(*block)) {
			*block = blocks[--held];
			goto free_blocks;
		}
		if (i < WARM_UP)
			continue;
		to->free[to->ok] = mid - start - overhead;
		to->alloc[to->tries++] = end - mid - overhead;
		to->both[to->ok++] = end - start - 2 * overhead;
	}
	live_row(in_partition ? "partition" : "live", job, live, to);
	forget();
	error = 0;
free_blocks:
	while (held--)
		contigmem_free(blocks[held]);
	if (in_partition)
		WARN_ON(contigmem_partition_close(req.partition));
free_list:
	vfree(blocks);
	return error;
}

static bool parse_job(struct bench_job *job, const char *place, unsigned long kib,
		      const char *cache)
{
	unsigned int i, c;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (c = 0; c < CONTIGMEM_NR_CACHES; c++) {
			if (strcmp(place, places[i].place) ||
			    strcmp(cache, contigmem_cache_name(c)))
				continue;
			*job = places[i];
			job->size = kib << 10;
			job->cache = c;
			return is_power_of_2(kib) && job->size >= PAGE_SIZE;
		}
	}
	return false;
}

static int obey(const char *line)
{
	unsigned long kib, start, bytes, step;
	unsigned int a, b, millions;
	char first[32], second[32];
	struct bench_job job;

	if (sscanf(line, "only %31s", first) == 1) {
		only = bench_peer_of(first);
		return only ? 0 : -EINVAL;
	}
	if (sscanf(line, "time %31s %lu %31s %u %u %u", first, &kib, second, &a, &b,
		   &millions) == 6)
		return parse_job(&job, first, kib, second) && max(a, b) <= MAX_SAMPLES ?
		       time_job(&job, a, b, millions * 1000000ULL) : -EINVAL;
	if (sscanf(line, "partition %lu %31s %u %u", &kib, second, &a, &b) == 4 ||
	    sscanf(line, "live %lu %31s %u %u", &kib, second, &a, &b) == 4)
		return parse_job(&job, "any", kib, second) && a && b <= MAX_SAMPLES - WARM_UP ?
		       time_live(&job, line[0] == 'p', a, b) : -EINVAL;
	if (sscanf(line, "hold %31s %lu %31s %u %u", first, &kib, second, &a, &millions) == 5)
		return parse_job(&job, first, kib, second) && a && a <= MAX_SAMPLES ?
		       hold_blocks(&job, a, millions * 1000000ULL) : -EINVAL;
	if (sscanf(line, "drain %31s %lu %31s", first, &kib, second) == 3)
		return parse_job(&job, first, kib, second) ? bench_drain(&job) : -EINVAL;
	if (sscanf(line, "keep %lu %31s %u %u", &kib, second, &a, &b) == 4)
		return parse_job(&job, "any", kib, second) && b ? bench_keep(&job, a, b) : -EINVAL;
	if (sscanf(line, "take %31s", first) == 1)
		return parse_job(&job, first, 4, "cached") ? bench_take(&job) : -EINVAL;
	if (sscanf(line, "scatter %31s", first) == 1)
		return parse_job(&job, first, 4, "cached") ? bench_scatter(&job) : -EINVAL;
	if (sscanf(line, "ask %u %lu %u", &a, &kib, &b) == 3)
		return bench_ask(a, kib, b);
	if (!strcmp(line, "drive"))
		return bench_drive();
	if (sscanf(line, "threads %31s %31s %u %u", first, second, &a, &b) == 4)
		return bench_threads(first, second, a, b);
	if (sscanf(line, "spoil %u %u", &a, &b) == 2)
		return bench_spoil(a, b);
	if (sscanf(line, "pin %lx %lu %lu", &start, &bytes, &step) == 3)
		return bench_pin(start, bytes, step);
	return -EINVAL;
}

static ssize_t command_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	char line[128];
	int error;

	if (size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, size))
		return -EFAULT;
	line[size] = '\0';
	strim(line);
	mutex_lock(&lock);
	error = obey(line);
	mutex_unlock(&lock);
	return error ?: size;
}

static const struct file_operations command_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.write = command_write,
};

static int results_show(struct seq_file *m, void *unused)
{
	mutex_lock(&lock);
	seq_write(m, results, results_length);
	mutex_unlock(&lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static int __init bench_init(void)
{
	int error = -ENOMEM;

	series = vzalloc(array_size(BENCH_NR_PEERS, sizeof(*series)));
	results = vmalloc(RESULTS_SIZE);
	if (!series || !results)
		goto free;
	error = bench_peers_init();
	if (error)
		goto free;
	bench_cycles_start();
	measure_overhead();
	directory = debugfs_create_dir("contigmem_bench", NULL);
	debugfs_create_file("command", 0200, directory, NULL, &command_fops);
	debugfs_create_file("results", 0400, directory, NULL, &results_fops);
	return 0;

free:
	vfree(results);
	vfree(series);
	return error;
}

static void __exit bench_exit(void)
{
	debugfs_remove(directory);
	bench_mend();
	bench_uncrowd();
	bench_peers_exit();
	vfree(results);
	vfree(series);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Benchmark of contigmem");
