/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CTGM_DEBUGFS_H
#define CTGM_DEBUGFS_H

#ifdef CONFIG_DEBUG_FS
void ctgm_debugfs_init(void);
void ctgm_debugfs_exit(void);
#else
static inline void ctgm_debugfs_init(void) { }
static inline void ctgm_debugfs_exit(void) { }
#endif

#endif /* CTGM_DEBUGFS_H */
