/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Would a request be served, and if not, why not?
 */
#ifndef CTGM_QUERY_H
#define CTGM_QUERY_H

#include "../contigmem.h"

enum contigmem_reason ctgm_query(const struct contigmem_request *req, gfp_t gfp,
				 struct contigmem_answer *answer);
enum contigmem_reason ctgm_query_largest(const struct contigmem_request *req, gfp_t gfp,
					 size_t *largest);

#endif /* CTGM_QUERY_H */
