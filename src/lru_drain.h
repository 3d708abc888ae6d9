/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Draining the per-CPU batches of pages on their way to an LRU list.
 */
#ifndef CTGM_LRU_DRAIN_H
#define CTGM_LRU_DRAIN_H

int ctgm_lru_drain_init(void);
void ctgm_lru_drain_exit(void);
void ctgm_lru_drain(void);

#endif /* CTGM_LRU_DRAIN_H */
