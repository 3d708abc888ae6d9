// SPDX-License-Identifier: GPL-2.0
/*
 * No other header: what a Windows driver needs comes with contigmem_wdm.h.
 */
#include "contigmem_wdm.h"
#include "headers.h"

PVOID headers_wdm_alone(SIZE_T bytes)
{
	PHYSICAL_ADDRESS low, high, boundary;

	low.QuadPart = PAGE_SIZE;
	high.QuadPart = 0xFFFFFFFF;
	boundary.QuadPart = 0;
	return MmAllocateContiguousNodeMemory(bytes, low, high, boundary, PAGE_READONLY,
					      MM_ANY_NODE_OK);
}
