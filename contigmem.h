/* SPDX-License-Identifier: GPL-2.0 */
/*
 * contigmem: physically contiguous memory under a device's real constraints.
 *
 * This header is all that another module needs for the native face. No call that may take a
 * lock, which is all but those that return a constant string, is for NMI handlers.
 *
 * With PREEMPT_RT "atomic context" and "any context but NMI" have two parts. Where preemption
 * and interrupts are on, also under a spinlock_t and in a threaded interrupt handler, all is
 * as without. Where either is off, blocks can be looked up and freed, and no request is
 * served: -EAGAIN.
 */
#ifndef CONTIGMEM_H
#define CONTIGMEM_H

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/numa.h>
#include <linux/types.h>

struct contigmem_partition;
struct contigmem_pool;
struct device;
struct vm_area_struct;

/**
 * enum contigmem_cache - how the CPUs cache a block
 * @CONTIGMEM_CACHED: write-back, as all other memory
 * @CONTIGMEM_UNCACHED: not cached
 * @CONTIGMEM_WRITECOMBINE: not cached, writes gathered
 * @CONTIGMEM_NR_CACHES: how many there are
 */
enum contigmem_cache {
	CONTIGMEM_CACHED,
	CONTIGMEM_UNCACHED,
	CONTIGMEM_WRITECOMBINE,
	CONTIGMEM_NR_CACHES
};

/**
 * enum contigmem_source - where the page frames of a block came from
 * @CONTIGMEM_SOURCE_NONE: nowhere: nothing was allocated
 * @CONTIGMEM_SOURCE_ARENA: pageblocks that were claimed before
 * @CONTIGMEM_SOURCE_BUDDY: the page allocator
 * @CONTIGMEM_SOURCE_RANGE: alloc_contig_range() on a window that was searched for
 * @CONTIGMEM_SOURCE_CMA: a CMA area
 * @CONTIGMEM_SOURCE_PARTITION: the partition that the request named
 * @CONTIGMEM_NR_SOURCES: how many there are
 */
enum contigmem_source {
	CONTIGMEM_SOURCE_NONE,
	CONTIGMEM_SOURCE_ARENA,
	CONTIGMEM_SOURCE_BUDDY,
	CONTIGMEM_SOURCE_RANGE,
	CONTIGMEM_SOURCE_CMA,
	CONTIGMEM_SOURCE_PARTITION,
	CONTIGMEM_NR_SOURCES
};

/* No migration and no reclaim: fail instead. */
#define CONTIGMEM_FAST		BIT(0)
/* The address handed out cannot be written through. */
#define CONTIGMEM_READONLY	BIT(1)
/*
 * The block is cleared, as with __GFP_ZERO. WITHOUT ONE OF THE TWO ITS CONTENT IS UNDEFINED, and
 * may be another driver's data: dma_alloc_coherent() has cleared its memory for years, drivers
 * rely on that, and some hang without. contigmem_request_for() sets this flag.
 */
#define CONTIGMEM_ZERO		BIT(2)

/*
 * What becomes of gfp bits that callers of dma_alloc_coherent() and alloc_pages() pass:
 *
 *	GFP_KERNEL, GFP_NOIO, GFP_NOFS, GFP_NOWAIT,	the caller's context, as everywhere
 *	GFP_ATOMIC
 *	__GFP_ZERO, __GFP_THISNODE, __GFP_NOWARN	as everywhere; the node is @nid
 *	GFP_DMA, GFP_DMA32				lower @high to the end of that zone
 *	GFP_USER, __GFP_COMP, __GFP_NORETRY,		ignored: they change nothing here
 *	__GFP_RETRY_MAYFAIL
 *	all others					-EINVAL
 */

/**
 * enum contigmem_reason - why a request failed; each has one errno
 * @CONTIGMEM_OK: it did not
 * @CONTIGMEM_BAD_SIZE: -EINVAL: the size is 0 or overflows when rounded to pages
 * @CONTIGMEM_BAD_RANGE: -EINVAL: low is above high
 * @CONTIGMEM_BAD_ALIGN: -EINVAL: the alignment is not a power of two
 * @CONTIGMEM_BAD_BOUNDARY: -EINVAL: the boundary is not a power of two, or
 *	smaller than a page or than the size
 * @CONTIGMEM_BAD_NODE: -EINVAL: there is no such node, or it is offline
 * @CONTIGMEM_BAD_CACHE: -EINVAL: no such cache type
 * @CONTIGMEM_BAD_PARTITION: -EINVAL: not an open partition
 * @CONTIGMEM_BAD_FLAGS: -EINVAL: an unknown flag
 * @CONTIGMEM_BAD_GFP: -EINVAL: a gfp bit that has no meaning here
 * @CONTIGMEM_NO_PLACE: -ERANGE: range, alignment and boundary leave no place,
 *	whatever memory there is
 * @CONTIGMEM_NO_MEMORY: -ERANGE: this machine has no memory where the request
 *	would have to lie
 * @CONTIGMEM_NODE_HAS_NONE: -ERANGE: memory there is, but not on this node
 * @CONTIGMEM_NOT_IN_PARTITION: -ERANGE: the partition has no memory where the
 *	request would have to lie
 * @CONTIGMEM_OVER_LIMIT: -ENOSPC: the tag would have more than its limit
 * @CONTIGMEM_NO_FREE_RUN: -ENOSPC: no window is free, and moving pages is not
 *	allowed
 * @CONTIGMEM_BLOCKED: -EBUSY: every window has a page that cannot be moved
 * @CONTIGMEM_STILL_BUSY: -EBUSY: pages that should move did not, after retries
 * @CONTIGMEM_BUDGET_SPENT: -EBUSY: windows may be left, but too much was read,
 *	moved or tried already
 * @CONTIGMEM_NO_TARGET: -ENOMEM: no free memory to move pages to
 * @CONTIGMEM_LOW_MEMORY: -ENOMEM: the zone would have less free memory than the page
 *	allocator keeps for others
 * @CONTIGMEM_NO_BOOKKEEPING: -ENOMEM: no memory for the block's own record
 * @CONTIGMEM_WOULD_SLEEP: -EAGAIN: only a caller that may sleep can be served; with
 *	PREEMPT_RT, only where preemption and interrupts are on
 * @CONTIGMEM_NO_CACHE_TYPE: -EOPNOTSUPP: this kernel or CPU lacks the cache type
 * @CONTIGMEM_PARTITION_CACHE: -EOPNOTSUPP: the partition has another cache type
 * @CONTIGMEM_PARTITION_MIGRATES: -EOPNOTSUPP: the partition is a CMA area, which may migrate
 *	pages, and %CONTIGMEM_FAST or a gfp without __GFP_IO and __GFP_FS forbids that
 * @CONTIGMEM_TIMED_OUT: -ETIMEDOUT: the request's time limit passed
 * @CONTIGMEM_INTERRUPTED: -EINTR: a fatal signal arrived
 * @CONTIGMEM_NR_REASONS: how many there are
 *
 * A malformed request gets the first reason of this list that applies. The order of
 * the others is a ranking: when several sources refuse a request, each for its own
 * reason, the one that is later in the list is reported.
 */
enum contigmem_reason {
	CONTIGMEM_OK,
	CONTIGMEM_BAD_SIZE,
	CONTIGMEM_BAD_RANGE,
	CONTIGMEM_BAD_ALIGN,
	CONTIGMEM_BAD_BOUNDARY,
	CONTIGMEM_BAD_NODE,
	CONTIGMEM_BAD_CACHE,
	CONTIGMEM_BAD_PARTITION,
	CONTIGMEM_BAD_FLAGS,
	CONTIGMEM_BAD_GFP,
	CONTIGMEM_NO_PLACE,
	CONTIGMEM_NO_MEMORY,
	CONTIGMEM_NODE_HAS_NONE,
	CONTIGMEM_NOT_IN_PARTITION,
	CONTIGMEM_OVER_LIMIT,
	CONTIGMEM_NO_FREE_RUN,
	CONTIGMEM_BLOCKED,
	CONTIGMEM_STILL_BUSY,
	CONTIGMEM_BUDGET_SPENT,
	CONTIGMEM_NO_TARGET,
	CONTIGMEM_LOW_MEMORY,
	CONTIGMEM_NO_BOOKKEEPING,
	CONTIGMEM_WOULD_SLEEP,
	CONTIGMEM_NO_CACHE_TYPE,
	CONTIGMEM_PARTITION_CACHE,
	CONTIGMEM_PARTITION_MIGRATES,
	CONTIGMEM_TIMED_OUT,
	CONTIGMEM_INTERRUPTED,
	CONTIGMEM_NR_REASONS
};

/**
 * struct contigmem_verdict - what became of a request, and why
 * @reason: %CONTIGMEM_OK or why it failed
 * @source: the source that served it, %CONTIGMEM_SOURCE_NONE after a failure
 * @windows: places that were looked at
 * @frames_read: page frames whose state was read
 * @pages_migrated: pages that were moved out of the way
 * @attempts: calls of the page allocator and of alloc_contig_range()
 * @largest_free: pages in the longest free run seen
 * @blocker: page frame number of the first page that cannot be moved; valid
 *	with %CONTIGMEM_BLOCKED
 * @blocker_kind: what that page is, a constant string; NULL if there was none
 * @ns: time taken in nanoseconds
 */
struct contigmem_verdict {
	enum contigmem_reason reason;
	enum contigmem_source source;
	unsigned long windows;
	unsigned long frames_read;
	unsigned long pages_migrated;
	unsigned long attempts;
	unsigned long largest_free;
	unsigned long blocker;
	const char *blocker_kind;
	u64 ns;
};

/**
 * struct contigmem_request - what a device needs
 * @size: bytes, rounded up to whole pages; not 0
 * @low: first acceptable byte
 * @high: last acceptable byte, inclusive; the whole block, rounding included,
 *	lies at or below it
 * @align: power of two; 0 means page alignment
 * @boundary: power of two whose multiples the block does not cross, at least
 *	a page and at least @size; 0 means none
 * @nid: preferred node, NUMA_NO_NODE for any; strict with __GFP_THISNODE
 * @cache: cache type, for every mapping that the kernel has of the block; on arm64 but for the
 *	linear map, which stays cached and through which nobody may write to the block
 * @flags: CONTIGMEM_FAST, CONTIGMEM_READONLY, CONTIGMEM_ZERO
 * @tag: four characters, first in the lowest byte; 0 for none
 * @partition: from contigmem_partition_create() or contigmem_partition_open():
 *	from there and nowhere else; NULL for all memory but partitions
 * @timeout_ns: for callers that may sleep, nanoseconds after which no further memory is
 *	searched, moved or reclaimed for the request; 0 for no limit. What is at hand is
 *	taken even then, and a call that moves pages is not cut short
 * @verdict: filled on return when not NULL
 *
 * Start from CONTIGMEM_REQUEST(), which is valid as it is, and set the rest.
 */
struct contigmem_request {
	size_t size;
	phys_addr_t low;
	phys_addr_t high;
	phys_addr_t align;
	phys_addr_t boundary;
	int nid;
	enum contigmem_cache cache;
	unsigned int flags;
	u32 tag;
	struct contigmem_partition *partition;
	u64 timeout_ns;
	struct contigmem_verdict *verdict;
};

/* A request for @bytes anywhere: any address, any node, cached. */
#define CONTIGMEM_REQUEST(bytes)				\
	((struct contigmem_request){				\
		.size = (bytes),				\
		.high = (phys_addr_t)-1,			\
		.nid = NUMA_NO_NODE,				\
	})

/* Characters of the name of a partition, at most. */
#define CONTIGMEM_PARTITION_NAME_MAX	31

/* Windows in an answer, at most. */
#define CONTIGMEM_ANSWER_WINDOWS	4

/**
 * struct contigmem_window - a place for a block that is not free
 * @phys: physical address of its first byte
 * @in_the_way: pages that the request could neither take nor have moved
 * @first: page frame number of the first of them
 * @kind: what that page is, a constant string: of a verdict, "movable" if the request must not
 *	move pages, or "held" if a task holds a reference that keeps it from being moved
 * @flags: its page flags, as "%pGp" prints them
 */
struct contigmem_window {
	phys_addr_t phys;
	unsigned long in_the_way;
	unsigned long first;
	const char *kind;
	unsigned long flags;
};

/* What would help: asked again with this one change, the request would be served. */
#define CONTIGMEM_HELP_NODE		BIT(0)	/* another @nid */
#define CONTIGMEM_HELP_LOW		BIT(1)	/* a lower @low */
#define CONTIGMEM_HELP_HIGH		BIT(2)	/* a higher @high */
#define CONTIGMEM_HELP_ALIGN		BIT(3)	/* an @align of a page */
#define CONTIGMEM_HELP_BOUNDARY		BIT(4)	/* a @boundary of 0 */
#define CONTIGMEM_HELP_PARTITION	BIT(5)	/* a @partition, that with this name */
#define CONTIGMEM_HELP_DROP_CACHES	BIT(6)	/* once the clean page cache is dropped */
#define CONTIGMEM_HELP_SHRINK_IDLE	BIT(7)	/* once idle arenas are given back */

/**
 * struct contigmem_answer - would a request be served, and if not, why not
 * @verdict: as contigmem_alloc() would fill it; nothing was moved or tried, so that the
 *	counters of both are 0
 * @phys: where the block would begin; 0 if only the page allocator knows
 * @pages_to_move: pages that would be moved
 * @nr_windows: how many of @windows are filled, with %CONTIGMEM_NO_FREE_RUN and the reasons up to
 *	%CONTIGMEM_LOW_MEMORY, for a caller that may sleep
 * @windows: windows that do not overlap, with the fewest pages in the way
 * @help: CONTIGMEM_HELP_ bits
 * @help_nid: the nearest such node
 * @help_low: such an address: 0
 * @help_high: such an address, the lowest that is a power of two less one, or the highest of all
 * @help_partition: the first such partition
 */
struct contigmem_answer {
	struct contigmem_verdict verdict;
	phys_addr_t phys;
	unsigned long pages_to_move;
	unsigned int nr_windows;
	struct contigmem_window windows[CONTIGMEM_ANSWER_WINDOWS];
	unsigned int help;
	int help_nid;
	phys_addr_t help_low;
	phys_addr_t help_high;
	char help_partition[CONTIGMEM_PARTITION_NAME_MAX + 1];
};

/**
 * struct contigmem_info - a live block
 * @id: number of the block, never used twice
 * @vaddr: address that contigmem_alloc() returned
 * @phys: physical address of its first byte
 * @size: bytes, whole pages
 * @nid: node that it lies on
 * @cache: cache type
 * @source: where its page frames came from
 * @flags: flags of its request
 * @tag: tag of its request
 * @caller: code address that asked for it; once that code is gone (__init code, an unloaded
 *	module) an address that stands for it, of which debugfs has the name
 * @users: dma-bufs
 * @freed: its owner has freed it, and it goes with the last of these users and of the
 *	references on its page frames, which mappings in user space hold
 * @age_ns: nanoseconds since it was allocated, to a tick of the kernel's clock
 */
struct contigmem_info {
	u64 id;
	const void *vaddr;
	phys_addr_t phys;
	size_t size;
	int nid;
	enum contigmem_cache cache;
	enum contigmem_source source;
	unsigned int flags;
	u32 tag;
	const void *caller;
	unsigned int users;
	bool freed;
	u64 age_ns;
};

/**
 * struct contigmem_arena_info - pageblocks, or a partition, that blocks are made of
 * @phys: physical address of the first byte
 * @size: bytes
 * @free: bytes that no block is in
 * @nid: node
 * @cache: cache type of all of it
 */
struct contigmem_arena_info {
	phys_addr_t phys;
	size_t size;
	size_t free;
	int nid;
	enum contigmem_cache cache;
};

/**
 * struct contigmem_partition_info - a partition
 * @name: its name
 * @phys: physical address of the first byte; 0 for a CMA area
 * @size: bytes; 0 for a CMA area, which does not say
 * @free: bytes that no block is in; 0 for a CMA area
 * @blocks: blocks in it, those that are being freed included
 * @blocks_peak: most that there were at a time
 * @failures: requests that it did not serve
 * @handles: times that it is open; 0 if it is closed and only its blocks keep its memory
 * @nid: node; NUMA_NO_NODE for a CMA area
 * @cache: cache type; for a CMA area each block has its own
 * @is_cma: it is a CMA area
 */
struct contigmem_partition_info {
	char name[CONTIGMEM_PARTITION_NAME_MAX + 1];
	phys_addr_t phys;
	size_t size;
	size_t free;
	unsigned long blocks;
	unsigned long blocks_peak;
	unsigned long failures;
	unsigned int handles;
	int nid;
	enum contigmem_cache cache;
	bool is_cma;
};

/**
 * struct contigmem_tag_info - what a tag has, and had
 * @tag: four characters, first in the lowest byte; 0 for none
 * @blocks: live blocks
 * @bytes: in live blocks
 * @bytes_peak: most of them at a time
 * @total: blocks ever
 * @failures: requests that failed
 * @limit: most bytes that it may have; 0 for any number
 */
struct contigmem_tag_info {
	u32 tag;
	u64 blocks;
	u64 bytes;
	u64 bytes_peak;
	u64 total;
	u64 failures;
	u64 limit;
};

void *contigmem_alloc(const struct contigmem_request *req, gfp_t gfp);
void *contigmem_alloc_track_caller(const struct contigmem_request *req, gfp_t gfp,
				   const void *caller);
void contigmem_free(const void *vaddr);
int contigmem_describe(const void *vaddr, struct contigmem_info *info);
phys_addr_t contigmem_phys(const void *vaddr);
int contigmem_next(const void *vaddr, struct contigmem_info *info);
int contigmem_next_arena(phys_addr_t phys, struct contigmem_arena_info *info);
int contigmem_mmap(struct vm_area_struct *vma, const void *vaddr);
int contigmem_export_dmabuf(const void *vaddr, int flags);
void *devm_contigmem_alloc(struct device *dev, const struct contigmem_request *req, gfp_t gfp);

int contigmem_query(const struct contigmem_request *req, gfp_t gfp,
		    struct contigmem_answer *answer);
int contigmem_largest(const struct contigmem_request *req, gfp_t gfp, size_t *free,
		      size_t *moving);

int contigmem_tag_describe(u32 tag, struct contigmem_tag_info *info);
int contigmem_tag_limit(u32 tag, size_t bytes);

struct contigmem_partition *contigmem_partition_create(const char *name,
						       const struct contigmem_request *req);
struct contigmem_partition *contigmem_partition_open(const char *name);
int contigmem_partition_close(struct contigmem_partition *partition);
int contigmem_partition_describe(struct contigmem_partition *partition,
				 struct contigmem_partition_info *info);

struct contigmem_request contigmem_request_for(struct device *dev, size_t bytes);
dma_addr_t contigmem_dma_map(struct device *dev, const void *vaddr);
void contigmem_dma_unmap(struct device *dev, const void *vaddr, dma_addr_t dma);

struct contigmem_pool *contigmem_pool_create(const char *name, const struct contigmem_request *req,
					     size_t size, size_t align, size_t boundary);
void *contigmem_pool_alloc(struct contigmem_pool *pool, gfp_t gfp, phys_addr_t *phys);
void contigmem_pool_free(struct contigmem_pool *pool, void *vaddr);
void contigmem_pool_destroy(struct contigmem_pool *pool);
struct contigmem_pool *devm_contigmem_pool_create(struct device *dev,
						  const struct contigmem_request *req,
						  size_t size, size_t align, size_t boundary);

const char *contigmem_reason_text(enum contigmem_reason reason);
const char *contigmem_cache_name(enum contigmem_cache cache);
const char *contigmem_source_name(enum contigmem_source source);

#endif /* CONTIGMEM_H */
