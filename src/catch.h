/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free frames beside pages that cannot be migrated.
 */
#ifndef CTGM_CATCH_H
#define CTGM_CATCH_H

#include "frames.h"

extern const struct ctgm_source ctgm_source_catch;

#endif /* CTGM_CATCH_H */
