// SPDX-License-Identifier: GPL-2.0
/*
 * Callers are kept as code addresses, since to look up a symbol takes longer than an allocation.
 * When the kernel is about to drop the code of a module, a record with the symbol takes the place
 * of each address in it: afterwards no symbol is found, or that of a module loaded there later.
 */
#include <linux/kernel.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "caller.h"

/**
 * struct ctgm_caller - stands for code that is gone
 * @list: in caller_records
 * @unloaded: all of the module is gone, not its __init code alone
 * @module: name of the module
 * @text: the address as it was shown
 */
struct ctgm_caller {
	struct llist_node list;
	bool unloaded;
	char module[MODULE_NAME_LEN];
	char text[CTGM_CALLER_SIZE];
};

/*
 * Records are only added until contigmem is unloaded, so that any context reads them without a
 * lock. There is one for each call in a module, however often that is loaded.
 */
static LLIST_HEAD(caller_records);

static const struct ctgm_caller *caller_record(const void *caller)
{
	const struct ctgm_caller *record;

	llist_for_each_entry(record, READ_ONCE(caller_records.first), list) {
		if (record == caller)
			return record;
	}
	return NULL;
}

/**
 * ctgm_caller_text() - the code that made a call, for a log or a file
 * @caller: its address, or what ctgm_caller_keep() returned for it
 * @text: set to the symbol and its module
 *
 * Context: Any.
 */
void ctgm_caller_text(const void *caller, char text[CTGM_CALLER_SIZE])
{
	const struct ctgm_caller *record = caller_record(caller);

	if (record) {
		strscpy(text, record->text, CTGM_CALLER_SIZE);
		return;
	}
	scnprintf(text, CTGM_CALLER_SIZE, "%pS", caller);
	/* %pS prints the bare address where there is no symbol; %p hashes it. */
	if (text[0] == '0')
		scnprintf(text, CTGM_CALLER_SIZE, "%p", caller);
}

static const struct ctgm_caller *caller_record_get(const char *text, const struct module *module,
						   bool unloaded)
{
	struct ctgm_caller *record;

	llist_for_each_entry(record, READ_ONCE(caller_records.first), list) {
		if (record->unloaded == unloaded && !strcmp(record->text, text) &&
		    !strcmp(record->module, module->name))
			return record;
	}
	/* There is nothing else that an address could be replaced by. */
	record = kzalloc(sizeof(*record), GFP_KERNEL | __GFP_NOFAIL);
	record->unloaded = unloaded;
	strscpy(record->module, module->name, sizeof(record->module));
	strscpy(record->text, text, sizeof(record->text));
	llist_add(&record->list, &caller_records);
	return record;
}

/**
 * ctgm_caller_keep() - what is to stand for a caller in code that the kernel is about to drop
 * @caller: its address, or what this function returned for it
 * @module: the module: its __init code is dropped when it has become live, all of it when it
 *	is going
 *
 * Context: The module's notifier. Sleeps.
 * Return: What takes the place of @caller from now on; NULL if its code stays.
 */
const void *ctgm_caller_keep(const void *caller, const struct module *module)
{
	const struct ctgm_caller *record = caller_record(caller);
	bool unloaded = module->state == MODULE_STATE_GOING, leaves;
	char text[CTGM_CALLER_SIZE];

	if (record)
		leaves = unloaded && !record->unloaded && !strcmp(record->module, module->name);
	else if (unloaded)
		leaves = within_module((unsigned long)caller, module);
	else
		leaves = within_module_init((unsigned long)caller, module);
	if (!leaves)
		return NULL;
	ctgm_caller_text(caller, text);
	return caller_record_get(text, module, unloaded);
}

/* Nobody shows a caller any more. */
void ctgm_caller_exit(void)
{
	struct ctgm_caller *record, *next;

	llist_for_each_entry_safe(record, next, llist_del_all(&caller_records), list)
		kfree(record);
}
