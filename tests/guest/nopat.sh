#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: nopat.sh ADDRESS...
# Runs in a guest booted with nopat: uncached and write-combined requests are refused
# with EOPNOTSUPP, cached ones are served. 64 KiB at each ADDRESS, the second of a pageblock, are
# reserved at boot, and what is free beside them is served. Prints a line for each problem; its
# status is 1 if any.

debugfs=/sys/kernel/debug
problems=0
problem() {
	echo "problem: $*"
	problems=$((problems + 1))
}

# explain REQUEST: what the file of that name tells.
explain() {
	local told

	exec 3<>$debugfs/contigmem/explain
	echo "$1" >&3
	read -r told <&3
	exec 3>&-
	echo "$told"
}

# allocate REQUEST: sets $answer. Without a new process, which would take frames.
allocate() {
	exec 3<>$debugfs/contigmem/alloc
	echo "$1" 2>/dev/null >&3
	read -r answer <&3
	exec 3>&-
}

# expect ANSWER REQUEST: also the file "explain" has the answer, in its words.
expect() {
	local told

	told=$(explain "$2")
	case $1 in
	ok*) [[ $told = answer=served\ * ]] || problem "$2: $told" ;;
	*) [[ $told = *errno=EOPNOTSUPP\ reason=\"${1##*: }\"* ]] || problem "$2: $told" ;;
	esac
	allocate "$2"
	[[ $answer = $1* ]] || problem "$2: $answer"
}

insmod contigmem.ko || problem "insmod failed"
for request in size=64K size=4K 'size=3M align=1M'; do
	expect 'ok ' "$request"
	expect 'ok ' "$request readonly"
	for cache in wc uncached; do
		expect 'error -95 EOPNOTSUPP: this kernel or CPU cannot give that cache type' \
			"$request cache=$cache"
	done
done

# free_beside ADDRESS: frames of the pageblock that are in free blocks of the page allocator.
free_beside() {
	dd if=/proc/kpageflags bs=4096 skip=$(($1 / 4096 / 512)) count=1 2>/dev/null |
		od -v -An -tx8 -w8 | grep -c ' 0000000000000400$'
}

# alloc_contig_range() takes nothing of a pageblock with a hole, so what is in use there stays. The
# page allocator prefers such pageblocks, which are free in parts: the emptiest is asked for.
echo 3 >/proc/sys/vm/drop_caches
most=0
for hole; do
	free=$(free_beside "$hole")
	[ "$free" -le "$most" ] || { most=$free; emptiest=$hole; }
done
[ "$most" -ge 256 ] || problem "at most $most frames are free in the pageblocks of $*"
beside=$(printf 'low=%#x high=%#x' $((emptiest + 0x10000)) $((emptiest + 0x1effff)))
# An idle arena divides a run that would serve: the request has it given back, and explain knows.
for ((kib = 1900; kib >= 300; kib -= 100)); do
	told=$(explain "size=${kib}K $beside")
	[[ $told != answer=served* ]] || break
done
# Where the run is one free block, explain does not know which one.
inside=$beside
! [[ $told =~ phys=(0x[0-9a-f]+)- ]] ||
	inside="low=$((BASH_REMATCH[1] + 0x20000)) high=$((BASH_REMATCH[1] + 0x2ffff))"
echo "size=64K $inside" >$debugfs/contigmem/alloc 2>/dev/null
echo all >$debugfs/contigmem/free
told=$(explain "size=${kib}K $beside")
allocate "size=${kib}K $beside"
# Another task may have taken a page of the run meanwhile: then both refuse.
[[ $answer != ok* || $told = answer=served* ]] || problem "size=${kib}K: $told, and then $answer"
echo all >$debugfs/contigmem/free
# Another task may take a frame of the run before the request does.
for request in 'size=4K' 'size=64K' 'size=128K align=128K' 'size=300K boundary=512K'; do
	for ((tries = 0; tries < 10; tries++)); do
		told=$(explain "$request $beside")
		allocate "$request $beside"
		echo all >$debugfs/contigmem/free
		! [[ $told = answer=served\ * && $answer = ok\ * ]] || break
		echo 3 >/proc/sys/vm/drop_caches
		sleep 0.1
	done
	[ $tries -lt 10 ] || problem "$request $beside: $told, and $answer"
done
for hole; do
	range=$(printf '%08x-%08x : reserved' $((hole)) $((hole + 0xffff)))
	grep -qi "$range" /proc/iomem || problem "$range: it is not"
done
rmmod contigmem || problem "rmmod failed"
[ $problems = 0 ]
