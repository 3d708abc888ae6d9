/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The trace events. docs/tracing.md describes their fields, which keep their names and meanings;
 * further ones may be added at the end.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM contigmem

#if !defined(CTGM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define CTGM_TRACE_H

#include <linux/pfn.h>
#include <linux/tracepoint.h>
#include <trace/events/mmflags.h>

#include "../contigmem.h"
#include "compat.h"

#define ctgm_show_cache(cache)				\
	__print_symbolic(cache,				\
		{ CONTIGMEM_CACHED, "cached" },		\
		{ CONTIGMEM_UNCACHED, "uncached" },	\
		{ CONTIGMEM_WRITECOMBINE, "wc" })

#define ctgm_show_source(source)				\
	__print_symbolic(source,				\
		{ CONTIGMEM_SOURCE_NONE, "none" },		\
		{ CONTIGMEM_SOURCE_ARENA, "arena" },		\
		{ CONTIGMEM_SOURCE_BUDDY, "buddy" },		\
		{ CONTIGMEM_SOURCE_RANGE, "range" },		\
		{ CONTIGMEM_SOURCE_CMA, "cma" },		\
		{ CONTIGMEM_SOURCE_PARTITION, "partition" })

/* sparse 0.6.4 gives up on so long an expansion. */
#ifdef __CHECKER__
#define ctgm_show_gfp(gfp)	""
#else
#define ctgm_show_gfp(gfp)	show_gfp_flags(gfp)
#endif

TRACE_DEFINE_ENUM(CONTIGMEM_CACHED);
TRACE_DEFINE_ENUM(CONTIGMEM_UNCACHED);
TRACE_DEFINE_ENUM(CONTIGMEM_WRITECOMBINE);
TRACE_DEFINE_ENUM(CONTIGMEM_SOURCE_NONE);
TRACE_DEFINE_ENUM(CONTIGMEM_SOURCE_ARENA);
TRACE_DEFINE_ENUM(CONTIGMEM_SOURCE_BUDDY);
TRACE_DEFINE_ENUM(CONTIGMEM_SOURCE_RANGE);
TRACE_DEFINE_ENUM(CONTIGMEM_SOURCE_CMA);
TRACE_DEFINE_ENUM(CONTIGMEM_SOURCE_PARTITION);

/* A request was served. */
TRACE_EVENT(contigmem_alloc,
	TP_PROTO(const struct contigmem_info *info, gfp_t gfp,
		 const struct contigmem_verdict *verdict),
	TP_ARGS(info, gfp, verdict),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, phys)
		__field(u64, size)
		__field(u64, ns)
		__field(unsigned long, moved)
		__field(unsigned long, gfp)
		__field(unsigned long, caller)
		__field(u32, tag)
		__field(u32, flags)
		__field(s32, node)
		__field(u32, cache)
		__field(u32, source)
	),
	TP_fast_assign(
		__entry->id = info->id;
		__entry->phys = info->phys;
		__entry->size = info->size;
		__entry->ns = verdict->ns;
		__entry->moved = verdict->pages_migrated;
		__entry->gfp = (__force unsigned long)gfp;
		__entry->caller = (unsigned long)info->caller;
		__entry->tag = info->tag;
		__entry->flags = info->flags;
		__entry->node = info->nid;
		__entry->cache = info->cache;
		__entry->source = info->source;
	),
	TP_printk("id=%llu phys=0x%llx size=%llu node=%d cache=%s source=%s tag=0x%x flags=0x%x gfp=%s moved=%lu ns=%llu caller=%pS",
		  __entry->id, __entry->phys, __entry->size, __entry->node,
		  ctgm_show_cache(__entry->cache), ctgm_show_source(__entry->source),
		  __entry->tag, __entry->flags, ctgm_show_gfp(__entry->gfp), __entry->moved,
		  __entry->ns, (void *)__entry->caller)
);

/* The owner of a block has freed it. Its memory may stay while others use it. */
TRACE_EVENT(contigmem_free,
	TP_PROTO(const struct contigmem_info *info, const void *caller),
	TP_ARGS(info, caller),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, phys)
		__field(u64, size)
		__field(u64, age_ns)
		__field(unsigned long, caller)
		__field(u32, tag)
		__field(u32, flags)
		__field(s32, node)
		__field(u32, cache)
		__field(u32, source)
	),
	TP_fast_assign(
		__entry->id = info->id;
		__entry->phys = info->phys;
		__entry->size = info->size;
		__entry->age_ns = info->age_ns;
		__entry->caller = (unsigned long)caller;
		__entry->tag = info->tag;
		__entry->flags = info->flags;
		__entry->node = info->nid;
		__entry->cache = info->cache;
		__entry->source = info->source;
	),
	TP_printk("id=%llu phys=0x%llx size=%llu node=%d cache=%s source=%s tag=0x%x flags=0x%x age_ns=%llu caller=%pS",
		  __entry->id, __entry->phys, __entry->size, __entry->node,
		  ctgm_show_cache(__entry->cache), ctgm_show_source(__entry->source),
		  __entry->tag, __entry->flags, __entry->age_ns, (void *)__entry->caller)
);

/* A request was refused. */
TRACE_EVENT(contigmem_fail,
	TP_PROTO(const struct contigmem_request *req, gfp_t gfp, const void *caller,
		 const struct contigmem_verdict *verdict, int error),
	TP_ARGS(req, gfp, caller, verdict, error),
	TP_STRUCT__entry(
		__field(u64, size)
		__field(u64, low)
		__field(u64, high)
		__field(u64, align)
		__field(u64, boundary)
		__field(u64, ns)
		__field(unsigned long, gfp)
		__field(unsigned long, caller)
		__field(unsigned long, windows)
		__field(unsigned long, frames_read)
		__field(unsigned long, attempts)
		__field(unsigned long, blocker)
		__field(u32, tag)
		__field(u32, flags)
		__field(s32, node)
		__field(u32, cache)
		__field(u32, reason)
		__field(s32, error)
	),
	TP_fast_assign(
		__entry->size = req->size;
		__entry->low = req->low;
		__entry->high = req->high;
		__entry->align = req->align;
		__entry->boundary = req->boundary;
		__entry->ns = verdict->ns;
		__entry->gfp = (__force unsigned long)gfp;
		__entry->caller = (unsigned long)caller;
		__entry->windows = verdict->windows;
		__entry->frames_read = verdict->frames_read;
		__entry->attempts = verdict->attempts;
		__entry->blocker = verdict->blocker_kind ? verdict->blocker : 0;
		__entry->tag = req->tag;
		__entry->flags = req->flags;
		__entry->node = req->nid;
		__entry->cache = req->cache;
		__entry->reason = verdict->reason;
		__entry->error = error;
	),
	TP_printk("size=%llu low=0x%llx high=0x%llx align=0x%llx boundary=0x%llx node=%d cache=%s tag=0x%x flags=0x%x gfp=%s reason=%u error=%d windows=%lu frames_read=%lu attempts=%lu blocker=0x%lx ns=%llu caller=%pS",
		  __entry->size, __entry->low, __entry->high, __entry->align,
		  __entry->boundary, __entry->node, ctgm_show_cache(__entry->cache),
		  __entry->tag, __entry->flags, ctgm_show_gfp(__entry->gfp),
		  __entry->reason, __entry->error, __entry->windows, __entry->frames_read,
		  __entry->attempts, __entry->blocker, __entry->ns, (void *)__entry->caller)
);

/* A window was tried, or passed over because of a page in it or beside it. */
TRACE_EVENT(contigmem_window,
	TP_PROTO(unsigned long pfn, unsigned long nr, unsigned long moves, unsigned long blocker,
		 const char *kind, int error),
	TP_ARGS(pfn, nr, moves, blocker, kind, error),
	TP_STRUCT__entry(
		__field(unsigned long, pfn)
		__field(unsigned long, nr)
		__field(unsigned long, moves)
		__field(unsigned long, blocker)
		__string(kind, kind)
		__field(s32, error)
	),
	TP_fast_assign(
		__entry->pfn = pfn;
		__entry->nr = nr;
		__entry->moves = moves;
		__entry->blocker = blocker;
		compat_assign_str(kind, kind);
		__entry->error = error;
	),
	TP_printk("pfn=0x%lx nr=%lu moves=%lu blocker=0x%lx kind=%s error=%d", __entry->pfn,
		  __entry->nr, __entry->moves, __entry->blocker, __get_str(kind),
		  __entry->error)
);

/* alloc_contig_range() is called, and has returned. */
TRACE_EVENT(contigmem_claim,
	TP_PROTO(unsigned long pfn, unsigned long nr, bool migrate, bool end, int error, u64 ns),
	TP_ARGS(pfn, nr, migrate, end, error, ns),
	TP_STRUCT__entry(
		__field(unsigned long, pfn)
		__field(unsigned long, nr)
		__field(u64, ns)
		__field(s32, error)
		__field(u8, migrate)
		__field(u8, end)
	),
	TP_fast_assign(
		__entry->pfn = pfn;
		__entry->nr = nr;
		__entry->ns = ns;
		__entry->error = error;
		__entry->migrate = migrate;
		__entry->end = end;
	),
	TP_printk("%s pfn=0x%lx nr=%lu migrate=%u error=%d ns=%llu",
		  __entry->end ? "end" : "begin", __entry->pfn, __entry->nr, __entry->migrate,
		  __entry->error, __entry->ns)
);

/* An arena was made of frames, or frames of an arena were given back. */
TRACE_EVENT(contigmem_arena,
	TP_PROTO(unsigned long pfn, unsigned long nr, int node, u32 cache, bool made),
	TP_ARGS(pfn, nr, node, cache, made),
	TP_STRUCT__entry(
		__field(unsigned long, pfn)
		__field(unsigned long, nr)
		__field(s32, node)
		__field(u32, cache)
		__field(u8, made)
	),
	TP_fast_assign(
		__entry->pfn = pfn;
		__entry->nr = nr;
		__entry->node = node;
		__entry->cache = cache;
		__entry->made = made;
	),
	TP_printk("%s pfn=0x%lx nr=%lu node=%d cache=%s", __entry->made ? "made" : "given_back",
		  __entry->pfn, __entry->nr, __entry->node, ctgm_show_cache(__entry->cache))
);

#endif /* CTGM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
