// SPDX-License-Identifier: GPL-2.0
/*
 * For libFuzzer: src/parse.c on any line. A line without a fault is written in words and
 * read again, and gives the same request; a fault is at a word of the line.
 */
#include "kernel.h"

#include "../../src/parse.c"
/* contigmem_cache_name(), ctgm_partition_name_is_good(), ctgm_tag_text(): from src/. */
#include "parse_needs.h"

/* As src/debugfs.c has it. */
#define LINE_SIZE	512

static const char *parse(const char *text, size_t size, struct ctgm_parsed *parsed)
{
	static const char * const constant[] = { "", "strict" };
	/* Without a byte of room behind the line, so that no byte there is read. */
	char *line = malloc(size + 1);
	const char *fault;

	user_check(line, "no memory");
	memcpy(line, text, size);
	line[size] = '\0';
	*parsed = (struct ctgm_parsed){ .req = CONTIGMEM_REQUEST(0) };
	fault = ctgm_parse_line(line, parsed);
	if (fault) {
		user_check(parsed->word, "%s: no word", fault);
		user_check((parsed->word >= line && parsed->word < line + size) ||
			   match_string(constant, ARRAY_SIZE(constant), parsed->word) >= 0,
			   "%s: not a word of the line", fault);
	}
	free(line);
	return fault;
}

/* Other bytes, and a short tag's missing ones, are written as dots. */
static bool tag_has_text(u32 tag)
{
	char text[5];
	u32 again;

	ctgm_tag_text(tag, text);
	return !tag || (ctgm_parse_tag(text, &again) && again == tag);
}

static void check_again(const struct ctgm_parsed *parsed)
{
	const struct contigmem_request *req = &parsed->req;
	struct ctgm_parsed again;
	char line[LINE_SIZE];
	const char *fault;

	user_check(req->nid >= NUMA_NO_NODE, "node %d", req->nid);
	user_check(req->cache < CONTIGMEM_NR_CACHES, "cache type %d", req->cache);
	user_check(strlen(parsed->partition) <= CONTIGMEM_PARTITION_NAME_MAX, "a long name");
	ctgm_format_line(line, sizeof(line), req, parsed->gfp, parsed->partition);
	user_check(strlen(line) < sizeof(line) - 1, "the line is cut: %s", line);
	fault = parse(line, strlen(line), &again);
	user_check(!fault, "%s %s: %s", fault, again.word, line);
	if (!tag_has_text(req->tag))
		again.req.tag = req->tag;
	user_check(again.gfp == parsed->gfp && !strcmp(again.partition, parsed->partition) &&
		   !memcmp(&again.req, req, sizeof(*req)), "not the same request: %s", line);
}

/* The name is a whole word of the line. */
static void check_partition(const char *text, const char *name)
{
	const char *word = strstr(text, "partition=");

	if (!word) {
		user_check(!*name, "a partition that the line does not name");
		return;
	}
	word += strlen("partition=");
	user_check(strlen(name) == strcspn(word, " \t\n") && !strncmp(word, name, strlen(name)),
		   "%s: not the name of the line", name);
}

/* A number of bytes against 128 bits, which cannot overflow. */
static void check_bytes(const char *text, size_t size)
{
	char *copy = strndup(text, size);
	size_t length = strspn(copy, "0123456789");
	const char *at = copy, *rest = copy + length;
	unsigned __int128 value = 0;
	u64 bytes;
	bool good;

	/* Decimal numbers with few digits, which need no model of a number. */
	if (length && length <= 20 && !strpbrk(copy, "xX\n")) {
		static const char units[] = "kKmMgG";
		const char *unit = NULL;

		for (; at < rest; at++)
			value = value * 10 + (*at - '0');
		if (*rest)
			unit = strchr(units, *rest);
		good = value <= U64_MAX;
		if (unit) {
			value <<= 10 * ((unit - units) / 2 + 1);
			rest++;
		}
		good = good && value <= U64_MAX && (!*rest || (!strcmp(rest, "-1") && value));
		value -= !!*rest;
		user_check(ctgm_parse_bytes(copy, &bytes) == good && (!good || bytes == value),
			   "not %d: %.*s", good, (int)size, text);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct ctgm_parsed parsed;
	char *text, *value;

	/* src/debugfs.c refuses such a line. */
	if (size > LINE_SIZE || memchr(data, '\0', size))
		return 0;
	text = strndup((const char *)data, size);
	user_check(text, "no memory");
	if (!parse(text, size, &parsed)) {
		check_again(&parsed);
		check_partition(text, parsed.partition);
	}
	value = strchr(text, '=');
	if (value)
		check_bytes(value + 1, strcspn(value + 1, " \t\n"));
	free(text);
	return 0;
}
