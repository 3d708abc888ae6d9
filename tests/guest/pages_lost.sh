#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: pages_lost.sh
# Runs in a guest booted with page_owner=on: prints how many pages contigmem allocated and
# did not free, and writes their records to pages-lost. Slabs and page tables that the kernel
# allocated on its behalf are not counted: contigmem called other functions for them.
#
# page_owner_stacks would be quicker, but omits allocations without a reclaim flag. A read of
# page_owner returns one record and fails if the buffer is too small: the one of cat is large
# enough, awk's is not.

set -o pipefail
echo 2 >/proc/sys/vm/drop_caches	# idle arenas are not lost pages
# shellcheck disable=SC2002
cat /sys/kernel/debug/page_owner | awk -v RS= -F '\n' '/\[contigmem\]/ {
	for (i = 3; $i !~ /\[contigmem\]/; i++)
		caller = $i
	if (caller !~ /alloc_pages|alloc_contig/)
		next
	print $0 "\n" >"pages-lost"
	sub(/.*via order /, "", $1)
	lost += 2 ^ int($1)
} END { print lost + 0 }'
