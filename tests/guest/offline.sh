#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# For scripts that run in a guest: memory that goes offline. They define try_offline SECONDS, which
# tries so long to take $memory offline.

folder=/sys/devices/system/memory

# soon COMMAND...: until it succeeds, for 30 seconds or once. A page that was just allocated is on no
# list yet, and memory with it stays online.
soon() {
	local end=$((SECONDS + 30))

	until "$@"; do
		[ $SECONDS -lt $end ] || return
		sleep 0.2
	done
}

# find_memory SECONDS...: takes the highest memory offline that goes within so many seconds, or else
# within the next number: sets $memory, $low and $high. It stays offline until it is brought online,
# so that nothing unmovable is in it.
find_memory() {
	local size name limit

	[ -e $folder/block_size_bytes ] || return
	size=$((0x$(cat $folder/block_size_bytes)))
	for limit; do
		for name in $(cd $folder && printf '%s\n' memory[0-9]* | sort -rV); do
			memory=$folder/$name
			[ "$(cat "$memory/state")" = online ] || continue
			try_offline "$limit" || continue
			low=$((${name#memory} * size))
			# shellcheck disable=SC2034 # for the scripts
			high=$((low + size - 1))
			return
		done
	done
	return 1
}
