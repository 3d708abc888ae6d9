/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CONTIGMEM_TESTS_AUDIT_IMPORT_H
#define CONTIGMEM_TESTS_AUDIT_IMPORT_H

#include <linux/fs.h>

extern const struct file_operations import_fops;

int import_init(void);
void import_exit(void);

#endif /* CONTIGMEM_TESTS_AUDIT_IMPORT_H */
