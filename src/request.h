/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a request means: checked once, rounded, in page frames.
 */
#ifndef CONTIGMEM_REQUEST_H
#define CONTIGMEM_REQUEST_H

#include "../contigmem.h"
#include "placement.h"

/**
 * struct need - a valid request, as the rooms behind contigmem.c see it
 * @place: where the block may lie
 * @nid: node, NUMA_NO_NODE for any
 * @strict: no other node than @nid
 * @cache: cache type
 * @partition: from there alone; NULL for all memory but partitions
 * @fast: neither migrate nor reclaim
 * @may_sleep: the caller may
 * @reclaim: the reclaim bits of the caller's gfp
 */
struct need {
	struct placement place;
	int nid;
	bool strict;
	enum contigmem_cache cache;
	struct contigmem_partition *partition;
	bool fast;
	bool may_sleep;
	gfp_t reclaim;
};

enum contigmem_reason request_resolve(const struct contigmem_request *req, gfp_t gfp,
				      struct need *need);
int request_errno(enum contigmem_reason reason);
const char *request_errno_name(enum contigmem_reason reason);

#endif /* CONTIGMEM_REQUEST_H */
