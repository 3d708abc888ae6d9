/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CONTIGMEM_DEBUGFS_H
#define CONTIGMEM_DEBUGFS_H

#ifdef CONFIG_DEBUG_FS
void debugfs_init(void);
void debugfs_exit(void);
#else
static inline void debugfs_init(void) { }
static inline void debugfs_exit(void) { }
#endif

#endif /* CONTIGMEM_DEBUGFS_H */
