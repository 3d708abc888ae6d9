/* SPDX-License-Identifier: GPL-2.0 */
/* What programs know of /dev/contigmem_scope. */
#ifndef SCOPE_IOCTL_H
#define SCOPE_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct scope_mapping - the oscilloscope's memory in a program
 * @bytes: of samples that are wanted; set to those that there are
 * @samples: set to where they are
 * @table: set to where the table is: of each chunk its physical address (64 bits), its bytes
 *	and how often it was filled (32 bits each)
 */
struct scope_mapping {
	__u64 bytes;
	__u64 samples;
	__u64 table;
};

#define SCOPE_MAP	_IOWR('o', 1, struct scope_mapping)
#define SCOPE_UNMAP	_IO('o', 2)
/* The argument is what the first chunk is filled with; returns how many were filled. */
#define SCOPE_RUN	_IO('o', 3)

#endif /* SCOPE_IOCTL_H */
