// SPDX-License-Identifier: GPL-2.0
/*
 * The names of Linux's headers that Windows has too mean what Windows means.
 */
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/acpi.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/usb.h>
#include "contigmem_wdm.h"
#include "headers.h"

PVOID headers_wdm_after_mm(SIZE_T bytes)
{
	PHYSICAL_ADDRESS low, high, boundary;

	low.QuadPart = PAGE_SIZE;
	high.QuadPart = 0xFFFFFFFF;
	boundary.QuadPart = 0;
	return MmAllocateContiguousNodeMemory(bytes, low, high, boundary, PAGE_READONLY,
					      MM_ANY_NODE_OK);
}
