/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that comes and goes.
 */
#ifndef CONTIGMEM_HOTPLUG_H
#define CONTIGMEM_HOTPLUG_H

int hotplug_init(void);
void hotplug_exit(void);

#endif /* CONTIGMEM_HOTPLUG_H */
