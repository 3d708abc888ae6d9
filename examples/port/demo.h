/* SPDX-License-Identifier: GPL-2.0 */
/* Differs between Windows and Linux in the include alone. */
#ifndef DEMO_H
#define DEMO_H

#include "contigmem_wdm.h"

typedef struct _DEMO_MEMORY {
    PVOID CommonBuffer;
    PHYSICAL_ADDRESS CommonBufferPhysical;
    SIZE_T CommonBufferBytes;
    PVOID Ring;
    PHYSICAL_ADDRESS RingPhysical;
    PVOID PacketPartition;
} DEMO_MEMORY, *PDEMO_MEMORY;

NTSTATUS DemoAllocateMemory(PDEMO_MEMORY Memory);
PVOID DemoAllocatePacket(PDEMO_MEMORY Memory, PHYSICAL_ADDRESS *Physical);
void DemoFreePacket(PVOID Packet);
void DemoFreeMemory(PDEMO_MEMORY Memory);

#endif /* DEMO_H */
