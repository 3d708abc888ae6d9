/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages on their way to an LRU list.
 */
#ifndef CONTIGMEM_BATCHES_H
#define CONTIGMEM_BATCHES_H

int batches_init(void);
void batches_exit(void);
void batches_drain(void);

#endif /* CONTIGMEM_BATCHES_H */
