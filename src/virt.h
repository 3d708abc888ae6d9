/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CTGM_VIRT_H
#define CTGM_VIRT_H

#include <linux/types.h>

phys_addr_t ctgm_virt_phys(const void *vaddr);

#endif /* CTGM_VIRT_H */
