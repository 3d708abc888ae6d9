// SPDX-License-Identifier: GPL-2.0
/*
 * The operator's files: /sys/kernel/debug/contigmem/, root only.
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "../contigmem.h"
#include "account.h"
#include "arena.h"
#include "block.h"
#include "debugfs.h"
#include "history.h"
#include "parse.h"
#include "partition.h"
#include "pfn_scan.h"
#include "ranges.h"
#include "request.h"
#include "source.h"

#define LINE_SIZE	512	/* bytes, as the fault says */

#ifdef CONFIG_DEBUG_FS
static struct dentry *debugfs_directory;

/*
 * The blocks made here, address by id. They are freed on unload, so they hold
 * no reference on the module.
 */
static DEFINE_XARRAY(own_blocks);

static void free_own_block(void *vaddr)
{
	__module_get(THIS_MODULE);	/* contigmem_free() drops one */
	contigmem_free(vaddr);
}

/* The position is private: the file's own would stay where it is after a refused write. */
struct ctgm_alloc_file {
	struct mutex lock;	/* protects the members below */
	loff_t at;
	char result[LINE_SIZE];
};

static void alloc_result_ok(struct ctgm_alloc_file *file, const struct contigmem_info *info)
{
	scnprintf(file->result, sizeof(file->result),
		  "ok id=%llu virt=%p phys=%#llx-%#llx size=%zu node=%d cache=%s source=%s\n",
		  info->id, info->vaddr, (u64)info->phys,
		  (u64)info->phys + info->size - 1, info->size, info->nid,
		  contigmem_cache_name(info->cache), contigmem_source_name(info->source));
}

/* Write why a request was refused, and a newline. */
static void refusal_text(char *text, size_t size, const struct contigmem_verdict *verdict)
{
	enum contigmem_reason reason = verdict->reason;
	int used;

	used = scnprintf(text, size,
			 "error %d %s: %s; windows=%lu frames_read=%lu attempts=%lu largest_free=%lu",
			 ctgm_reason_errno(reason), ctgm_reason_errno_name(reason),
			 contigmem_reason_text(reason), verdict->windows, verdict->frames_read,
			 verdict->attempts, verdict->largest_free);
	if (verdict->blocker_kind)
		used += scnprintf(text + used, size - used, " blocker=%#lx (%s)", verdict->blocker,
				  verdict->blocker_kind);
	scnprintf(text + used, size - used, "\n");
}

static void alloc_result_error(struct ctgm_alloc_file *file,
			       const struct contigmem_verdict *verdict)
{
	refusal_text(file->result, sizeof(file->result), verdict);
}

static int alloc_result_fault(struct ctgm_alloc_file *file, const char *fault, const char *word)
{
	scnprintf(file->result, sizeof(file->result), "error %d EINVAL: %s '%s'\n",
		  -EINVAL, fault, word);
	return -EINVAL;
}

static int alloc_open(struct inode *inode, struct file *filp)
{
	struct ctgm_alloc_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	mutex_init(&file->lock);
	filp->private_data = file;
	return 0;
}

static int alloc_release(struct inode *inode, struct file *filp)
{
	kfree(filp->private_data);
	return 0;
}

static ssize_t alloc_read(struct file *filp, char __user *to, size_t size, loff_t *unused)
{
	struct ctgm_alloc_file *file = filp->private_data;
	ssize_t done;

	mutex_lock(&file->lock);
	done = simple_read_from_buffer(to, size, &file->at, file->result,
				       strlen(file->result));
	mutex_unlock(&file->lock);
	return done;
}

/* Allocate the block that a line asks for. Returns 0 or the errno, and sets the result. */
static int alloc_line(struct ctgm_alloc_file *file, char *line)
{
	struct ctgm_parsed parsed = {
		.req = CONTIGMEM_REQUEST(0),
		.gfp = GFP_KERNEL | __GFP_NOWARN,
	};
	struct contigmem_request *req = &parsed.req;
	struct contigmem_verdict verdict;
	const char *fault;
	struct contigmem_info info;
	void *vaddr;
	int error;

	fault = ctgm_parse_line(line, &parsed);
	if (fault)
		return alloc_result_fault(file, fault, parsed.word);
	if (parsed.partition[0]) {
		req->partition = contigmem_partition_open(parsed.partition);
		if (IS_ERR(req->partition))
			return alloc_result_fault(file, "no partition", parsed.partition);
	}
	req->verdict = &verdict;
	vaddr = contigmem_alloc(req, parsed.gfp);
	/* A block in it keeps the partition's memory. */
	contigmem_partition_close(req->partition);
	if (IS_ERR(vaddr)) {
		alloc_result_error(file, &verdict);
		return PTR_ERR(vaddr);
	}
	contigmem_describe(vaddr, &info);
	error = xa_insert(&own_blocks, info.id, vaddr, GFP_KERNEL);
	if (error) {
		contigmem_free(vaddr);
		verdict.reason = CONTIGMEM_NO_BOOKKEEPING;
		alloc_result_error(file, &verdict);
		return error;
	}
	module_put(THIS_MODULE);
	alloc_result_ok(file, &info);
	return 0;
}

static ssize_t alloc_write(struct file *filp, const char __user *from, size_t size, loff_t *unused)
{
	struct ctgm_alloc_file *file = filp->private_data;
	char *line = NULL;
	int error;

	if (size <= LINE_SIZE) {
		line = memdup_user_nul(from, size);
		if (IS_ERR(line))
			return PTR_ERR(line);
	}
	mutex_lock(&file->lock);
	file->at = 0;
	if (!line)
		error = alloc_result_fault(file, "line over", "512 bytes");
	else if (strlen(line) != size)
		error = alloc_result_fault(file, "NUL in", "the line");
	else
		error = alloc_line(file, line);
	mutex_unlock(&file->lock);
	kfree(line);
	return error ?: size;
}

static const struct file_operations alloc_fops = {
	.owner = THIS_MODULE,
	.open = alloc_open,
	.release = alloc_release,
	.read = alloc_read,
	.write = alloc_write,
	.llseek = noop_llseek,
};

/* The task that erases the entry frees the block. */
static bool free_id(unsigned long id)
{
	void *vaddr = xa_erase(&own_blocks, id);

	if (vaddr)
		free_own_block(vaddr);
	return vaddr;
}

static void free_all(void)
{
	unsigned long id;
	void *vaddr;

	xa_for_each(&own_blocks, id, vaddr) {
		free_id(id);
		cond_resched();
	}
}

static bool free_phys(u64 phys)
{
	unsigned long id;
	void *vaddr;

	xa_for_each(&own_blocks, id, vaddr) {
		if (contigmem_phys(vaddr) == phys)
			return free_id(id);
	}
	return false;
}

static int free_line(char *line)
{
	char *text = strim(line);
	u64 value;

	if (!strcmp(text, "all")) {
		free_all();
		return 0;
	}
	if (!strncmp(text, "id=", 3)) {
		if (!isdigit(text[3]) || kstrtou64(text + 3, 10, &value))
			return -EINVAL;
		return free_id(value) ? 0 : -ENOENT;
	}
	if (!strncmp(text, "phys=", 5)) {
		if (!ctgm_parse_bytes(text + 5, &value))
			return -EINVAL;
		return free_phys(value) ? 0 : -ENOENT;
	}
	return -EINVAL;
}

static ssize_t free_write(struct file *filp, const char __user *from, size_t size, loff_t *at)
{
	char *line;
	int error;

	if (size > LINE_SIZE)
		return -EINVAL;
	line = memdup_user_nul(from, size);
	if (IS_ERR(line))
		return PTR_ERR(line);
	error = strlen(line) == size ? free_line(line) : -EINVAL;
	kfree(line);
	return error ?: size;
}

static const struct file_operations free_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = free_write,
	.llseek = noop_llseek,
};

static int blocks_show(struct seq_file *seq, void *unused)
{
	struct contigmem_info info;
	const void *vaddr = NULL;
	char tag[5], caller[CTGM_CALLER_SIZE];

	seq_puts(seq, "# id tag phys size node cache source caller age\n");
	for (; !contigmem_next(vaddr, &info); vaddr = info.vaddr + info.size) {
		u64 ms = div_u64(info.age_ns, NSEC_PER_MSEC);

		ctgm_tag_text(info.tag, tag);
		ctgm_caller_text(info.caller, caller);
		seq_printf(seq, "%llu %s %#llx-%#llx %zu %d %s %s %s %llu.%03llus",
			   info.id, tag, (u64)info.phys, (u64)info.phys + info.size - 1,
			   info.size, info.nid, contigmem_cache_name(info.cache),
			   contigmem_source_name(info.source), caller,
			   ms / MSEC_PER_SEC, ms % MSEC_PER_SEC);
		if (info.freed)
			seq_puts(seq, " freed");
		if (info.users)
			seq_printf(seq, " users=%u", info.users);
		seq_putc(seq, '\n');
		cond_resched();
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(blocks);

static int tags_show(struct seq_file *seq, void *unused)
{
	struct ctgm_account *account = NULL;

	seq_puts(seq, "# tag blocks bytes peak total failures limit\n");
	while ((account = ctgm_account_next(account))) {
		struct contigmem_tag_info info;
		char tag[5];

		ctgm_account_describe(account, &info);
		/* The account of all tags without one of their own. */
		if (ctgm_account_is_others(account) && !info.total && !info.failures)
			continue;
		ctgm_tag_text(info.tag, tag);
		seq_printf(seq, "%s %llu %llu %llu %llu %llu %llu\n",
			   ctgm_account_is_others(account) ? "others" : tag, info.blocks,
			   info.bytes, info.bytes_peak, info.total, info.failures, info.limit);
		cond_resched();
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(tags);

static int partitions_show(struct seq_file *seq, void *unused)
{
	struct contigmem_partition_info info;
	unsigned int nth;

	seq_puts(seq, "# name phys size free node cache blocks peak failures handles\n");
	for (nth = 0; ctgm_partition_describe_nth(nth, &info); nth++) {
		if (info.is_cma)
			seq_printf(seq, "%s - - - - cma", info.name);
		else
			seq_printf(seq, "%s %#llx-%#llx %zu %zu %d %s", info.name, (u64)info.phys,
				   (u64)info.phys + info.size - 1, info.size, info.free, info.nid,
				   contigmem_cache_name(info.cache));
		seq_printf(seq, " %lu %lu %lu %u\n", info.blocks, info.blocks_peak, info.failures,
			   info.handles);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(partitions);

/*
 * Node by node, zone by zone. Nothing is locked, so the figures may change at once; frames
 * in per-CPU lists are not counted.
 */
static int memory_show(struct seq_file *seq, void *unused)
{
	struct ctgm_ranges *ranges = ctgm_ranges_get();
	unsigned int i;

	seq_puts(seq, "# node zone phys pages free largest_free\n");
	for (i = 0; i < ranges->nr; i++) {
		const struct ctgm_range *range = &ranges->range[i];
		struct ctgm_free_count count = ctgm_pfn_count_free(range->first, range->last);

		seq_printf(seq, "%d %s %#llx-%#llx %lu %lu %lu\n", range->nid,
			   NODE_DATA(range->nid)->node_zones[range->zone].name,
			   (u64)PFN_PHYS(range->first), (u64)PFN_PHYS(range->last + 1) - 1,
			   range->last - range->first + 1, count.free, count.largest_free);
	}
	ctgm_ranges_put(ranges);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(memory);

/* Requests are shown in the words of "alloc", malformed ones included. */
static int failures_show(struct seq_file *seq, void *unused)
{
	struct ctgm_refused refused;
	char text[LINE_SIZE], caller[CTGM_CALLER_SIZE];
	u64 number = 0;

	seq_puts(seq, "# age caller: request gfp: error\n");
	while (ctgm_history_next_refused(&number, &refused)) {
		u64 ms = div_u64(ktime_get_mono_fast_ns() - refused.when, NSEC_PER_MSEC);
		gfp_t context = refused.gfp & ~(__GFP_THISNODE | __GFP_ZERO | __GFP_NOWARN);

		ctgm_caller_text(refused.caller, caller);
		ctgm_format_line(text, sizeof(text), &refused.req, refused.gfp, refused.partition);
		seq_printf(seq, "%llu.%03llus %s: %s gfp=%pGg: ", ms / MSEC_PER_SEC,
			   ms % MSEC_PER_SEC, caller, text, &context);
		refusal_text(text, sizeof(text), &refused.verdict);
		seq_puts(seq, text);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(failures);

static int stats_show(struct seq_file *seq, void *unused)
{
	struct ctgm_arena_stats arenas = ctgm_arena_stats();
	enum contigmem_source source;

	seq_puts(seq, "# source tries hits frames_read migrated attempts\n");
	for (source = CONTIGMEM_SOURCE_NONE + 1; source < CONTIGMEM_NR_SOURCES; source++) {
		struct ctgm_source_stats stats = ctgm_source_stats(source);

		seq_printf(seq, "%s %llu %llu %llu %llu %llu\n", contigmem_source_name(source),
			   stats.tries, stats.hits, stats.frames_read, stats.migrated,
			   stats.attempts);
	}
	seq_printf(seq, "frames_leaked %llu\n", ctgm_frames_leaked());
	seq_printf(seq, "frames_poisoned %llu\n", ctgm_frames_poisoned());
	seq_printf(seq, "frames_waiting %lu\n", ctgm_block_waiting());
	seq_printf(seq, "frames_reserved %lu\n", arenas.reserved);
	seq_printf(seq, "arenas %lu frames %lu idle %lu\n", arenas.arenas, arenas.frames,
		   arenas.idle);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

void ctgm_debugfs_init(void)
{
	debugfs_directory = debugfs_create_dir("contigmem", NULL);
	debugfs_create_file("alloc", 0600, debugfs_directory, NULL, &alloc_fops);
	debugfs_create_file("free", 0200, debugfs_directory, NULL, &free_fops);
	debugfs_create_file("blocks", 0400, debugfs_directory, NULL, &blocks_fops);
	debugfs_create_file("tags", 0400, debugfs_directory, NULL, &tags_fops);
	debugfs_create_file("partitions", 0400, debugfs_directory, NULL, &partitions_fops);
	debugfs_create_file("memory", 0400, debugfs_directory, NULL, &memory_fops);
	debugfs_create_file("failures", 0400, debugfs_directory, NULL, &failures_fops);
	debugfs_create_file("stats", 0400, debugfs_directory, NULL, &stats_fops);
}

void ctgm_debugfs_exit(void)
{
	debugfs_remove(debugfs_directory);
	free_all();
}
#endif
