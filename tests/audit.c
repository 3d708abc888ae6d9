// SPDX-License-Identifier: GPL-2.0
/*
 * The audit: decodes every entry of the direct map and every alias of contigmem's
 * frames, and compares them with the ledger. The expected type comes from the ledger
 * alone, the actual type from the page tables alone.
 *
 * Where the direct map stays cached (PAGETABLE_APART), each frame of another type has exactly
 * one more writable address in the kernel, all those of an arena in one mapping, and no other
 * frame of RAM is mapped with another type.
 */
#include <linux/delay.h>
#include <linux/ioport.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "audit.h"
#include "contigmem.h"
#include "pagetable.h"

/* Blocks and arenas that the worker is releasing disagree for a moment. */
#define PATIENCE	(5 * HZ)

/**
 * struct held - page frames of one owner
 * @first: first frame
 * @end: frame after the last
 * @cache: cache type in the ledger
 * @own: address of a block; 0 for an arena or a partition
 * @readonly: the block has a read-only mapping of its own
 * @mapping: of an entry in @all, where the mapping apart has frame 0
 * @mapped: of an entry in @all, how many of its frames were found there
 */
struct held {
	unsigned long first;
	unsigned long end;
	enum contigmem_cache cache;
	unsigned long own;
	bool readonly;
	unsigned long mapping;
	unsigned long mapped;
};

/**
 * struct state - one audit
 * @audit: its result
 * @pat: the PAT register
 * @all: blocks and arenas by address, no frame twice: an arena covers the blocks in it
 * @nr_all: how many
 * @blocks: blocks alone, by address
 * @nr_blocks: how many
 * @room: capacity of each list
 * @at: index of the sweep in @all
 */
struct state {
	struct contigmem_audit *audit;
	u64 pat;
	struct held *all;
	unsigned long nr_all;
	struct held *blocks;
	unsigned long nr_blocks;
	unsigned long room;
	unsigned long at;
};

/* contigmem_audit.ko is used without the module under test: none of its symbols is linked to. */
static const char * const cache_names[CONTIGMEM_NR_CACHES] = { "cached", "uncached", "wc" };
static const char * const type_names[] = { "UC", "WC", "2", "3", "WT", "WP", "WB", "UC-" };

__printf(2, 3)
static void wrong(struct state *state, const char *format, ...)
{
	struct contigmem_audit *audit = state->audit;
	va_list args;

	audit->wrong++;
	if (audit->first[0])
		return;
	va_start(args, format);
	vscnprintf(audit->first, sizeof(audit->first), format, args);
	va_end(args);
}

static bool add(struct held *list, unsigned long *nr, unsigned long room, const struct held *held)
{
	if (*nr == room)
		return false;
	list[(*nr)++] = *held;
	return true;
}

typedef int (*next_block_fn)(const void *vaddr, struct contigmem_info *info);
typedef int (*next_arena_fn)(phys_addr_t phys, struct contigmem_arena_info *info);

/* False if the lists are full. */
static bool list_blocks(struct state *state, next_block_fn next)
{
	struct contigmem_info info;
	const void *vaddr = NULL;

	while (!next(vaddr, &info)) {
		struct held held = {
			.first = PHYS_PFN(info.phys),
			.end = PHYS_PFN(info.phys + info.size),
			.cache = info.cache,
			.own = (unsigned long)info.vaddr,
			.readonly = info.flags & CONTIGMEM_READONLY,
		};

		if (!add(state->blocks, &state->nr_blocks, state->room, &held) ||
		    !add(state->all, &state->nr_all, state->room, &held))
			return false;
		vaddr = info.vaddr + info.size;
	}
	return true;
}

static bool list_arenas(struct state *state, next_arena_fn next)
{
	struct contigmem_arena_info info;
	phys_addr_t phys = 0;

	while (!next(phys, &info)) {
		struct held held = {
			.first = PHYS_PFN(info.phys),
			.end = PHYS_PFN(info.phys + info.size),
			.cache = info.cache,
		};

		if (!add(state->all, &state->nr_all, state->room, &held))
			return false;
		phys = info.phys + info.size;
	}
	return true;
}

/* By first frame; of two with the same one the longer first. */
static int by_frame(const void *left, const void *right)
{
	const struct held *a = left, *b = right;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	/* An arena sorts before the block that fills it. */
	return a->own < b->own ? -1 : 1;
}

static void check_disjoint(struct state *state)
{
	unsigned long i;

	for (i = 1; i < state->nr_blocks; i++) {
		if (state->blocks[i].first < state->blocks[i - 1].end)
			wrong(state, "blocks at frames %#lx and %#lx overlap",
			      state->blocks[i - 1].first, state->blocks[i].first);
	}
}

/* Drop blocks inside an arena, after a check that they have its type. */
static void merge(struct state *state)
{
	unsigned long i, nr = 0;

	for (i = 0; i < state->nr_all; i++) {
		struct held *held = &state->all[i];
		struct held *last = nr ? &state->all[nr - 1] : NULL;

		if (!last || held->first >= last->end) {
			state->all[nr++] = *held;
			continue;
		}
		if (last->own || held->end > last->end || !held->own)
			wrong(state, "frames %#lx-%#lx and %#lx-%#lx overlap", last->first,
			      last->end - 1, held->first, held->end - 1);
		else if (held->cache != last->cache)
			wrong(state, "block at frame %#lx is %s, its arena %s", held->first,
			      cache_names[held->cache],
			      cache_names[last->cache]);
	}
	state->nr_all = nr;
	for (i = 0; i < nr; i++)
		state->audit->held += state->all[i].end - state->all[i].first;
}

static bool list(struct state *state)
{
	next_arena_fn next_arena = symbol_get(contigmem_next_arena);
	next_block_fn next = symbol_get(contigmem_next);
	bool good = true;

	state->nr_blocks = 0;
	state->nr_all = 0;
	/* Both are NULL while contigmem is not loaded. */
	if (next && next_arena)
		good = list_blocks(state, next) && list_arenas(state, next_arena);
	if (next)
		symbol_put(contigmem_next);
	if (next_arena)
		symbol_put(contigmem_next_arena);
	return good;
}

static int read_ledger(struct state *state)
{
	bool fits;

	for (state->room = 1024; ; state->room *= 2) {
		state->all = kvmalloc_array(state->room, sizeof(*state->all), GFP_KERNEL);
		state->blocks = kvmalloc_array(state->room, sizeof(*state->blocks), GFP_KERNEL);
		if (!state->all || !state->blocks)
			return -ENOMEM;
		fits = list(state);
		if (fits)
			break;
		kvfree(state->all);
		kvfree(state->blocks);
	}
	sort(state->blocks, state->nr_blocks, sizeof(*state->blocks), by_frame, NULL);
	sort(state->all, state->nr_all, sizeof(*state->all), by_frame, NULL);
	check_disjoint(state);
	merge(state);
	return 0;
}

/* Frames that are not in the ledger have to be write-back. */
static void check_others(struct state *state, unsigned long first, unsigned long end,
			 const struct pagetable_entry *entry)
{
	struct contigmem_audit *audit = state->audit;

	if (entry->type == PAGETABLE_WB)
		return;
	if (!audit->first[0])
		scnprintf(audit->first, sizeof(audit->first),
			  "frames %#lx-%#lx are %s and not in the ledger", first, end - 1,
			  type_names[entry->type]);
	audit->stray += end - first;
}

/* Entries of the direct map that map these frames, all in the same way. */
static void check_direct(struct state *state, unsigned long first, unsigned long end,
			 const struct pagetable_entry *entry)
{
	while (first < end) {
		const struct held *held = &state->all[state->at];
		unsigned long stop;

		if (state->at == state->nr_all || held->first >= end) {
			check_others(state, first, end, entry);
			return;
		}
		if (held->end <= first) {
			state->at++;
			continue;
		}
		if (held->first > first) {
			check_others(state, first, held->first, entry);
			first = held->first;
		}
		stop = min(end, held->end);
		if (!pagetable_type_is(entry->type, pagetable_direct(held->cache)) ||
		    !entry->writable || entry->executable)
			wrong(state, "direct map of frames %#lx-%#lx: %s%s%s, should be %s", first,
			      stop - 1, type_names[entry->type], entry->writable ? "" : " ro",
			      entry->executable ? " x" : "",
			      cache_names[pagetable_direct(held->cache)]);
		first = stop;
	}
}

static int sweep_range(struct resource *res, void *arg)
{
	unsigned long pfn = PFN_UP(res->start);
	unsigned long end = PFN_DOWN(res->end + 1);
	struct state *state = arg;
	struct contigmem_audit *audit = state->audit;

	while (pfn < end) {
		struct pagetable_entry entry;
		unsigned long bytes;
		bool mapped = pagetable_lookup_run(pagetable_kernel(), state->pat,
						   (unsigned long)__va(PFN_PHYS(pfn)), &entry,
						   &bytes);
		unsigned long nr = min(PHYS_PFN(bytes), end - pfn);

		if (mapped) {
			audit->frames += nr;
			if (entry.type != PAGETABLE_WB)
				audit->non_wb += nr;
			if (entry.bytes == PAGE_SIZE)
				audit->level_4k += nr;
			audit->level_2m += entry.bytes == PMD_SIZE;
			audit->level_1g += entry.bytes == PUD_SIZE;
			check_direct(state, pfn, pfn + nr, &entry);
		}
		pfn += nr;
		if (need_resched())
			cond_resched();
	}
	return 0;
}

/* The entry of @list that has this frame; NULL if none has. */
static struct held *holder(struct held *list, unsigned long nr, unsigned long pfn)
{
	unsigned long low = 0, high = nr;

	while (low < high) {
		unsigned long mid = low + (high - low) / 2;

		if (list[mid].end <= pfn)
			low = mid + 1;
		else
			high = mid;
	}
	return low < nr && list[low].first <= pfn ? &list[low] : NULL;
}

/* Is this the mapping apart of frames that are not cached, and the address their owner has? */
static bool is_apart(struct state *state, struct held *all, const struct held *block,
		     unsigned long addr, const struct pagetable_entry *entry)
{
	unsigned long mapping = addr - (entry->pfn << PAGE_SHIFT);

	if (!PAGETABLE_APART || all->cache == CONTIGMEM_CACHED || !entry->writable)
		return false;
	if (!all->mapped)
		all->mapping = mapping;
	all->mapped++;
	if (!pagetable_type_is(entry->type, all->cache) || entry->executable)
		wrong(state, "address %#lx maps frame %#lx: %s%s, should be %s", addr, entry->pfn,
		      type_names[entry->type], entry->executable ? " x" : "",
		      cache_names[all->cache]);
	else if (mapping != all->mapping ||
		 (block && !block->readonly && addr != block->own +
		  ((entry->pfn - block->first) << PAGE_SHIFT)))
		wrong(state, "address %#lx maps frame %#lx, not that of its owner", addr,
		      entry->pfn);
	return true;
}

const struct contigmem_audit_caches *contigmem_audit_caches;

/* The frames that are mapped apart are those that were cleaned, and not invalidated since. */
static void check_caches(struct state *state)
{
	unsigned long i, pfn, mapped = 0, cleaned = contigmem_audit_caches->count_cleaned();

	for (i = 0; i < state->nr_all; i++) {
		const struct held *held = &state->all[i];

		for (pfn = held->first; held->cache != CONTIGMEM_CACHED && pfn < held->end; pfn++) {
			mapped++;
			if (!contigmem_audit_caches->is_cleaned(pfn))
				wrong(state, "frame %#lx is %s and was not cleaned", pfn,
				      cache_names[held->cache]);
		}
	}
	if (cleaned > mapped)
		wrong(state, "%lu frames were cleaned and not invalidated, %lu are mapped",
		      cleaned, mapped);
}

/* All frames of another type than cached were found once in their mapping apart. */
static void check_apart(struct state *state)
{
	unsigned long i;

	if (contigmem_audit_caches)
		check_caches(state);

	for (i = 0; PAGETABLE_APART && i < state->nr_all; i++) {
		const struct held *held = &state->all[i];

		if (held->cache != CONTIGMEM_CACHED && held->mapped != held->end - held->first)
			wrong(state, "%lu of frames %#lx-%#lx are mapped as %s", held->mapped,
			      held->first, held->end - 1, cache_names[held->cache]);
	}
}

/* Frames that the kernel itself maps so, for the DMA API: as the first sweep found them. */
static struct {
	unsigned long first;
	unsigned long end;
} kernels[16];
static unsigned int nr_kernels;
static bool kernels_known;

static bool is_kernels(unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < nr_kernels; i++) {
		if (pfn >= kernels[i].first && pfn < kernels[i].end)
			return true;
	}
	if (kernels_known)
		return false;
	if (nr_kernels && kernels[nr_kernels - 1].end == pfn) {
		kernels[nr_kernels - 1].end++;
		return true;
	}
	if (nr_kernels == ARRAY_SIZE(kernels))
		return false;
	kernels[nr_kernels].first = pfn;
	kernels[nr_kernels++].end = pfn + 1;
	return true;
}

/* A frame that is not in the ledger, mapped by the kernel outside the direct map. */
static void check_stranger(struct state *state, unsigned long addr,
			   const struct pagetable_entry *entry)
{
	/* Where the direct map has the types, a sweep of it finds what was left. */
	if (!PAGETABLE_APART || entry->type == PAGETABLE_WB || !pfn_to_online_page(entry->pfn) ||
	    !page_is_ram(entry->pfn) || is_kernels(entry->pfn))
		return;
	state->audit->non_wb++;
	check_others(state, entry->pfn, entry->pfn + 1, entry);
}

/* One page frame of an entry outside the direct map. */
static void check_alias(struct state *state, unsigned long addr, bool user,
			const struct pagetable_entry *entry)
{
	struct held *all = holder(state->all, state->nr_all, entry->pfn);
	const struct held *block;

	if (!all) {
		if (!user)
			check_stranger(state, addr, entry);
		return;
	}
	state->audit->aliases++;
	block = holder(state->blocks, state->nr_blocks, entry->pfn);
	if (!user && is_apart(state, all, block, addr, entry))
		return;
	if (!block)
		wrong(state, "address %#lx maps frame %#lx, which no block has", addr, entry->pfn);
	else if (!pagetable_type_is(entry->type, block->cache) || entry->executable ||
		 (entry->writable && block->readonly))
		wrong(state, "address %#lx maps frame %#lx: %s%s%s, should be %s%s", addr,
		      entry->pfn, type_names[entry->type], entry->writable ? " rw" : " ro",
		      entry->executable ? " x" : "", cache_names[block->cache],
		      block->readonly ? " ro" : "");
	else if (!user && (!block->readonly ||
			   addr != block->own + ((entry->pfn - block->first) << PAGE_SHIFT)))
		wrong(state, "address %#lx maps frame %#lx of the block at %#lx", addr, entry->pfn,
		      block->own);
}

/* Goes page by page only if the entry overlaps the frames in the ledger. */
static void check_entry(struct state *state, unsigned long addr, unsigned long end, bool user,
			const struct pagetable_entry *entry)
{
	struct pagetable_entry page = *entry;

	if (!PAGETABLE_APART && (page.pfn >= state->all[state->nr_all - 1].end ||
				 page.pfn + PHYS_PFN(end - addr) <= state->all[0].first))
		return;
	for (; addr < end; addr += PAGE_SIZE, page.pfn++)
		check_alias(state, addr, user, &page);
}

/* The entries of a page table from @addr on; returns the address after the last. */
static unsigned long walk_table(struct state *state, const pte_t *table, unsigned long addr,
				unsigned long end, bool user)
{
	end = min(end, (addr | (PMD_SIZE - 1)) + 1);
	for (; addr < end; addr += PAGE_SIZE, table++) {
		struct pagetable_entry entry;
		pteval_t val = pte_val(READ_ONCE(*table));

		if (val && pagetable_decode(state->pat, val, PAGE_SIZE, addr, &entry))
			check_entry(state, addr, addr + PAGE_SIZE, user, &entry);
	}
	return addr;
}

static void walk(struct state *state, struct pagetable_top top, unsigned long addr,
		 unsigned long end, bool user)
{
	while (addr < end) {
		struct pagetable_entry entry;
		pte_t *table;
		pteval_t val;
		unsigned long size = pagetable_walk(top, addr, &val, &table);
		unsigned long next = (addr | (size - 1)) + 1;

		if (!next || next > end)
			next = end;
		if (table)
			next = walk_table(state, table, addr, end, user);
		else if (pagetable_decode(state->pat, val, size, addr, &entry))
			check_entry(state, addr, next, user, &entry);
		addr = next;
		if (need_resched())
			cond_resched();
	}
}

static void walk_process(struct state *state, struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	unsigned long addr = 0;

	mmap_read_lock(mm);
	while ((vma = find_vma(mm, addr))) {
		if (vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP))
			walk(state, pagetable_user(mm), vma->vm_start, vma->vm_end, true);
		addr = vma->vm_end;
	}
	mmap_read_unlock(mm);
}

#define PROCESSES_MAX	512

/* A driver maps frames of its own with these flags alone: only such areas are read. */
static int walk_processes(struct state *state)
{
	struct mm_struct **mms = kcalloc(PROCESSES_MAX, sizeof(*mms), GFP_KERNEL);
	struct task_struct *task;
	unsigned int nr = 0, i;

	if (!mms)
		return -ENOMEM;
	rcu_read_lock();
	for_each_process(task) {
		if (nr == PROCESSES_MAX)
			break;
		mms[nr] = get_task_mm(task);
		nr += !!mms[nr];
	}
	rcu_read_unlock();
	for (i = 0; i < nr; i++) {
		walk_process(state, mms[i]);
		mmput(mms[i]);
	}
	kfree(mms);
	return nr == PROCESSES_MAX ? -E2BIG : 0;
}

/**
 * contigmem_audit_held() - the number of page frames in the ledger
 * @held: set
 *
 * Context: Sleeps.
 * Return: 0 or -ENOMEM.
 */
int contigmem_audit_held(unsigned long *held)
{
	struct contigmem_audit audit = {};
	struct state state = { .audit = &audit };
	int error = read_ledger(&state);

	kvfree(state.all);
	kvfree(state.blocks);
	*held = audit.held;
	return error;
}

/**
 * contigmem_audit_sweep() - one look at all page tables
 * @audit: filled
 *
 * Context: Sleeps. Blocks that are allocated or freed during the sweep can look wrong.
 * Return: 0, -ENOMEM, or -E2BIG if there are too many processes.
 */
int contigmem_audit_sweep(struct contigmem_audit *audit)
{
	struct state state = { .audit = audit, .pat = pagetable_pat() };
	struct pagetable_top kernel = pagetable_kernel();
	int error;

	*audit = (struct contigmem_audit){};
	error = read_ledger(&state);
	if (!error)
		error = walk_iomem_res_desc(IORES_DESC_NONE,
					    IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, U64_MAX,
					    &state, sweep_range);
	if (!error && (state.nr_all || PAGETABLE_APART)) {
		walk(&state, kernel, VMALLOC_START, VMALLOC_END, false);
		walk(&state, kernel, MODULES_VADDR, MODULES_END, false);
		error = walk_processes(&state);
		check_apart(&state);
		kernels_known = true;
	}
	kvfree(state.all);
	kvfree(state.blocks);
	return error;
}

/**
 * contigmem_audit() - do the page tables and the ledger agree?
 * @audit: result of the last sweep
 * @stray: expected number of frames that are not write-back and not in the ledger
 *
 * Repeats the sweep while they disagree, because the worker may be releasing blocks. A
 * disagreement that outlasted the wait once is reported at once the next time.
 *
 * Context: Sleeps. No other task may change blocks during the call.
 * Return: 0, -EUCLEAN if they disagree, or another error.
 */
int contigmem_audit(struct contigmem_audit *audit, unsigned long stray)
{
	static struct { unsigned long expected, stray, wrong; } known = { ULONG_MAX };
	unsigned long end = jiffies + PATIENCE;
	int error;

	for (;;) {
		error = contigmem_audit_sweep(audit);
		if (error)
			return error;
		if (!audit->wrong && audit->stray == stray)
			return 0;
		if (time_after(jiffies, end) ||
		    (stray == known.expected && audit->stray == known.stray &&
		     audit->wrong == known.wrong))
			break;
		msleep(20);
	}
	known.expected = stray;
	known.stray = audit->stray;
	known.wrong = audit->wrong;
	return -EUCLEAN;
}
