/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The code that asked for a block, as text, also after that code is gone.
 */
#ifndef CTGM_CALLER_H
#define CTGM_CALLER_H

struct module;

/* Characters of ctgm_caller_text(): a longer name is cut. */
#define CTGM_CALLER_SIZE	128

void ctgm_caller_text(const void *caller, char text[CTGM_CALLER_SIZE]);
const void *ctgm_caller_keep(const void *caller, const struct module *module);
void ctgm_caller_exit(void);

#endif /* CTGM_CALLER_H */
