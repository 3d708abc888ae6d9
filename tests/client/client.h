/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CONTIGMEM_CLIENT_H
#define CONTIGMEM_CLIENT_H

#include <linux/device.h>
#include <linux/types.h>

/* A block, with the limits that the driver requested. */
struct client_block {
	const char *name;
	void *vaddr;
	phys_addr_t phys;
	size_t size;
	phys_addr_t high;	/* last byte the device can address */
	phys_addr_t boundary;	/* 0: none */
};

/**
 * struct client - the driver's memory between probe and remove
 * @dev: the device
 * @ring: descriptor ring, native API
 * @buffer: data buffer, native API, freed by devres
 * @frame: write-combined frame buffer, native API
 * @table: read-only table for programs, native API
 * @common: common buffer below 16 MiB, Windows API
 * @mailbox: uncached mailbox, Windows API
 * @early: allocated by code that is gone once the driver is loaded
 */
struct client {
	struct device *dev;
	struct client_block ring;
	struct client_block buffer;
	struct client_block frame;
	struct client_block table;
	struct client_block common;
	struct client_block mailbox;
	struct client_block early;
};

int client_check(struct device *dev, const struct client_block *block);

int client_native_get(struct client *client);
void client_native_put(struct client *client);

int client_wdm_get(struct client *client);
void client_wdm_put(struct client *client, bool leak);

int client_user_get(struct client *client);
void client_user_put(void);

#endif /* CONTIGMEM_CLIENT_H */
