/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests as an operator writes them.
 */
#ifndef CONTIGMEM_LINE_H
#define CONTIGMEM_LINE_H

#include "../contigmem.h"

bool line_parse_bytes(char *text, u64 *bytes);
bool line_parse_tag(const char *text, u32 *tag);
const char *line_parse(char *line, struct contigmem_request *req, gfp_t *gfp, char *partition,
		       const char **word);
void line_format(char *line, size_t size, const struct contigmem_request *req, gfp_t gfp,
		 const char *partition);

#endif /* CONTIGMEM_LINE_H */
