/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Named memory that requests can be pinned to.
 */
#ifndef CONTIGMEM_PARTITION_H
#define CONTIGMEM_PARTITION_H

#include "../contigmem.h"

struct frames;

bool partition_name_is_good(const char *name);
bool partition_is_live(const struct contigmem_partition *partition);
struct contigmem_partition *partition_add(const char *name, const struct frames *frames);
struct contigmem_partition *partition_open(const char *name);
int partition_close(struct contigmem_partition *partition);
bool partition_describe(const struct contigmem_partition *partition,
			struct contigmem_partition_info *info);
bool partition_describe_nth(unsigned int nth, struct contigmem_partition_info *info);
void partition_put(struct contigmem_partition *partition);
void partition_exit(void);

#endif /* CONTIGMEM_PARTITION_H */
