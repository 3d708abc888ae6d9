// SPDX-License-Identifier: GPL-2.0
/*
 * No other header.
 */
#include "contigmem_wdk.h"
#include "headers.h"

PVOID headers_wdk_alone(SIZE_T bytes)
{
	return ExAllocatePoolWithTag(NonPagedPoolNx, bytes, 0x6f6d6544);
}
