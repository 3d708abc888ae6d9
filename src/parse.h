/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests as an operator writes them.
 */
#ifndef CTGM_PARSE_H
#define CTGM_PARSE_H

#include "../contigmem.h"

/**
 * struct ctgm_parsed - a request in words
 * @req: the request, without its partition
 * @gfp: bits that words have set
 * @partition: name of the partition; "" if none was named
 * @word: where a fault is
 */
struct ctgm_parsed {
	struct contigmem_request req;
	gfp_t gfp;
	char partition[CONTIGMEM_PARTITION_NAME_MAX + 1];
	const char *word;
};

bool ctgm_parse_bytes(char *text, u64 *bytes);
bool ctgm_parse_tag(const char *text, u32 *tag);
const char *ctgm_parse_line(char *line, struct ctgm_parsed *parsed);
void ctgm_format_line(char *line, size_t size, const struct contigmem_request *req, gfp_t gfp,
		      const char *partition);

#endif /* CTGM_PARSE_H */
