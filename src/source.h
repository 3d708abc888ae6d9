/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asks the sources in order, and holds every result against the request.
 */
#ifndef CTGM_SOURCE_H
#define CTGM_SOURCE_H

#include "frames.h"

/**
 * struct ctgm_source_stats - what a source has done since the module was loaded
 * @tries: calls
 * @hits: requests it served
 * @frames_read: page frames whose state it read
 * @migrated: pages it had migrated
 * @attempts: calls of the kernel's allocators it made
 */
struct ctgm_source_stats {
	u64 tries;
	u64 hits;
	u64 frames_read;
	u64 migrated;
	u64 attempts;
};

enum contigmem_reason ctgm_source_alloc(struct ctgm_alloc_control *ac, struct ctgm_frames *frames);
struct ctgm_source_stats ctgm_source_stats(enum contigmem_source source);

#endif /* CTGM_SOURCE_H */
