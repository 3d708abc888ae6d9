// SPDX-License-Identifier: GPL-2.0
/*
 * Requests as an operator writes them: in debugfs, and as module parameters.
 */
#include <linux/bitops.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/numa.h>
#include <linux/string.h>

#include "account.h"
#include "parse.h"
#include "partition.h"

/* Bytes in hex or decimal, with K, M or G, and "-1" for the byte before. */
bool ctgm_parse_bytes(char *text, u64 *bytes)
{
	static const char units[] = "kmg";
	char *minus = strchr(text, '-');
	unsigned int shift = 0;
	const char *unit;
	size_t length;
	u64 value;

	if (minus) {
		*minus = '\0';
		if (strcmp(minus + 1, "1"))
			return false;
	}
	length = strlen(text);
	if (!length || !isdigit(text[0]))
		return false;
	unit = strchr(units, tolower(text[length - 1]));
	if (unit) {
		shift = 10 * (unit - units + 1);
		text[length - 1] = '\0';
	}
	/* A leading 0 does not mean octal. */
	if (kstrtou64(text, strncasecmp(text, "0x", 2) ? 10 : 16, &value))
		return false;
	if (value > U64_MAX >> shift)
		return false;
	value <<= shift;
	if (minus && !value)
		return false;
	*bytes = value - !!minus;
	return true;
}

bool ctgm_parse_tag(const char *text, u32 *tag)
{
	size_t length = strlen(text), i;

	if (!length || length > 4)
		return false;
	*tag = 0;
	for (i = 0; i < length; i++)
		*tag |= (u32)(u8)text[i] << (8 * i);
	return true;
}

static bool parse_cache(const char *text, enum contigmem_cache *cache)
{
	for (*cache = 0; *cache < CONTIGMEM_NR_CACHES; ++*cache) {
		if (!strcmp(text, contigmem_cache_name(*cache)))
			return true;
	}
	return false;
}

enum ctgm_key {
	KEY_SIZE, KEY_LOW, KEY_HIGH, KEY_ALIGN, KEY_BOUNDARY, KEY_NODE, KEY_CACHE, KEY_TAG,
	KEY_PARTITION, KEY_TIMEOUT, KEY_STRICT, KEY_READONLY, KEY_FAST, KEY_ZERO, KEY_COUNT
};

static bool parse_key_has_value(enum ctgm_key key)
{
	return key <= KEY_TIMEOUT;
}

static const char * const parse_keys[KEY_COUNT] = {
	[KEY_SIZE] = "size", [KEY_LOW] = "low", [KEY_HIGH] = "high", [KEY_ALIGN] = "align",
	[KEY_BOUNDARY] = "boundary", [KEY_NODE] = "node", [KEY_CACHE] = "cache",
	[KEY_TAG] = "tag", [KEY_PARTITION] = "partition", [KEY_TIMEOUT] = "timeout_ns",
	[KEY_STRICT] = "strict", [KEY_READONLY] = "readonly", [KEY_FAST] = "fast",
	[KEY_ZERO] = "zero",
};

static bool parse_value(enum ctgm_key key, char *value, struct ctgm_parsed *parsed)
{
	struct contigmem_request *req = &parsed->req;
	u64 size;

	switch (key) {
	case KEY_SIZE:
		if (!ctgm_parse_bytes(value, &size) || size > SIZE_MAX)
			return false;
		req->size = size;
		return true;
	case KEY_LOW:
		return ctgm_parse_bytes(value, &req->low);
	case KEY_HIGH:
		return ctgm_parse_bytes(value, &req->high);
	case KEY_ALIGN:
		return ctgm_parse_bytes(value, &req->align);
	case KEY_BOUNDARY:
		return ctgm_parse_bytes(value, &req->boundary);
	case KEY_NODE:
		return isdigit(value[0]) && !kstrtoint(value, 10, &req->nid);
	case KEY_CACHE:
		return parse_cache(value, &req->cache);
	case KEY_TAG:
		return ctgm_parse_tag(value, &req->tag);
	case KEY_PARTITION:
		if (!ctgm_partition_name_is_good(value))
			return false;
		strscpy(parsed->partition, value, sizeof(parsed->partition));
		return true;
	case KEY_TIMEOUT:
		return isdigit(value[0]) && !kstrtou64(value, 10, &req->timeout_ns);
	case KEY_STRICT:
		parsed->gfp |= __GFP_THISNODE;
		return true;
	case KEY_READONLY:
		req->flags |= CONTIGMEM_READONLY;
		return true;
	case KEY_FAST:
		req->flags |= CONTIGMEM_FAST;
		return true;
	case KEY_ZERO:
		parsed->gfp |= __GFP_ZERO;
		return true;
	default:
		return false;
	}
}

/**
 * ctgm_parse_line() - parse a request
 * @line: words of a key, or of a key, "=" and a value, in any order; changed
 * @parsed: the keys found are set, the rest left alone; the partition's name is ""
 *
 * Return: the fault of the line, at @parsed->word; NULL if it has none.
 */
const char *ctgm_parse_line(char *line, struct ctgm_parsed *parsed)
{
	unsigned long seen = 0;
	char *text;

	while ((text = strsep(&line, " \t\n"))) {
		char *value = strchr(text, '=');
		int key;

		if (!*text)
			continue;
		if (value)
			*value++ = '\0';
		parsed->word = text;
		key = match_string(parse_keys, KEY_COUNT, text);
		if (key < 0)
			return "unknown key";
		if (__test_and_set_bit(key, &seen))
			return "repeated key";
		if (!!value != parse_key_has_value(key))
			return value ? "no value wanted for" : "no value for";
		if (!parse_value(key, value, parsed))
			return "bad value for";
	}
	parsed->word = "";
	if ((seen & BIT(KEY_STRICT)) && !(seen & BIT(KEY_NODE))) {
		parsed->word = "strict";
		return "no node for";
	}
	return NULL;
}

/**
 * ctgm_format_line() - write a request, malformed or not, in the words of a line
 * @line: filled
 * @size: bytes of room there
 * @req: the request
 * @gfp: its context, of which "strict" and "zero" have words
 * @partition: name of its partition, or ""
 */
void ctgm_format_line(char *line, size_t size, const struct contigmem_request *req, gfp_t gfp,
		      const char *partition)
{
	int used = scnprintf(line, size, "%s=%zu", parse_keys[KEY_SIZE], req->size);
	const struct {
		enum ctgm_key key;
		bool said;
		u64 value;
	} numbers[] = {
		{ KEY_LOW, req->low, req->low },
		{ KEY_HIGH, req->high != (phys_addr_t)-1, req->high },
		{ KEY_ALIGN, req->align, req->align },
		{ KEY_BOUNDARY, req->boundary, req->boundary },
	};
	const struct {
		enum ctgm_key key;
		bool said;
	} flags[] = {
		{ KEY_STRICT, gfp & __GFP_THISNODE },
		{ KEY_READONLY, req->flags & CONTIGMEM_READONLY },
		{ KEY_FAST, req->flags & CONTIGMEM_FAST },
		{ KEY_ZERO, gfp & __GFP_ZERO || req->flags & CONTIGMEM_ZERO },
	};
	char tag[5];
	int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (numbers[i].said)
			used += scnprintf(line + used, size - used, " %s=%#llx",
					  parse_keys[numbers[i].key], numbers[i].value);
	}
	if (req->nid != NUMA_NO_NODE)
		used += scnprintf(line + used, size - used, " %s=%d", parse_keys[KEY_NODE],
				  req->nid);
	if (req->cache != CONTIGMEM_CACHED)
		used += scnprintf(line + used, size - used, " %s=%s", parse_keys[KEY_CACHE],
				  contigmem_cache_name(req->cache));
	if (req->tag) {
		ctgm_tag_text(req->tag, tag);
		used += scnprintf(line + used, size - used, " %s=%s", parse_keys[KEY_TAG], tag);
	}
	if (*partition)
		used += scnprintf(line + used, size - used, " %s=%s", parse_keys[KEY_PARTITION],
				  partition);
	if (req->timeout_ns)
		used += scnprintf(line + used, size - used, " %s=%llu", parse_keys[KEY_TIMEOUT],
				  req->timeout_ns);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (flags[i].said)
			used += scnprintf(line + used, size - used, " %s",
					  parse_keys[flags[i].key]);
	}
}
