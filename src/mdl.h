/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CTGM_MDL_H
#define CTGM_MDL_H

void ctgm_mdl_flush(void);

#endif /* CTGM_MDL_H */
