#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: nopat.sh
# Runs in a guest booted with nopat: uncached and write-combined requests are refused
# with EOPNOTSUPP, cached ones are served. Prints a line for each problem; its status is
# 1 if any.

debugfs=/sys/kernel/debug
problems=0
problem() {
	echo "problem: $*"
	problems=$((problems + 1))
}

# expect ANSWER REQUEST: also the file "explain" has the answer, in its words.
expect() {
	local answer told

	exec 3<>$debugfs/contigmem/explain
	echo "$2" >&3
	read -r told <&3
	exec 3>&-
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
echo all >$debugfs/contigmem/free
rmmod contigmem || problem "rmmod failed"
[ $problems = 0 ]
