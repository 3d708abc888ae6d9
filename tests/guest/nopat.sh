#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: nopat.sh
# Runs in a guest booted with nopat: uncached and write-combined requests are refused
# with EOPNOTSUPP, cached ones are served. 64 KiB at 0x30010000 are reserved at boot, and what
# lies beside them in their pageblock is served. Prints a line for each problem; its status is
# 1 if any.

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

# expect ANSWER REQUEST: also the file "explain" has the answer, in its words.
expect() {
	local answer told

	told=$(explain "$2")
	case $1 in
	ok*) [[ $told = answer=served\ * ]] || problem "$2: $told" ;;
	*) [[ $told = *errno=EOPNOTSUPP\ reason=\"${1##*: }\"* ]] || problem "$2: $told" ;;
	esac
	exec 3<>$debugfs/contigmem/alloc
	echo "$2" 2>/dev/null >&3
	read -r answer <&3
	exec 3>&-
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
# Pages of files may lie there, and alloc_contig_range() takes nothing of a pageblock with a hole.
echo 3 >/proc/sys/vm/drop_caches
beside='low=0x30020000 high=0x301fffff'
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
exec 3<>$debugfs/contigmem/alloc
echo "size=${kib}K $beside" 2>/dev/null >&3
read -r answer <&3
exec 3>&-
# Another task may have taken a page of the run meanwhile: then both refuse.
[[ $answer != ok* || $told = answer=served* ]] || problem "size=${kib}K: $told, and then $answer"
echo all >$debugfs/contigmem/free
for request in 'size=4K' 'size=64K' 'size=128K align=128K' 'size=300K boundary=512K'; do
	expect 'ok ' "$request $beside"
	echo all >$debugfs/contigmem/free
done
grep -qi '30010000-3001ffff : reserved' /proc/iomem || problem "nothing is reserved"
rmmod contigmem || problem "rmmod failed"
[ $problems = 0 ]
