#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: bpftrace.sh [requests]
# Runs in a guest, in a folder with contigmem.ko and what is in scripts/bpftrace: each script, and
# the line in docs/tracing.md, counts the requests that are made meanwhile. Prints what they print,
# and a line for each problem; its status is 1 if any. With "requests" it makes them.

debugfs=/sys/kernel/debug/contigmem
served=24
invalid=10
nowhere=6
problems=0

problem() {
	echo "problem: $*"
	problems=$((problems + 1))
}

# ask NUMBER REQUEST: asks so many times, and frees what is served.
ask() {
	local i

	for ((i = 0; i < $1; i++)); do
		exec 3<>$debugfs/alloc
		echo "$2" 2>/dev/null >&3
		read -r <&3
		exec 3>&-
	done
	echo all >$debugfs/free
}

requests() {
	echo 0 >/sys/module/contigmem/parameters/arena_idle_mb
	ask $((served - 4)) size=64K
	ask 4 'size=4M cache=wc'
	ask $invalid 'size=64K boundary=4K'
	ask $nowhere 'size=64K low=0xfffffffffff00000'
}

# count MAP FILE: the sum of the numbers, or of the rows of the histograms, of all keys of a map.
count() {
	awk -v map="$1" '
		/^@/ { ours = index($0, map "[") == 1 || index($0, map ":") == 1 }
		ours && /^@/ && $NF ~ /^[0-9]+$/ { sum += $NF }
		ours && /^[[(]/ { sub(/^[^])]*[])] */, ""); sum += $1 }
		END { print sum + 0 }' "$2"
}

# counts FILE MAP NUMBER
counts() {
	local found

	found=$(count "$2" "$1")
	[ "$found" = "$3" ] || problem "$1: $2 has $found, not $3"
}

# run NAME ARGUMENT...: bpftrace, while requests are made.
run() {
	local name=$1

	shift
	# It takes a path alone where PATH has more than one of a name.
	bpftrace "$@" -c "$BASH ./bpftrace.sh requests" >"$name" 2>&1 || problem "bpftrace $*: $?"
	cat "$name"
}

if [ "${1:-}" = requests ]; then
	requests
	exit
fi

insmod contigmem.ko || exit
run latency latency.bt
counts latency @served_us $served
counts latency @refused_us $((invalid + nowhere))
run callers callers.bt
counts callers @requests $served
counts callers @bytes $(((served - 4) * 65536 + 4 * 4194304))
counts callers @refused $((invalid + nowhere))
for errno in "-22]: $invalid" "-34]: $nowhere"; do
	grep -qF -- ", $errno" callers || problem "callers: not $errno"
done
run claims claims.bt
[ "$(count @result claims)" -gt 0 ] || problem "claims: none"
counts claims @us "$(count @result claims)"
run line -e 'tracepoint:contigmem:contigmem_alloc { @ns = hist(args->ns); }'
counts line @ns $served
rmmod contigmem || problem "contigmem stays"
[ $problems = 0 ]
