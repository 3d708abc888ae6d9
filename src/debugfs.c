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
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "../contigmem.h"
#include "account.h"
#include "arena.h"
#include "block.h"
#include "caller.h"
#include "debugfs.h"
#include "history.h"
#include "magazine.h"
#include "parse.h"
#include "partition.h"
#include "pfn_scan.h"
#include "ranges.h"
#include "request.h"
#include "source.h"

#define LINE_SIZE	512	/* bytes, as the fault says */
/* An answer has up to 14 lines, of which each but the first is shorter than 256 bytes. */
#define RESULT_SIZE	4096

#ifdef CONFIG_DEBUG_FS
static struct dentry *debugfs_directory;

/*
 * The blocks made here, address by id. They are freed on unload, so they hold
 * no reference on the module.
 */
static DEFINE_XARRAY(own_blocks);

static void free_own_block(void *vaddr)
{
	__module_get(THIS_MODULE);	/* a block that goes back drops one */
	contigmem_free(vaddr);
}

struct ctgm_line_file;

/* What a line that is written to a file means: does it, and sets the result. 0 or the errno. */
struct ctgm_line_ops {
	int (*line)(struct ctgm_line_file *file, char *line);
};

/* The position is private: the file's own would stay where it is after a refused write. */
struct ctgm_line_file {
	const struct ctgm_line_ops *ops;	/* constant */
	struct mutex lock;			/* protects the members below */
	loff_t at;
	char result[RESULT_SIZE];
};

static void alloc_result_ok(struct ctgm_line_file *file, const struct contigmem_info *info)
{
	scnprintf(file->result, sizeof(file->result),
		  "ok id=%llu virt=%p phys=%#llx-%#llx size=%zu node=%d cache=%s source=%s\n",
		  info->id, info->vaddr, (u64)info->phys,
		  (u64)info->phys + info->size - 1, info->size, info->nid,
		  contigmem_cache_name(info->cache), contigmem_source_name(info->source));
}

/* Write what was read and tried for a request that was refused, and a newline. */
static int figures_text(char *text, size_t size, const struct contigmem_verdict *verdict)
{
	int used;

	used = scnprintf(text, size, " windows=%lu frames_read=%lu attempts=%lu largest_free=%lu",
			 verdict->windows, verdict->frames_read, verdict->attempts,
			 verdict->largest_free);
	if (verdict->blocker_kind)
		used += scnprintf(text + used, size - used, " blocker=%#lx (%s)", verdict->blocker,
				  verdict->blocker_kind);
	return used + scnprintf(text + used, size - used, "\n");
}

/* Write why a request was refused, and a newline. */
static void refusal_text(char *text, size_t size, const struct contigmem_verdict *verdict)
{
	enum contigmem_reason reason = verdict->reason;
	int used;

	used = scnprintf(text, size, "error %d %s: %s;", ctgm_reason_errno(reason),
			 ctgm_reason_errno_name(reason), contigmem_reason_text(reason));
	figures_text(text + used, size - used, verdict);
}

static void alloc_result_error(struct ctgm_line_file *file,
			       const struct contigmem_verdict *verdict)
{
	refusal_text(file->result, sizeof(file->result), verdict);
}

static int line_fault(struct ctgm_line_file *file, const char *fault, const char *word)
{
	scnprintf(file->result, sizeof(file->result), "error %d EINVAL: %s '%s'\n",
		  -EINVAL, fault, word);
	return -EINVAL;
}

static int line_open(struct inode *inode, struct file *filp)
{
	struct ctgm_line_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	file->ops = inode->i_private;
	mutex_init(&file->lock);
	filp->private_data = file;
	return 0;
}

static int line_release(struct inode *inode, struct file *filp)
{
	kfree(filp->private_data);
	return 0;
}

static ssize_t line_read(struct file *filp, char __user *to, size_t size, loff_t *unused)
{
	struct ctgm_line_file *file = filp->private_data;
	ssize_t done;

	mutex_lock(&file->lock);
	done = simple_read_from_buffer(to, size, &file->at, file->result,
				       strlen(file->result));
	mutex_unlock(&file->lock);
	return done;
}

/* Parse a request. Returns 0 or the errno, and sets the result; the partition is open then. */
static int line_request(struct ctgm_line_file *file, char *line, struct ctgm_parsed *parsed)
{
	const char *fault;

	*parsed = (struct ctgm_parsed){
		.req = CONTIGMEM_REQUEST(0),
		.gfp = GFP_KERNEL | __GFP_NOWARN,
	};
	fault = ctgm_parse_line(line, parsed);
	if (fault)
		return line_fault(file, fault, parsed->word);
	if (parsed->partition[0]) {
		parsed->req.partition = contigmem_partition_open(parsed->partition);
		if (IS_ERR(parsed->req.partition))
			return line_fault(file, "no partition", parsed->partition);
	}
	return 0;
}

/* Allocate the block that a line asks for. Returns 0 or the errno, and sets the result. */
static int alloc_line(struct ctgm_line_file *file, char *line)
{
	struct ctgm_parsed parsed;
	struct contigmem_request *req = &parsed.req;
	struct contigmem_verdict verdict;
	struct contigmem_info info;
	void *vaddr;
	int error;

	error = line_request(file, line, &parsed);
	if (error)
		return error;
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
		ctgm_magazine_flush();
		verdict.reason = CONTIGMEM_NO_BOOKKEEPING;
		alloc_result_error(file, &verdict);
		return error;
	}
	module_put(THIS_MODULE);
	alloc_result_ok(file, &info);
	return 0;
}

static ssize_t line_write(struct file *filp, const char __user *from, size_t size, loff_t *unused)
{
	struct ctgm_line_file *file = filp->private_data;
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
		error = line_fault(file, "line over", "512 bytes");
	else if (strlen(line) != size)
		error = line_fault(file, "NUL in", "the line");
	else
		error = file->ops->line(file, line);
	mutex_unlock(&file->lock);
	kfree(line);
	return error ?: size;
}

static const struct ctgm_line_ops alloc_ops = { .line = alloc_line };

static const struct file_operations line_fops = {
	.owner = THIS_MODULE,
	.open = line_open,
	.release = line_release,
	.read = line_read,
	.write = line_write,
	.llseek = noop_llseek,
};

static int explain_served(char *text, size_t size, const struct contigmem_answer *answer,
			  u64 pages)
{
	int used = scnprintf(text, size, "answer=served source=%s pages_to_move=%lu",
			     contigmem_source_name(answer->verdict.source),
			     answer->pages_to_move);

	if (answer->phys)
		used += scnprintf(text + used, size - used, " phys=%#llx-%#llx",
				  (u64)answer->phys,
				  (u64)answer->phys + (pages << PAGE_SHIFT) - 1);
	return used + scnprintf(text + used, size - used, "\n");
}

/* The lines of the windows; the owner of a page is told if it is in a block. */
static int explain_windows(char *text, size_t size, const struct contigmem_answer *answer,
			   u64 pages)
{
	unsigned int i;
	int used = 0;

	for (i = 0; i < answer->nr_windows; i++) {
		const struct contigmem_window *window = &answer->windows[i];
		struct contigmem_info info;

		used += scnprintf(text + used, size - used,
				  "window phys=%#llx-%#llx in_the_way=%lu first=%#lx kind=%s flags=%pGp",
				  (u64)window->phys, (u64)window->phys + (pages << PAGE_SHIFT) - 1,
				  window->in_the_way, window->first, window->kind,
				  &window->flags);
		if (!contigmem_describe(page_address(pfn_to_page(window->first)), &info))
			used += scnprintf(text + used, size - used, " owner=block:%llu", info.id);
		used += scnprintf(text + used, size - used, "\n");
	}
	return used;
}

/* An address below which there are whole GiB, or MiB, in the words of a line. */
static int explain_high(char *text, size_t size, u64 high)
{
	u64 end = high + 1;

	if (!end)
		return scnprintf(text, size, "help high=%#llx\n", high);
	if (!(end & (SZ_1G - 1)))
		return scnprintf(text, size, "help high=%lluG-1\n", end >> 30);
	if (!(end & (SZ_1M - 1)))
		return scnprintf(text, size, "help high=%lluM-1\n", end >> 20);
	return scnprintf(text, size, "help high=%#llx\n", high);
}

static int explain_help(char *text, size_t size, const struct contigmem_answer *answer)
{
	static const struct {
		unsigned int help;
		const char *text;
	} words[] = {
		{ CONTIGMEM_HELP_LOW, "low=0" },
		{ CONTIGMEM_HELP_ALIGN, "align=4K" },
		{ CONTIGMEM_HELP_BOUNDARY, "boundary=0" },
		{ CONTIGMEM_HELP_DROP_CACHES, "drop_caches" },
		{ CONTIGMEM_HELP_SHRINK_IDLE, "shrink_idle" },
	};
	int used = 0, i;

	if (answer->help & CONTIGMEM_HELP_NODE)
		used += scnprintf(text + used, size - used, "help node=%d\n", answer->help_nid);
	if (answer->help & CONTIGMEM_HELP_HIGH)
		used += explain_high(text + used, size - used, answer->help_high);
	if (answer->help & CONTIGMEM_HELP_PARTITION)
		used += scnprintf(text + used, size - used, "help partition=%s\n",
				  answer->help_partition);
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (answer->help & words[i].help)
			used += scnprintf(text + used, size - used, "help %s\n", words[i].text);
	}
	return used;
}

/* Would the request of a line be served? A refusal is an answer and no fault of the line. */
static int explain_line(struct ctgm_line_file *file, char *line)
{
	struct contigmem_answer answer;
	enum contigmem_reason reason;
	struct ctgm_parsed parsed;
	char *text = file->result;
	size_t size = sizeof(file->result);
	u64 pages;
	int error, used;

	error = line_request(file, line, &parsed);
	if (error)
		return error;
	contigmem_query(&parsed.req, parsed.gfp, &answer);
	contigmem_partition_close(parsed.req.partition);
	reason = answer.verdict.reason;
	pages = PFN_UP(parsed.req.size);
	if (!reason) {
		explain_served(text, size, &answer, pages);
		return 0;
	}
	used = scnprintf(text, size, "answer=refused errno=%s reason=\"%s\"",
			 ctgm_reason_errno_name(reason), contigmem_reason_text(reason));
	used += figures_text(text + used, size - used, &answer.verdict);
	used += explain_windows(text + used, size - used, &answer, pages);
	explain_help(text + used, size - used, &answer);
	return 0;
}

static const struct ctgm_line_ops explain_ops = { .line = explain_line };

/* How large a block could the request of a line be, whose size does not matter? */
static int largest_line(struct ctgm_line_file *file, char *line)
{
	struct ctgm_parsed parsed;
	size_t free, moving;
	int error;

	error = line_request(file, line, &parsed);
	if (error)
		return error;
	error = contigmem_largest(&parsed.req, parsed.gfp, &free, &moving);
	contigmem_partition_close(parsed.req.partition);
	if (error)
		scnprintf(file->result, sizeof(file->result), "error %d\n", error);
	else
		scnprintf(file->result, sizeof(file->result), "free=%zu moving=%zu\n", free,
			  moving);
	return error;
}

static const struct ctgm_line_ops largest_ops = { .line = largest_line };

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
	/* A block that a magazine keeps would hold the module for a second. */
	ctgm_magazine_flush();
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

static int arenas_show(struct seq_file *seq, void *unused)
{
	struct contigmem_arena_info info;
	phys_addr_t phys = 0;

	seq_puts(seq, "# phys size free node cache\n");
	for (; !contigmem_next_arena(phys, &info); phys = info.phys + info.size) {
		seq_printf(seq, "%#llx-%#llx %zu %zu %d %s\n", (u64)info.phys,
			   (u64)info.phys + info.size - 1, info.size, info.free, info.nid,
			   contigmem_cache_name(info.cache));
		cond_resched();
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(arenas);

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
	struct ctgm_magazine_stats magazines = ctgm_magazine_stats();
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
	seq_printf(seq, "magazines frames %lu hits %llu\n", magazines.frames, magazines.hits);
	seq_printf(seq, "arenas %lu frames %lu idle %lu\n", arenas.arenas, arenas.frames,
		   arenas.idle);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

void ctgm_debugfs_init(void)
{
	debugfs_directory = debugfs_create_dir("contigmem", NULL);
	debugfs_create_file("alloc", 0600, debugfs_directory, (void *)&alloc_ops, &line_fops);
	debugfs_create_file("explain", 0600, debugfs_directory, (void *)&explain_ops, &line_fops);
	debugfs_create_file("largest", 0600, debugfs_directory, (void *)&largest_ops, &line_fops);
	debugfs_create_file("free", 0200, debugfs_directory, NULL, &free_fops);
	debugfs_create_file("blocks", 0400, debugfs_directory, NULL, &blocks_fops);
	debugfs_create_file("tags", 0400, debugfs_directory, NULL, &tags_fops);
	debugfs_create_file("partitions", 0400, debugfs_directory, NULL, &partitions_fops);
	debugfs_create_file("arenas", 0400, debugfs_directory, NULL, &arenas_fops);
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
