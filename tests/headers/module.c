// SPDX-License-Identifier: GPL-2.0
/*
 * Is built to be linked, so that modpost finds each name in contigmem.ko.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("The Windows headers of contigmem in all orders");
MODULE_LICENSE("GPL");
