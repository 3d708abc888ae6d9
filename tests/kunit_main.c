// SPDX-License-Identifier: GPL-2.0
/*
 * The suites in one module, and their common functions.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "audit.h"
#include "pagetable.h"
#include "suites.h"

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the random tests; 0 for a new one each time");

/* A full run of all suites takes half an hour in a guest without KVM. */
unsigned int test_scale = 10;
module_param_named(scale, test_scale, uint, 0444);
MODULE_PARM_DESC(scale, "1: all requests of the long tests; 10: a tenth of them");

static char test_without[32];
module_param_string(without, test_without, sizeof(test_without), 0444);
MODULE_PARM_DESC(without, "long suites to leave out: fragment, oracle or fragment,oracle");

/* Live blocks of the test; test_exit() frees them after a failed assertion. */
static void *kept[256];

/**
 * struct setting - a file that the test wrote
 * @path: the file
 * @before: its content, which test_exit() writes back
 */
struct setting {
	char path[64];
	char before[16];
};

static struct setting settings[8];
static unsigned int nr_settings;

/* What a long test makes of @all requests at the run's scale: @least of them, at least. */
unsigned int test_share(unsigned int all, unsigned int least)
{
	return clamp(all / test_scale, min(least, all), all);
}

/* Seeds the random numbers of a test, and logs the seed. */
void test_random_start(struct kunit *test, struct rnd_state *rnd)
{
	u32 used = seed ?: get_random_u32() | 1;
	int i;

	kunit_info(test, "seed=%u", used);
	prandom_seed_state(rnd, used);
	/* The first numbers after a small seed have few bits set: drop them. */
	for (i = 0; i < 16; i++)
		prandom_u32_state(rnd);
}

u64 test_random_u64(struct rnd_state *rnd)
{
	u64 high = prandom_u32_state(rnd);

	return high << 32 | prandom_u32_state(rnd);
}

u32 test_random_below(struct rnd_state *rnd, u32 limit)
{
	return prandom_u32_state(rnd) % limit;
}

/**
 * test_swap_file() - read and write a small file of sysfs or procfs
 * @path: the file
 * @value: new content; NULL: not written
 * @before: filled with the old content without its last newline; NULL: not read
 * @size: of @before
 *
 * Return: 0 or an error.
 */
int test_swap_file(const char *path, const char *value, char *before, size_t size)
{
	struct file *file;
	ssize_t len = 0;
	loff_t at = 0;

	file = filp_open(path, before ? value ? O_RDWR : O_RDONLY : O_WRONLY, 0);
	if (IS_ERR(file)) {
		pr_err("%s: %pe\n", path, file);
		return PTR_ERR(file);
	}
	if (before) {
		len = kernel_read(file, before, size - 1, &at);
		before[max_t(ssize_t, len, 0)] = '\0';
		if (len > 0 && before[len - 1] == '\n')
			before[len - 1] = '\0';
	}
	at = 0;
	if (len >= 0 && value)
		len = kernel_write(file, value, strlen(value), &at);
	filp_close(file, NULL);
	return min_t(ssize_t, len, 0);
}

/* Files of debugfs read and write user space alone: a page of it is the buffer. */
static int swap_through_page(struct file *file, char __user *page, const char *value, char *before,
			     size_t size)
{
	size_t len = strlen(value);
	ssize_t done;
	loff_t at = 0;

	if (!file->f_op->read || !file->f_op->write)
		return -EINVAL;
	done = file->f_op->read(file, page, size - 1, &at);
	if (done < 0)
		return done;
	if (copy_from_user(before, page, done))
		return -EFAULT;
	before[done] = '\0';
	if (copy_to_user(page, value, len))
		return -EFAULT;
	at = 0;
	done = file->f_op->write(file, page, len, &at);
	return min_t(ssize_t, done, 0);
}

/**
 * test_swap_debugfs() - read and write a small file of debugfs
 * @path: the file
 * @value: new content
 * @before: filled with the old content
 * @size: of @before
 *
 * Context: A process, so the start or the end of a suite and no test.
 * Return: 0 or an error; -ENOENT if debugfs is not mounted.
 */
int test_swap_debugfs(const char *path, const char *value, char *before, size_t size)
{
	struct file *file;
	unsigned long page;
	int error;

	if (!current->mm)
		return -EINVAL;
	page = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(page))
		return (long)page;
	file = filp_open(path, O_RDWR, 0);
	error = PTR_ERR_OR_ZERO(file);
	if (!error) {
		error = swap_through_page(file, (char __user *)page, value, before, size);
		filp_close(file, NULL);
	}
	vm_munmap(page, PAGE_SIZE);
	return error;
}

/**
 * test_set_file() - write a small file for the time of the test
 * @test: the test, which is skipped if the file cannot be written
 * @path: the file, of sysfs
 * @value: its content until test_exit()
 */
void test_set_file(struct kunit *test, const char *path, const char *value)
{
	struct setting *setting = &settings[nr_settings];
	int error;

	KUNIT_ASSERT_LT(test, nr_settings, (unsigned int)ARRAY_SIZE(settings));
	strscpy(setting->path, path, sizeof(setting->path));
	error = test_swap_file(path, value, setting->before, sizeof(setting->before));
	if (error)
		kunit_skip(test, "%s: error %d: is sysfs mounted?", path, error);
	nr_settings++;
}

/* The last one first: a file that was written twice gets its first content. */
static void restore_settings(struct kunit *test)
{
	while (nr_settings) {
		struct setting *setting = &settings[--nr_settings];

		KUNIT_EXPECT_EQ_MSG(test, test_swap_file(setting->path, setting->before, NULL, 0),
				    0, "%s", setting->path);
	}
}

/* Sets a parameter of the module under test through sysfs. Returns the old value. */
unsigned int test_set_parameter(struct kunit *test, const char *name, unsigned int value)
{
	char path[64], text[16], old[16];
	unsigned int before = 0;

	snprintf(path, sizeof(path), "/sys/module/contigmem/parameters/%s", name);
	snprintf(text, sizeof(text), "%u", value);
	KUNIT_ASSERT_EQ_MSG(test, test_swap_file(path, text, old, sizeof(old)), 0, "%s", path);
	KUNIT_EXPECT_EQ(test, kstrtouint(old, 10, &before), 0);
	return before;
}

/* Declares the next WARN to scripts/console-check, which fails on any other splat. */
void test_expect_warning(const char *text)
{
	pr_info("contigmem-test: expect-warning %s\n", text);
}

/* A request as text, for messages; freed when the test ends. */
const char *test_text(struct kunit *test, const struct contigmem_request *req, gfp_t gfp)
{
	size_t room = 256;
	char *text = kunit_kmalloc(test, room, GFP_KERNEL);

	if (!text)
		return "?";
	snprintf(text, room,
		 "size=%#zx low=%pa high=%pa align=%pa boundary=%pa nid=%d cache=%d flags=%#x gfp=%#x",
		 req->size, &req->low, &req->high, &req->align, &req->boundary, req->nid,
		 req->cache, req->flags, (__force unsigned int)gfp);
	return text;
}

/* The direct map of these frames has what it gives to this cache type, and is writable. */
void test_check_type(struct kunit *test, phys_addr_t phys, size_t size,
		     enum contigmem_cache cache)
{
	u64 pat = pagetable_pat();
	size_t at;

	cache = pagetable_direct(cache);
	for (at = 0; at < size; at += PAGE_SIZE) {
		unsigned long addr = (unsigned long)__va(phys + at);
		struct pagetable_entry entry;

		if (!pagetable_lookup(pat, addr, &entry)) {
			KUNIT_FAIL(test, "%#llx: not in the direct map", (u64)phys + at);
			return;
		}
		if (!pagetable_type_is(entry.type, cache) || !entry.writable ||
		    entry.pfn != PFN_DOWN(phys + at)) {
			KUNIT_FAIL(test,
				   "direct map of %#llx: frame %#lx, memory type %d, writable %d; should be cache type %d",
				   (u64)phys + at, entry.pfn, entry.type, entry.writable, cache);
			return;
		}
	}
}

/* The address maps the frames in order, with the block's type and protection. */
static void check_mapping(struct kunit *test, const void *vaddr, phys_addr_t phys, size_t size,
			  const struct contigmem_request *req, gfp_t gfp)
{
	bool writable = !(req->flags & CONTIGMEM_READONLY);
	u64 pat = pagetable_pat();
	size_t at;

	for (at = 0; at < size; at += PAGE_SIZE) {
		struct pagetable_entry entry, direct;

		if (!pagetable_lookup(pat, (unsigned long)vaddr + at, &entry) ||
		    !pagetable_lookup(pat, (unsigned long)__va(phys + at), &direct)) {
			KUNIT_FAIL(test, "byte %#zx of %#zx: not mapped: %s", at, size,
				   test_text(test, req, gfp));
			return;
		}
		if (entry.pfn != PFN_DOWN(phys + at) ||
		    !pagetable_type_is(entry.type, req->cache) ||
		    !pagetable_type_is(direct.type, pagetable_direct(req->cache)) ||
		    entry.writable != writable) {
			KUNIT_FAIL(test,
				   "byte %#zx of %#zx at %#llx: frame %#lx, memory type %d, in the direct map %d, writable %d: %s",
				   at, size, (u64)phys, entry.pfn, entry.type, direct.type,
				   entry.writable, test_text(test, req, gfp));
			return;
		}
	}
}

/* For threads, which cannot fail a test: do the block's mapping and the direct map agree? */
bool test_has_type(const void *vaddr, const struct contigmem_request *req)
{
	bool writable = !(req->flags & CONTIGMEM_READONLY);
	struct pagetable_entry entry, direct;
	u64 pat = pagetable_pat();
	size_t at;

	for (at = 0; at < req->size; at += PAGE_SIZE) {
		if (!pagetable_lookup(pat, (unsigned long)vaddr + at, &entry) ||
		    !pagetable_lookup(pat, (unsigned long)__va(PFN_PHYS(entry.pfn)), &direct) ||
		    !pagetable_type_is(entry.type, req->cache) ||
		    !pagetable_type_is(direct.type, pagetable_direct(req->cache)) ||
		    entry.writable != writable || !direct.writable)
			return false;
	}
	return true;
}

static void check_nodes(struct kunit *test, phys_addr_t phys, size_t size, int nid,
			const struct contigmem_request *req, gfp_t gfp)
{
	unsigned long pfn = PFN_DOWN(phys);
	unsigned long end = PFN_UP(phys + size);

	for (; pfn < end; pfn++) {
		if (page_to_nid(pfn_to_page(pfn)) != nid) {
			KUNIT_FAIL(test, "frame %#lx is on node %d, should be %d: %s", pfn,
				   page_to_nid(pfn_to_page(pfn)), nid, test_text(test, req, gfp));
			return;
		}
	}
}

/* A driver may map, pin and send each page: none is the tail of another one. */
static void check_counts(struct kunit *test, phys_addr_t phys, size_t size,
			 const struct contigmem_request *req, gfp_t gfp)
{
	unsigned long pfn = PHYS_PFN(phys), end = PHYS_PFN(phys + size);

	while (pfn < end && page_ref_count(pfn_to_page(pfn)) == 1 &&
	       !PageCompound(pfn_to_page(pfn)))
		pfn++;
	KUNIT_EXPECT_EQ_MSG(test, pfn, end, "a frame with %d references: %s",
			    pfn < end ? page_ref_count(pfn_to_page(pfn)) : 1,
			    test_text(test, req, gfp));
}

/* Compares a block with its request; the physical address comes from the page tables. */
void test_check_block(struct kunit *test, const void *vaddr,
		      const struct contigmem_request *req, gfp_t gfp)
{
	size_t size = DIV_ROUND_UP(req->size, PAGE_SIZE) * PAGE_SIZE;
	struct contigmem_info info;
	struct pagetable_entry entry;
	u64 first, last;

	KUNIT_EXPECT_EQ_MSG(test, (unsigned long)vaddr % PAGE_SIZE, 0, "%s",
			    test_text(test, req, gfp));
	if (!pagetable_lookup(pagetable_pat(), (unsigned long)vaddr, &entry)) {
		KUNIT_FAIL(test, "not mapped: %s", test_text(test, req, gfp));
		return;
	}
	first = PFN_PHYS(entry.pfn);
	last = first + size - 1;

	KUNIT_EXPECT_GE_MSG(test, first, (u64)req->low, "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_LE_MSG(test, last, (u64)req->high, "%s", test_text(test, req, gfp));
	if (req->align)
		KUNIT_EXPECT_EQ_MSG(test, first % req->align, 0ULL, "at %#llx: %s", first,
				    test_text(test, req, gfp));
	if (req->boundary)
		KUNIT_EXPECT_EQ_MSG(test, first / req->boundary, last / req->boundary,
				    "at %#llx: %s", first, test_text(test, req, gfp));
	check_mapping(test, vaddr, first, size, req, gfp);
	test_check_type(test, first, size, req->cache);

	KUNIT_EXPECT_EQ_MSG(test, (u64)contigmem_phys(vaddr), first, "%s",
			    test_text(test, req, gfp));
	if (contigmem_describe(vaddr, &info)) {
		KUNIT_FAIL(test, "a live block is not described: %s", test_text(test, req, gfp));
		return;
	}
	KUNIT_EXPECT_PTR_EQ_MSG(test, info.vaddr, vaddr, "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, (u64)info.phys, first, "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, info.size, size, "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, info.cache, req->cache, "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, info.flags, req->flags, "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, info.tag, req->tag, "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_NE_MSG(test, info.source, CONTIGMEM_SOURCE_NONE, "%s",
			    test_text(test, req, gfp));
	check_nodes(test, first, size, info.nid, req, gfp);
	check_counts(test, first, size, req, gfp);
	if (gfp & __GFP_THISNODE && req->nid != NUMA_NO_NODE)
		KUNIT_EXPECT_EQ_MSG(test, info.nid, req->nid, "%s", test_text(test, req, gfp));
}

static bool type_is_write_back(phys_addr_t phys, size_t size)
{
	u64 pat = pagetable_pat();
	size_t at;

	for (at = 0; at < size; at += PAGE_SIZE) {
		unsigned long addr = (unsigned long)__va(phys + at);
		struct pagetable_entry entry;

		if (!pagetable_lookup(pat, addr, &entry)) {
			/* Free pages are not mapped then, and their type is not seen. */
			if (debug_pagealloc_enabled())
				continue;
			return false;
		}
		if (entry.type != PAGETABLE_WB || !entry.writable ||
		    entry.pfn != PFN_DOWN(phys + at))
			return false;
	}
	return true;
}

/* Waits until the worker has restored write-back on frames whose arena is released. */
void test_check_type_ends(struct kunit *test, phys_addr_t phys, size_t size)
{
	unsigned long end = jiffies + 10 * HZ;

	while (!type_is_write_back(phys, size)) {
		if (time_after(jiffies, end)) {
			test_check_type(test, phys, size, CONTIGMEM_CACHED);
			break;
		}
		msleep(20);
	}
}

/* All page tables agree with the ledger, and all other memory is write-back. */
void test_audit(struct kunit *test)
{
	struct contigmem_audit audit;
	int error = contigmem_audit(&audit, 0);

	KUNIT_EXPECT_EQ_MSG(test, error, 0, "%lu wrong, %lu stray: %s", audit.wrong, audit.stray,
			    audit.first);
}

/* Waits until contigmem has @frames frames. Returns the number that it has. */
unsigned long test_settled(struct kunit *test, unsigned long frames)
{
	unsigned long end = jiffies + 10 * HZ, held;

	do {
		KUNIT_ASSERT_EQ(test, contigmem_audit_held(&held), 0);
		if (held == frames)
			break;
		msleep(20);
	} while (time_before(jiffies, end));
	return held;
}

/*
 * Runs @function in a thread. It has to end with kthread_complete_and_exit(@done), so that
 * no thread runs the module's code at unload. If no thread starts, @done is completed here.
 */
void test_thread(struct kunit *test, int (*function)(void *data), void *data,
		 struct completion *done)
{
	if (IS_ERR(kthread_run(function, data, "contigmem-test"))) {
		KUNIT_FAIL(test, "no thread");
		complete(done);
	}
}

/* A freed block has no record, and its frames have no cache type. */
void test_check_gone(struct kunit *test, const struct contigmem_info *info)
{
	struct contigmem_info left;

	KUNIT_EXPECT_EQ_MSG(test, contigmem_describe(info->vaddr, &left), -ENOENT,
			    "freed block of %#zx at %pa", info->size, &info->phys);
	KUNIT_EXPECT_EQ_MSG(test, (u64)contigmem_phys(info->vaddr), 0ULL,
			    "freed block of %#zx at %pa", info->size, &info->phys);
	/* Frames of a partition keep its type. */
	if (info->source != CONTIGMEM_SOURCE_PARTITION)
		test_check_type_ends(test, info->phys, info->size);
}

/* A window of an answer is a place of the request, with a page in the way in its pageblocks. */
static void check_window(struct kunit *test, const struct contigmem_window *window,
			 const struct contigmem_request *req, gfp_t gfp)
{
	size_t size = PAGE_ALIGN(req->size);
	u64 first = window->phys, last = first + size - 1;

	KUNIT_EXPECT_GE_MSG(test, first, (u64)req->low, "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_LE_MSG(test, last, (u64)req->high, "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, first % max_t(u64, req->align, PAGE_SIZE), 0ULL, "%s",
			    test_text(test, req, gfp));
	KUNIT_EXPECT_GT_MSG(test, window->in_the_way, 0UL, "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_GE_MSG(test, window->first, pageblock_start_pfn(PHYS_PFN(first)), "%s",
			    test_text(test, req, gfp));
	KUNIT_EXPECT_LT_MSG(test, window->first, pageblock_end_pfn(PHYS_PFN(last)), "%s",
			    test_text(test, req, gfp));
	KUNIT_EXPECT_NOT_NULL_MSG(test, window->kind, "%s", test_text(test, req, gfp));
}

/**
 * test_query() - a query of a request that will be refused, or served
 * @test: the test
 * @req: the request
 * @gfp: its context
 * @reason: what the answer has to say
 * @answer: filled
 */
void test_query(struct kunit *test, const struct contigmem_request *req, gfp_t gfp,
		enum contigmem_reason reason, struct contigmem_answer *answer)
{
	unsigned int i;
	int error;

	memset(answer, 0xa5, sizeof(*answer));
	error = contigmem_query(req, gfp, answer);
	KUNIT_EXPECT_EQ_MSG(test, answer->verdict.reason, reason,
			    "query: \"%s\", should be \"%s\", blocker %#lx %s: %s",
			    contigmem_reason_text(answer->verdict.reason),
			    contigmem_reason_text(reason), answer->verdict.blocker,
			    answer->verdict.blocker_kind ?: "-", test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, error == 0, answer->verdict.reason == CONTIGMEM_OK, "%s",
			    test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, answer->verdict.source == CONTIGMEM_SOURCE_NONE, error != 0,
			    "%s", test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, answer->verdict.attempts, 0UL, "%s",
			    test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, answer->verdict.pages_migrated, 0UL, "%s",
			    test_text(test, req, gfp));
	KUNIT_ASSERT_LE(test, answer->nr_windows, (unsigned int)CONTIGMEM_ANSWER_WINDOWS);
	for (i = 0; i < answer->nr_windows; i++)
		check_window(test, &answer->windows[i], req, gfp);
	if (error)
		return;
	KUNIT_EXPECT_EQ(test, answer->nr_windows, 0U);
	KUNIT_EXPECT_EQ(test, answer->help, 0U);
}

static bool is_had(const struct contigmem_request *req, size_t size, gfp_t gfp,
		   struct contigmem_verdict *verdict)
{
	struct contigmem_request asked = *req;
	void *vaddr;

	asked.size = size;
	asked.verdict = verdict;
	vaddr = contigmem_alloc(&asked, gfp | __GFP_NOWARN);
	if (IS_ERR(vaddr))
		return false;
	contigmem_free(vaddr);
	return true;
}

/*
 * What a watermark decides changes with each page that another task takes or frees. Blocks of
 * less than this are limited by pages in the way, to the page.
 */
#define LARGEST_EXACT	SZ_64M
#define LARGEST_SHARE	64

/**
 * test_largest() - the largest block of a request is had, and one page more is not
 * @test: the test
 * @req: the request; its size does not matter
 * @gfp: its context
 */
void test_largest(struct kunit *test, const struct contigmem_request *req, gfp_t gfp)
{
	struct contigmem_request asked = *req;
	struct contigmem_verdict verdict;
	size_t sizes[2], margin;
	int moves;

	for (moves = 0; moves < 2; moves++) {
		/* Large blocks leave pages in the processors' lists; a call drains them. */
		test_drain_lists();
		KUNIT_ASSERT_EQ(test, contigmem_largest(req, gfp, &sizes[0], &sizes[1]), 0);
		/* pr_info(): the test's own log holds 512 bytes in 6.1, with the result. */
		pr_info("contigmem-test: %s: %zu free, %zu moving\n", test->name, sizes[0],
			sizes[1]);
		KUNIT_EXPECT_GT(test, sizes[0], (size_t)0);
		KUNIT_EXPECT_GE(test, sizes[1], sizes[0]);
		asked.flags = req->flags | (moves ? 0 : CONTIGMEM_FAST);
		margin = sizes[moves] < LARGEST_EXACT ? 0 :
			 PAGE_ALIGN(sizes[moves] / LARGEST_SHARE);
		KUNIT_EXPECT_TRUE_MSG(test,
				      is_had(&asked, sizes[moves] - margin, gfp, &verdict),
				      "%zu: %s, %lu attempts: %s", sizes[moves],
				      contigmem_reason_text(verdict.reason), verdict.attempts,
				      test_text(test, &asked, gfp));
		KUNIT_EXPECT_FALSE_MSG(test,
				       is_had(&asked, sizes[moves] + margin + PAGE_SIZE, gfp,
					      &verdict),
				       "more than %zu: %s", sizes[moves],
				       test_text(test, &asked, gfp));
	}
}

void test_keep(struct kunit *test, void *vaddr)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kept); i++) {
		if (!kept[i]) {
			kept[i] = vaddr;
			return;
		}
	}
	contigmem_free(vaddr);
	KUNIT_FAIL_AND_ABORT(test, "more than %zu blocks", ARRAY_SIZE(kept));
}

void test_forget(const void *vaddr)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kept); i++) {
		if (kept[i] == vaddr)
			kept[i] = NULL;
	}
}

/* Allocates a block, which must succeed, and checks it. */
void *test_alloc(struct kunit *test, const struct contigmem_request *req, gfp_t gfp)
{
	struct contigmem_request asked = *req;
	struct contigmem_verdict verdict;
	void *vaddr;

	asked.verdict = &verdict;
	vaddr = contigmem_alloc(&asked, gfp);
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, vaddr, "%s: %s",
					 contigmem_reason_text(verdict.reason),
					 test_text(test, req, gfp));
	test_keep(test, vaddr);
	test_check_block(test, vaddr, req, gfp);
	test_audit(test);
	return vaddr;
}

void test_free(struct kunit *test, void *vaddr)
{
	struct contigmem_info info;

	KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info), 0);
	test_forget(vaddr);
	contigmem_free(vaddr);
	test_check_gone(test, &info);
	test_audit(test);
}

/* The physical address of a block, from the page tables. */
phys_addr_t test_phys(struct kunit *test, const void *vaddr)
{
	struct pagetable_entry entry;

	KUNIT_ASSERT_TRUE(test, pagetable_lookup(pagetable_pat(), (unsigned long)vaddr, &entry));
	return PFN_PHYS(entry.pfn);
}

/**
 * test_alloc_near() - allocate a block in a window of free memory
 * @test: the test
 * @shape: the request, with low and high counted from @base
 * @base: set to the start of 4 MiB that were free a moment before
 *
 * The kernel may allocate a page of the window first: after -EBUSY and -ENOSPC another
 * window is tried, up to 16 times.
 *
 * Return: the block, checked, or an ERR_PTR().
 */
void *test_alloc_near(struct kunit *test, const struct contigmem_request *shape,
		      phys_addr_t *base)
{
	struct contigmem_request room = CONTIGMEM_REQUEST(SZ_4M);
	struct contigmem_request asked = *shape;
	void *vaddr = NULL;
	int tries;

	room.low = SZ_16M;
	room.align = SZ_4M;
	for (tries = 0; tries < 16; tries++) {
		vaddr = test_alloc(test, &room, GFP_KERNEL);
		*base = test_phys(test, vaddr);
		test_free(test, vaddr);

		asked.low = *base + shape->low;
		asked.high = *base + shape->high;
		vaddr = contigmem_alloc(&asked, GFP_KERNEL);
		if (!IS_ERR(vaddr)) {
			test_keep(test, vaddr);
			test_check_block(test, vaddr, &asked, GFP_KERNEL);
			return vaddr;
		}
		if (PTR_ERR(vaddr) != -EBUSY && PTR_ERR(vaddr) != -ENOSPC)
			return vaddr;
		msleep(20);
	}
	return vaddr;
}

/* Bytes of the page of the direct map that maps an address. */
unsigned long test_mapped_by(struct kunit *test, phys_addr_t phys)
{
	struct pagetable_entry entry;

	KUNIT_ASSERT_TRUE(test, pagetable_lookup(pagetable_pat(), (unsigned long)__va(phys),
						 &entry));
	return entry.bytes;
}

/* Where the machine's memory begins. */
phys_addr_t test_memory_start(void)
{
	unsigned long start = ULONG_MAX;
	int nid;

	for_each_node_state(nid, N_MEMORY)
		start = min(start, NODE_DATA(nid)->node_start_pfn);
	return PFN_PHYS(start);
}

/*
 * The last byte of low memory: what an ISA device reaches, or of memory that begins above that
 * the first 256 MiB, since the kernel's image fills the first ones.
 */
phys_addr_t test_low_end(void)
{
	phys_addr_t start = test_memory_start();

	return start < SZ_16M ? SZ_16M - 1 : start + SZ_256M - 1;
}

/* Describes the block that a frame is part of. */
bool test_describe_frame(unsigned long pfn, struct contigmem_info *info)
{
	const void *vaddr = NULL;

	if (!PAGETABLE_APART)
		return !contigmem_describe(page_address(pfn_to_page(pfn)), info);
	for (; !contigmem_next(vaddr, info); vaddr = info->vaddr + info->size) {
		if (PFN_PHYS(pfn) >= info->phys && PFN_PHYS(pfn) - info->phys < info->size)
			return true;
	}
	return false;
}

/* A node whose memory begins above @high, NUMA_NO_NODE if there is none. */
int test_node_without(phys_addr_t high)
{
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		if (NODE_DATA(nid)->node_start_pfn > PFN_DOWN(high))
			return nid;
	}
	return NUMA_NO_NODE;
}

/*
 * Has the arenas that lie idle given back: a free that exceeds the limit of idle memory makes
 * the worker release all. An arena that does not serve the block is a partition's.
 */
static void release_idle_arenas(void)
{
	struct contigmem_arena_info arena;
	phys_addr_t phys = 0;

	for (; !contigmem_next_arena(phys, &arena); phys = arena.phys + arena.size) {
		struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
		void *vaddr;

		if (arena.free != arena.size)
			continue;
		req.low = arena.phys;
		req.high = arena.phys + arena.size - 1;
		req.cache = arena.cache;
		vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
		if (!IS_ERR(vaddr))
			contigmem_free(vaddr);
	}
}

/* The process that loads the suites, whose address space tests may use. */
static struct mm_struct *process;

int test_suite_init(struct kunit_suite *suite)
{
	if (!current->mm)
		return -EINVAL;
	mmget(current->mm);
	process = current->mm;
	return 0;
}

void test_suite_exit(struct kunit_suite *suite)
{
	if (process)
		mmput(process);
	process = NULL;
}

/*
 * A test runs in a thread of the kernel. From here to test_leave_process() it has the address
 * space of a process, and no assertion may end it.
 */
void test_enter_process(struct kunit *test)
{
	KUNIT_ASSERT_NOT_NULL(test, process);
	kthread_use_mm(process);
}

void test_leave_process(void)
{
	kthread_unuse_mm(process);
}

/*
 * The kernel's command line: 6.1 runs the suites before it reads the module's parameters, so
 * it may have them as well. Returns where a name is, NULL if it is not there.
 */
static const char *on_command_line(const char *name)
{
	static char line[2048];

	if (!line[0] && test_swap_file("/proc/cmdline", NULL, line, sizeof(line)))
		return NULL;
	return strstr(line, name);
}

static void read_scale(void)
{
	static const char name[] = "contigmem_test.scale=";
	const char *found = on_command_line(name);

	test_scale = max(test_scale, 1U);
	if (found && (sscanf(found + strlen(name), "%u", &test_scale) != 1 || !test_scale)) {
		pr_err("%sN: N is 1 or more\n", name);
		test_scale = 1;
	}
}

/* Skips a test of a long suite that "without" names, up to the next space. */
void test_skip_left_out(struct kunit *test, const char *suite)
{
	const char *without = test_without;

	if (!without[0])
		without = on_command_line("contigmem_test.without=");
	if (without && strnstr(without, suite, strcspn(without, " ")))
		kunit_skip(test, "left out, see contigmem_test.without");
}

/*
 * No arena lies idle during a test: the frames of a block that is freed lose their cache type
 * soon, and are free for the next request, whatever the test before did.
 */
int test_init(struct kunit *test)
{
	test_set_file(test, "/sys/module/contigmem/parameters/arena_idle_mb", "0");
	release_idle_arenas();
	read_scale();
	return 0;
}

/* Frees the blocks that a failed test left, and restores what the test has set. */
void test_exit(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kept); i++) {
		if (kept[i])
			contigmem_free(kept[i]);
		kept[i] = NULL;
	}
	test_audit(test);
	restore_settings(test);
}

kunit_test_suites(&placement_suite, &window_suite, &alloc_suite, &errors_suite, &wdm_suite,
		  &header_suite, &mdl_suite, &wdk_suite, &random_suite, &arena_suite,
		  &magazine_suite, &partition_suite, &tags_suite, &device_suite, &context_suite,
		  &faults_suite, &threads_suite, &fragment_suite, &oracle_suite, &shapes_suite,
		  &query_suite);

MODULE_DESCRIPTION("KUnit suites of contigmem");
MODULE_LICENSE("GPL");
