// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's headers after it.
 */
#include "contigmem_wdk.h"
#include <linux/acpi.h>
#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/usb.h>
#include <linux/wait.h>
#include "headers.h"

PVOID headers_wdk_before_mm(SIZE_T bytes)
{
	return ExAllocatePoolWithTag(NonPagedPoolNx, bytes, 0x6f6d6544);
}
