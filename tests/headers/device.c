// SPDX-License-Identifier: GPL-2.0
/*
 * The shapes are linked here where no KUnit runs them. This device does nothing.
 */
#include "contigmem_wdk.h"
#include "../shapes/shapes.h"

VOID DeviceProgram(PHYSICAL_ADDRESS Address, PVOID Buffer, SIZE_T Bytes, ULONG64 Highest,
		   ULONG64 Alignment)
{
}
