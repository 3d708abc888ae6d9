/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a request means: checked once, rounded, in page frames.
 */
#ifndef CTGM_REQUEST_H
#define CTGM_REQUEST_H

#include "frames.h"

/* The gfp bits that describe the caller's context. */
#define CTGM_GFP_CONTEXT	(__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HIGH)

enum contigmem_reason ctgm_request_check(const struct contigmem_request *req, gfp_t gfp,
					 struct ctgm_constraints *place);
enum contigmem_reason ctgm_request_resolve(const struct contigmem_request *req, gfp_t gfp,
					   struct ctgm_alloc_control *ac);
int ctgm_reason_errno(enum contigmem_reason reason);
const char *ctgm_reason_errno_name(enum contigmem_reason reason);

#endif /* CTGM_REQUEST_H */
