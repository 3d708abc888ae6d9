/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page cache, dropped where it lies in the way.
 */
#ifndef CTGM_PAGE_CACHE_H
#define CTGM_PAGE_CACHE_H

#include <linux/types.h>

bool ctgm_page_cache_drop(unsigned long pfn);

#endif /* CTGM_PAGE_CACHE_H */
