/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Partitions: memory set aside under a name.
 */
#ifndef CTGM_PARTITION_H
#define CTGM_PARTITION_H

#include "frames.h"

extern const struct ctgm_source ctgm_source_partition;

bool ctgm_partition_name_is_good(const char *name);
bool ctgm_partition_is_live(const struct contigmem_partition *partition);
u32 ctgm_partition_id(const struct contigmem_partition *partition);
bool ctgm_partition_has_handles(const struct contigmem_partition *partition);
void ctgm_partition_put_kept(const struct ctgm_frames *frames);
struct contigmem_partition *ctgm_partition_add(const char *name, const struct ctgm_frames *frames);
struct contigmem_partition *ctgm_partition_open(const char *name);
int ctgm_partition_close(struct contigmem_partition *partition);
bool ctgm_partition_describe(const struct contigmem_partition *partition,
			     struct contigmem_partition_info *info);
bool ctgm_partition_describe_nth(unsigned int nth, struct contigmem_partition_info *info);
struct contigmem_partition *ctgm_partition_nth(unsigned int nth,
					       char name[CONTIGMEM_PARTITION_NAME_MAX + 1]);
void ctgm_partition_exit(void);

#endif /* CTGM_PARTITION_H */
