// SPDX-License-Identifier: GPL-2.0
/* The driver's allocations through contigmem's native API. */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/sizes.h>

#include "client.h"
#include "contigmem.h"

/* Four characters, first in the lowest byte. */
#define CLIENT_TAG	('C' | 'l' << 8 | 'n' << 16 | 't' << 24)

/* Some blocks of several pages each, the last object of which begins in the last page. */
#define CLIENT_OBJECTS	40
#define CLIENT_OBJECT	2100

static struct client_block client_block(const char *name, void *vaddr,
					const struct contigmem_request *req)
{
	return (struct client_block){
		.name = name,
		.vaddr = vaddr,
		.phys = contigmem_phys(vaddr),
		.size = req->size,
		.high = req->high,
		.boundary = req->boundary,
	};
}

/* The device has 32 address bits and does not carry into the upper 16. */
static int client_get_ring(struct client *client)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	void *vaddr;

	req.high = SZ_4G - 1;
	req.boundary = SZ_64K;
	req.nid = dev_to_node(client->dev);
	req.tag = CLIENT_TAG;

	vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_ZERO);
	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);

	client->ring = client_block("ring", vaddr, &req);
	return 0;
}

static int client_get_buffer(struct client *client)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(3 * SZ_64K);
	void *vaddr;

	req.align = SZ_64K;
	req.tag = CLIENT_TAG;

	vaddr = devm_contigmem_alloc(client->dev, &req, GFP_KERNEL);
	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);

	client->buffer = client_block("buffer", vaddr, &req);
	return 0;
}

static int client_get_frame(struct client *client)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_1M);
	void *vaddr;

	req.cache = CONTIGMEM_WRITECOMBINE;
	req.tag = CLIENT_TAG;

	vaddr = contigmem_alloc(&req, GFP_KERNEL);
	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);

	client->frame = client_block("frame", vaddr, &req);
	return 0;
}

static int client_get_table(struct client *client)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	void *vaddr;

	req.flags = CONTIGMEM_READONLY;
	req.tag = CLIENT_TAG;

	vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_ZERO);
	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);

	client->table = client_block("table", vaddr, &req);
	return 0;
}

/* Objects of a pool hold data, have their address, and go back one by one. */
static int client_use_pool(struct client *client)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(CLIENT_OBJECT);
	void *objects[CLIENT_OBJECTS];
	struct contigmem_pool *pool;
	int i, nr, err = 0;

	req.cache = CONTIGMEM_WRITECOMBINE;
	pool = contigmem_pool_create("client", &req, CLIENT_OBJECT, 0, 0);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	for (nr = 0; nr < CLIENT_OBJECTS && !err; nr++) {
		struct client_block object;
		phys_addr_t phys;

		objects[nr] = contigmem_pool_alloc(pool, GFP_KERNEL, &phys);
		if (IS_ERR(objects[nr])) {
			err = PTR_ERR(objects[nr]);
			break;
		}
		object = client_block("object", objects[nr], &req);
		if (object.phys != phys) {
			dev_err(client->dev, "object: %pa is not %pa\n", &phys, &object.phys);
			err = -EIO;
		}
		err = err ?: client_check(client->dev, &object);
	}
	for (i = 0; i < nr; i++)
		contigmem_pool_free(pool, objects[i]);
	contigmem_pool_destroy(pool);
	return err;
}

int client_native_get(struct client *client)
{
	int err;

	err = client_get_ring(client);
	if (err) {
		dev_err(client->dev, "no memory for the ring: %d\n", err);
		return err;
	}

	err = client_get_buffer(client);
	if (err) {
		dev_err(client->dev, "no memory for the buffer: %d\n", err);
		goto err_ring;
	}

	err = client_get_frame(client);
	if (err) {
		dev_err(client->dev, "no memory for the frame: %d\n", err);
		goto err_ring;
	}

	err = client_get_table(client);
	if (err) {
		dev_err(client->dev, "no memory for the table: %d\n", err);
		goto err_frame;
	}

	err = client_check(client->dev, &client->ring);
	if (err)
		goto err_table;

	err = client_check(client->dev, &client->buffer);
	if (err)
		goto err_table;

	err = client_check(client->dev, &client->frame);
	if (err)
		goto err_table;

	err = client_use_pool(client);
	if (err) {
		dev_err(client->dev, "objects of a pool: %d\n", err);
		goto err_table;
	}

	return 0;

err_table:
	contigmem_free(client->table.vaddr);
err_frame:
	contigmem_free(client->frame.vaddr);
err_ring:
	contigmem_free(client->ring.vaddr);
	return err;
}

void client_native_put(struct client *client)
{
	contigmem_free(client->table.vaddr);
	contigmem_free(client->frame.vaddr);
	contigmem_free(client->ring.vaddr);
}
