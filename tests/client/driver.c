// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that allocates its rings and buffers from contigmem at probe and frees them at
 * remove. It registers its own platform device, so it probes on any machine.
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "client.h"
#include "contigmem.h"

/* Four characters, first in the lowest byte. */
#define CLIENT_EARLY_TAG	('C' | 'l' << 8 | 'n' << 16 | 'I' << 24)

static bool leak;
module_param(leak, bool, 0444);
MODULE_PARM_DESC(leak, "forget two blocks at remove, and have a request refused at probe");

static ulong take[2];
static unsigned int nr_take;
module_param_array(take, ulong, &nr_take, 0444);
MODULE_PARM_DESC(take, "free the blocks at these physical addresses at probe, before anything else");

static bool expect_warning;
module_param(expect_warning, bool, 0444);
MODULE_PARM_DESC(expect_warning, "announce in the log that freeing 'take' will warn");

static u32 client_pattern(size_t word)
{
	return 0x9e3779b9u * (u32)(word + 1);
}

/**
 * client_check() - does a block meet its limits, and does it hold data?
 * @dev: device
 * @block: block with its limits
 *
 * Return: 0, -EIO with a message if not.
 */
int client_check(struct device *dev, const struct client_block *block)
{
	phys_addr_t last = block->phys + block->size - 1;
	u32 *word = block->vaddr;
	size_t i;

	if (!block->phys || last > block->high) {
		dev_err(dev, "%s: %pa-%pa is not below %pa\n", block->name, &block->phys, &last,
			&block->high);
		return -EIO;
	}

	if (block->boundary && (block->phys ^ last) & ~(block->boundary - 1)) {
		dev_err(dev, "%s: %pa-%pa crosses a multiple of %pa\n", block->name, &block->phys,
			&last, &block->boundary);
		return -EIO;
	}

	for (i = 0; i < block->size / sizeof(*word); i++)
		WRITE_ONCE(word[i], client_pattern(i));

	/* Writes to a write-combined block leave the CPU here. */
	mb();

	for (i = 0; i < block->size / sizeof(*word); i++) {
		if (READ_ONCE(word[i]) != client_pattern(i)) {
			dev_err(dev, "%s: word %zu does not hold its value\n", block->name,
				i);
			return -EIO;
		}
	}

	return 0;
}

/* The rest of a driver's __init code is gone when an operator looks. */
static int __init client_get_early(struct client *client)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	void *vaddr;

	req.tag = CLIENT_EARLY_TAG;
	vaddr = contigmem_alloc(&req, GFP_KERNEL);
	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);
	client->early = (struct client_block){
		.name = "early",
		.vaddr = vaddr,
		.phys = contigmem_phys(vaddr),
		.size = req.size,
		.high = req.high,
	};
	if (leak) {
		req.align = 3;
		if (!IS_ERR(contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN)))
			dev_err(client->dev, "an alignment of 3 was accepted\n");
	}
	return client_check(client->dev, &client->early);
}

static void client_put(void *data)
{
	struct client *client = data;

	/* suite.sh passes these addresses to the parameter 'take'. */
	if (leak)
		dev_info(client->dev, "leaked: %pa,%pa\n", &client->common.phys,
			 &client->early.phys);
	else
		contigmem_free(client->early.vaddr);
	client_user_put();
	client_wdm_put(client, leak);
	client_native_put(client);
}

static int __init client_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct client *client;
	unsigned int i;
	int err;

	for (i = 0; i < nr_take; i++) {
		if (expect_warning)
			pr_info("contigmem-test: expect-warning contigmem_free\n");
		contigmem_free(phys_to_virt(take[i]));
	}

	client = devm_kzalloc(dev, sizeof(*client), GFP_KERNEL);
	if (!client)
		return -ENOMEM;
	client->dev = dev;

	err = client_native_get(client);
	if (err)
		return err;

	err = client_wdm_get(client);
	if (err)
		goto err_native;

	err = client_user_get(client);
	if (err)
		goto err_wdm;

	err = client_get_early(client);
	if (err)
		goto err_user;

	/* An action, because the type of ->remove is not the same in every kernel. */
	err = devm_add_action_or_reset(dev, client_put, client);
	if (err)
		return err;

	dev_info(dev, "ready: ring %pa buffer %pa frame %pa common %pa mailbox %pa\n",
		 &client->ring.phys, &client->buffer.phys, &client->frame.phys,
		 &client->common.phys, &client->mailbox.phys);
	return 0;

err_user:
	client_user_put();
err_wdm:
	client_wdm_put(client, false);
err_native:
	client_native_put(client);
	return err;
}

static struct platform_driver client_driver = {
	.driver = {
		.name = "contigmem_client",
	},
};

static struct platform_device *client_device;

static int __init client_init(void)
{
	client_device = platform_create_bundle(&client_driver, client_probe, NULL, 0, NULL, 0);
	return PTR_ERR_OR_ZERO(client_device);
}
module_init(client_init);

static void __exit client_exit(void)
{
	platform_device_unregister(client_device);
	platform_driver_unregister(&client_driver);
}
module_exit(client_exit);

MODULE_DESCRIPTION("A driver that gets its memory from contigmem");
MODULE_LICENSE("GPL");
