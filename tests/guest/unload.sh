#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: unload.sh CYCLES SECONDS
# Runs in a guest, in a folder with contigmem.ko, which is not loaded: loads and unloads it,
# and fails to load it, so often beside tasks that write its parameters and read its files
# in debugfs all the time. A fault of the module shows as a splat or a leak. Once SECONDS
# are over, two cycles are enough. Prints a line for each problem; its status is 1 if any.

cycles=$1
seconds=$2
debugfs=/sys/kernel/debug/contigmem
parameters=/sys/module/contigmem/parameters
problems=0
# Not in the shared folder, where each line would take a message to the host, and a module many.
scratch=$(mktemp -d)
cp contigmem.ko "$scratch"
mkfifo "$scratch/fifo"
exec 9<>"$scratch/fifo"
shopt -s nullglob

# pause SECONDS: no program is started, and the processors are left to the others.
pause() { ! read -r -t "$1" -u 9; }

problem() {
	echo "problem: $*"
	problems=$((problems + 1))
}

# write_parameter NAME LINE...: writes the lines, all of one length, over and over. dd writes
# each with a call of its own, without a pause. Its open file does not keep the module: a
# write fails once it is unloaded. Removing the file "go" ends it.
write_parameter() {
	local parameter=$1 lines=$scratch/lines-$BASHPID text i

	shift
	printf -v text '%s\n' "$@"
	for ((i = $#; i < 50000; i *= 2)); do text+=$text; done
	printf %s "$text" >"$lines"
	while [ -e "$scratch/go" ]; do
		[ -e "$parameters/$parameter" ] || { pause 0.001; continue; }
		dd bs=$((${#1} + 1)) if="$lines" of="$parameters/$parameter"
	done 2>"$scratch/written-$parameter-$BASHPID"
}

# An open file keeps the module, so the reader pauses to let it go.
read_files() {
	local file

	while [ -e "$scratch/go" ]; do
		for file in $debugfs/{blocks,tags,partitions,memory,failures,stats} "$parameters"/*; do
			cat "$file"
		done
		pause 0.05
	done >/dev/null 2>&1
}

# wait_for_writes: until both writers of limits are at work, whatever the machine's speed.
wait_for_writes() {
	local try

	for ((try = 0; try < 600; try++)); do
		[ "$(grep -c '1048576$' $debugfs/tags)" -lt 200 ] || return
		pause 0.1
	done
	problem "no limits are written"
}

# unload: a reader's open file makes a try fail.
unload() {
	local try

	for ((try = 0; try < 1000; try++)); do
		rmmod contigmem 2>/dev/null && return
		pause 0.01
	done
	problem "contigmem cannot be unloaded: $(lsmod | grep contigmem)"
	return 1
}

# Tags of one bucket, as hash_32() has it, of the table of accounts. A search begins at the
# account that was added last, which is also the first to be freed: so they meet.
tags() {
	awk -v letters=abcdefghijklmnopqrstuvwxyz 'BEGIN {
		for (d = 0; d < 26; d++)
			for (c = 0; c < 26; c++) {
				high = 97 + c + 256 * (97 + d)
				high = (high * 1640531527 % 65536) * 65536
				end = substr(letters, c + 1, 1) substr(letters, d + 1, 1) ":1M"
				for (b = 0; b < 26; b++)
					for (a = 0; a < 26; a++) {
						low = 97 + a + 256 * (97 + b)
						if ((low * 1640531527 + high) % 4294967296 >= 33554432)
							continue
						print substr(letters, a + 1, 1) substr(letters, b + 1, 1) end
						if (++found == 300)
							exit
					}
			}
	}'
}

mapfile -t limits < <(tags)
[ ${#limits[@]} = 300 ] || problem "${#limits[@]} tags"
touch "$scratch/go"
write_parameter tag_limit "${limits[@]}" &
write_parameter tag_limit "${limits[@]:150}" "${limits[@]::150}" &
write_parameter arena_idle_mb 16 17 &
write_parameter fail_cache_type 1,0,0,0 &
read_files &
for ((cycle = 0; cycle < cycles; cycle++)); do
	[ "$cycle" -lt 2 ] || [ "$SECONDS" -lt "$seconds" ] || break
	# The first partition gives the writers time.
	if insmod "$scratch/contigmem.ko" partition=unload:64M,cache=wc partition=bad 2>/dev/null; then
		problem "a bad partition was accepted"
	elif insmod "$scratch/contigmem.ko" partition=unload:4M,cache=wc tag_limit=Load:1M; then
		echo size=64K cache=wc >$debugfs/alloc || problem "no block"
		echo size=64K partition=unload cache=wc >$debugfs/alloc || problem "no block in the partition"
		wait_for_writes
		unload || break
	else
		problem "contigmem cannot be loaded"
	fi
done
rm "$scratch/go"
wait
written=$(cat "$scratch"/written-tag_limit-* | awk '/records out/ { sum += $1 } END { print sum + 0 }')
echo "$cycle cycles, $written limits written"
[ "$written" -gt $((cycle * 200)) ] || problem "only $written limits were written"
rm -r "$scratch"
[ $problems = 0 ]
