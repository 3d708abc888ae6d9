// SPDX-License-Identifier: GPL-2.0
/*
 * The Demo card's memory, as its Windows driver has it: a common buffer that the
 * card reaches with 24 address bits, a ring that the CPU only writes, and packets
 * that the DPC takes from a partition.
 */
#include "contigmem_wdm.h"
#include "demo.h"

#define DEMO_TAG        0x6f6d6544      /* 'omeD' */
#define COMMON_BYTES    20000
#define RING_BYTES      (64 * 1024)
#define PACKET_BYTES    2048

/* At start: IRQL PASSIVE_LEVEL. */
NTSTATUS DemoAllocateMemory(PDEMO_MEMORY Memory)
{
    PHYSICAL_ADDRESS Low, High, Boundary;
    NTSTATUS Status;

    Low.QuadPart = 0;
    High.QuadPart = 0xFFFFFF;
    Boundary.QuadPart = 0x10000;
    Memory->CommonBufferBytes = COMMON_BYTES;
    Status = MmAllocateContiguousMemoryEx(&Memory->CommonBufferBytes, Low, High, Boundary,
                                          MM_ANY_NODE_OK, PAGE_READWRITE | PAGE_NOCACHE,
                                          NULL, DEMO_TAG, 0, &Memory->CommonBuffer);
    if (!NT_SUCCESS(Status))
        return Status;
    Memory->CommonBufferPhysical = MmGetPhysicalAddress(Memory->CommonBuffer);

    High.QuadPart = 0xFFFFFFFF;
    Boundary.QuadPart = 0;
    Memory->Ring = MmAllocateContiguousMemorySpecifyCache(RING_BYTES, Low, High, Boundary,
                                                          MmWriteCombined);
    if (Memory->Ring == NULL) {
        MmFreeContiguousMemory(Memory->CommonBuffer);
        Memory->CommonBuffer = NULL;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Memory->RingPhysical = MmGetPhysicalAddress(Memory->Ring);
    return STATUS_SUCCESS;
}

/* In the DPC: IRQL DISPATCH_LEVEL. */
PVOID DemoAllocatePacket(PDEMO_MEMORY Memory, PHYSICAL_ADDRESS *Physical)
{
    PHYSICAL_ADDRESS Low, High, Boundary;
    SIZE_T Bytes = PACKET_BYTES;
    PVOID Packet;

    Low.QuadPart = 0;
    High.QuadPart = -1;
    Boundary.QuadPart = 0;
    if (!NT_SUCCESS(MmAllocateContiguousMemoryEx(&Bytes, Low, High, Boundary, MM_ANY_NODE_OK,
                                                 PAGE_READWRITE, Memory->PacketPartition,
                                                 DEMO_TAG, 0, &Packet)))
        return NULL;
    *Physical = MmGetPhysicalAddress(Packet);
    return Packet;
}

void DemoFreePacket(PVOID Packet)
{
    MmFreeContiguousMemory(Packet);
}

/* At unload. */
void DemoFreeMemory(PDEMO_MEMORY Memory)
{
    MmFreeContiguousMemorySpecifyCache(Memory->Ring, RING_BYTES, MmWriteCombined);
    MmFreeContiguousMemory(Memory->CommonBuffer);
}
