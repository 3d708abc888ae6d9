/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files in the shape of real Windows drivers' memory code, in our own words. Each includes
 * contigmem_wdk.h and this header of the drivers' own, and nothing of Linux.
 *
 * The device is the test: DeviceProgram() compares what a driver tells its device with the
 * page tables.
 */
#ifndef CONTIGMEM_TESTS_SHAPES_H
#define CONTIGMEM_TESTS_SHAPES_H

/* The device reaches Bytes at Address, up to Highest, and wants this alignment, 0 for none. */
VOID DeviceProgram(PHYSICAL_ADDRESS Address, PVOID Buffer, SIZE_T Bytes, ULONG64 Highest,
		   ULONG64 Alignment);

NTSTATUS BoundaryAsAlignment(VOID);
NTSTATUS HighestOfEveryKind(VOID);
NTSTATUS LocalNodeThenAny(VOID);
NTSTATUS ShrinkUntilServed(VOID);
NTSTATUS PagesPerProcessor(VOID);
NTSTATUS FreeByPhysicalAddress(VOID);
NTSTATUS SizeFromAProgram(SIZE_T Bytes, ULONG64 Limit);
NTSTATUS MapToTheProgram(VOID);
NTSTATUS FreeAtApcLevel(VOID);
NTSTATUS FreeWhatIsThere(ULONG Missing);
NTSTATUS FreeWithTheSizeAskedFor(VOID);
NTSTATUS ScatterListOfPool(VOID);
NTSTATUS RegionsOfAHypervisor(VOID);
NTSTATUS ChunksForAnAdapter(VOID);
NTSTATUS TraceBuffers(VOID);

#endif /* CONTIGMEM_TESTS_SHAPES_H */
