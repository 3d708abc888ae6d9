// SPDX-License-Identifier: GPL-2.0
/* The driver's allocations through contigmem's Windows API. */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sizes.h>

#include "client.h"
#include "contigmem_wdm.h"

/* 'WnlC' in a Windows driver. */
#define CLIENT_POOL_TAG		('C' | 'l' << 8 | 'n' << 16 | 'W' << 24)

#define COMMON_BYTES		20000
#define MAILBOX_BYTES		PAGE_SIZE

/*
 * The common buffer of an ISA bus master: 24 address bits, 64 KiB pages. Where memory begins
 * higher, as on most machines without an ISA bus, that of a device with 32.
 */
static phys_addr_t client_common_high(void)
{
	phys_addr_t lowest = PFN_PHYS(NODE_DATA(first_online_node)->node_start_pfn);

	return lowest < SZ_16M ? SZ_16M - 1 : SZ_4G - 1;
}

static int client_get_common(struct client *client)
{
	PHYSICAL_ADDRESS low = { .QuadPart = 0 };
	PHYSICAL_ADDRESS high = { .QuadPart = client_common_high() };
	PHYSICAL_ADDRESS boundary = { .QuadPart = SZ_64K };
	SIZE_T bytes = COMMON_BYTES;
	NTSTATUS status;
	PVOID base;

	status = MmAllocateContiguousMemoryEx(&bytes, low, high, boundary, MM_ANY_NODE_OK,
					      PAGE_READWRITE, NULL, CLIENT_POOL_TAG, 0, &base);
	if (!NT_SUCCESS(status)) {
		dev_err(client->dev, "no memory for the common buffer: status 0x%08x\n", status);
		return -ENOMEM;
	}

	client->common = (struct client_block){
		.name = "common",
		.vaddr = base,
		.phys = MmGetPhysicalAddress(base).QuadPart,
		.size = bytes,
		.high = high.QuadPart,
		.boundary = boundary.QuadPart,
	};
	return 0;
}

static int client_get_mailbox(struct client *client)
{
	PHYSICAL_ADDRESS low = { .QuadPart = 0 };
	PHYSICAL_ADDRESS high = { .QuadPart = -1 };
	PHYSICAL_ADDRESS boundary = { .QuadPart = 0 };
	PVOID base;

	base = MmAllocateContiguousMemorySpecifyCacheNode(MAILBOX_BYTES, low, high, boundary,
							  MmNonCached, MM_ANY_NODE_OK);
	if (!base) {
		dev_err(client->dev, "no memory for the mailbox\n");
		return -ENOMEM;
	}

	client->mailbox = (struct client_block){
		.name = "mailbox",
		.vaddr = base,
		.phys = MmGetPhysicalAddress(base).QuadPart,
		.size = MAILBOX_BYTES,
		.high = high.QuadPart,
	};
	return 0;
}

int client_wdm_get(struct client *client)
{
	int err;

	err = client_get_common(client);
	if (err)
		return err;

	err = client_get_mailbox(client);
	if (err)
		goto err_common;

	/* NumberOfBytes comes back rounded to pages. */
	if (client->common.size != PAGE_ALIGN(COMMON_BYTES)) {
		dev_err(client->dev, "common: %zu bytes\n", client->common.size);
		err = -EIO;
		goto err_mailbox;
	}

	err = client_check(client->dev, &client->common);
	if (err)
		goto err_mailbox;

	err = client_check(client->dev, &client->mailbox);
	if (err)
		goto err_mailbox;

	return 0;

err_mailbox:
	MmFreeContiguousMemorySpecifyCache(client->mailbox.vaddr, MAILBOX_BYTES, MmNonCached);
err_common:
	MmFreeContiguousMemory(client->common.vaddr);
	return err;
}

void client_wdm_put(struct client *client, bool leak)
{
	MmFreeContiguousMemorySpecifyCache(client->mailbox.vaddr, MAILBOX_BYTES, MmNonCached);

	if (!leak)
		MmFreeContiguousMemory(client->common.vaddr);
}
