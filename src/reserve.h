/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reserve of typed memory for callers that cannot wait.
 */
#ifndef CTGM_RESERVE_H
#define CTGM_RESERVE_H

void ctgm_reserve_init(void);
void ctgm_reserve_exit(void);

#endif /* CTGM_RESERVE_H */
