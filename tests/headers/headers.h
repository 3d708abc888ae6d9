/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CONTIGMEM_TESTS_HEADERS_H
#define CONTIGMEM_TESTS_HEADERS_H

PVOID headers_wdm_alone(SIZE_T bytes);
PVOID headers_wdm_before_mm(SIZE_T bytes);
PVOID headers_wdm_after_mm(SIZE_T bytes);
PVOID headers_wdk_alone(SIZE_T bytes);
PVOID headers_wdk_before_mm(SIZE_T bytes);
int headers_names(PVOID pointer);

#endif /* CONTIGMEM_TESTS_HEADERS_H */
