// SPDX-License-Identifier: GPL-2.0
/*
 * The Linux driver around memory.c: creates the partition at load, allocates and frees
 * packets in a tasklet, the counterpart of a DPC, and frees all at unload.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "contigmem.h"
#include "demo.h"

#define PACKETS		32

static DEMO_MEMORY memory;
static struct contigmem_partition *packets;
static struct tasklet_struct dpc;
static DECLARE_COMPLETION(dpc_done);
static unsigned int packets_seen;

static void demo_dpc(struct tasklet_struct *unused)
{
	PVOID packet[PACKETS];
	PHYSICAL_ADDRESS where;
	unsigned int i;

	for (i = 0; i < PACKETS; i++) {
		packet[i] = DemoAllocatePacket(&memory, &where);
		packets_seen += packet[i] && where.QuadPart;
	}
	for (i = 0; i < PACKETS; i++)
		DemoFreePacket(packet[i]);
	complete(&dpc_done);
}

static int __init demo_init(void)
{
	NTSTATUS status;

	packets = contigmem_partition_create("demo-packets", &CONTIGMEM_REQUEST(SZ_256K));
	if (IS_ERR(packets))
		return PTR_ERR(packets);
	memory.PacketPartition = packets;
	status = DemoAllocateMemory(&memory);
	if (!NT_SUCCESS(status)) {
		pr_err("demo: no memory: status %#x\n", status);
		contigmem_partition_close(packets);
		return -ENOMEM;
	}
	tasklet_setup(&dpc, demo_dpc);
	tasklet_schedule(&dpc);
	wait_for_completion(&dpc_done);
	pr_info("demo: ready: common %#llx, %zu bytes; ring %#llx; %u packets\n",
		(u64)memory.CommonBufferPhysical.QuadPart, memory.CommonBufferBytes,
		(u64)memory.RingPhysical.QuadPart, packets_seen);
	return 0;
}
module_init(demo_init);

static void __exit demo_exit(void)
{
	tasklet_kill(&dpc);
	DemoFreeMemory(&memory);
	WARN_ON(contigmem_partition_close(packets));
}
module_exit(demo_exit);

MODULE_DESCRIPTION("A Windows driver's memory on Linux");
MODULE_LICENSE("GPL");
