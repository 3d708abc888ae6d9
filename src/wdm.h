/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CTGM_WDM_H
#define CTGM_WDM_H

#include "../contigmem.h"
#include "../contigmem_wdm.h"

enum contigmem_cache ctgm_wdm_cache(MEMORY_CACHING_TYPE type);

#endif /* CTGM_WDM_H */
