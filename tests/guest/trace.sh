#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: trace.sh
# Runs in a guest in which contigmem is loaded and no block is made through debugfs: the
# trace events are seen through tracefs, with the fields of docs/tracing.md, and none while
# they are off. Prints a line for each problem; its status is 1 if any.

debugfs=/sys/kernel/debug/contigmem
tracing=/sys/kernel/tracing
parameter=/sys/module/contigmem/parameters/arena_idle_mb
problems=0

problem() {
	echo "problem: $*"
	problems=$((problems + 1))
}

# ask REQUEST: the answer of debugfs, in $answer.
ask() {
	exec 3<>$debugfs/alloc
	echo "$1" 2>/dev/null >&3
	read -r answer <&3
	exec 3>&-
}

# seen WHAT REGEX: an event with this line was recorded, within a few seconds.
seen() {
	local i

	for ((i = 0; i < 50; i++)); do
		! grep -qE ": contigmem_$2" $tracing/trace || return 0
		sleep 0.1
	done
	problem "no event of $1: contigmem_$2; there are:
$(grep contigmem_ $tracing/trace | cut -c 1-250 | head -n 40)"
}

clear() { : >$tracing/trace; }

grep -q " $tracing tracefs " /proc/mounts || mount -t tracefs nodev $tracing || exit
[ -d $tracing/events/contigmem ] || {
	zcat /proc/config.gz 2>/dev/null | grep -q ^CONFIG_EVENT_TRACING=y &&
		problem "a kernel with trace events has none of contigmem"
	exit $problems
}
before=$(cat $parameter)
echo 256 >$parameter

# Each field has its name and its place before the next one.
for fields in alloc:id,phys,size,ns,moved,gfp,caller,tag,flags,node,cache,source \
	free:id,phys,size,age_ns,caller,tag,flags,node,cache,source \
	fail:size,low,high,align,boundary,ns,gfp,caller,windows,frames_read,attempts,blocker,tag,flags,node,cache,reason,error \
	window:pfn,nr,moves,blocker,kind,error claim:pfn,nr,ns,error,migrate,end \
	arena:pfn,nr,node,cache,made; do
	found=$(sed -n '/^$/,/^$/s/.*[ ]\([a-z_]*\)\(\[\]\)\?;.*offset:.*/\1/p' \
		"$tracing/events/contigmem/contigmem_${fields%%:*}/format" | paste -sd,)
	[ "$found" = "${fields#*:}" ] || problem "contigmem_${fields%%:*} has the fields $found"
done

# While they are off, nothing is recorded.
clear
ask 'size=64K cache=wc'
echo all >$debugfs/free
! grep -q contigmem_ $tracing/trace || problem "an event of contigmem that is off"
echo 0 >$parameter
sleep 1

echo 1 >$tracing/events/contigmem/enable
clear
echo 256 >$parameter
# One row of pageblocks that no arena has: a claim, an arena, and the block.
page=$(awk '/^KernelPageSize/ { print $2 * 1024; exit }' /proc/self/smaps)
pageblock=$(awk '/^Pages per block/ { print $NF; exit }' /proc/pagetypeinfo)
nr=$((3 * pageblock))
size=$((nr * page))
request="size=$size align=$((pageblock * page)) cache=wc"
ask "$request tag=Trac"
[[ $answer =~ ^ok\ id=([0-9]+)\ .*phys=(0x[0-9a-f]+)-.*\ node=([0-9]+)\  ]] || problem "no block: $answer"
id=${BASH_REMATCH[1]}
phys=${BASH_REMATCH[2]}
node=${BASH_REMATCH[3]}
pfn=$(printf '0x%x' $((phys / page)))
seen "a block" "alloc: id=$id phys=$phys size=$size node=$node cache=wc source=range tag=0x63617254 flags=0x0 gfp=GFP_KERNEL.* moved=[0-9]+ ns=[1-9][0-9]* caller=.*alloc_line"
seen "a claim" "claim: begin pfn=$pfn nr=$nr migrate=[01] error=0 ns=0"
seen "its end" "claim: end pfn=$pfn nr=$nr migrate=[01] error=0 ns=[1-9]"
seen "a window" "window: pfn=$pfn nr=$nr moves=[0-9]+ blocker=0x0 kind= error=0"
seen "an arena" "arena: made pfn=$pfn nr=$nr node=$node cache=wc"

# The block is in the way of another one.
ask "size=$((2 * page)) low=$phys high=$((phys + 2 * page - 1))"
[[ $answer = 'error -16 EBUSY: '* ]] || problem "a block in a block: $answer"
seen "a window that is blocked" "window: pfn=$pfn nr=2 moves=0 blocker=$pfn kind=kernel error=-16"
seen "a refusal" "fail: size=$((2 * page)) low=$phys high=0x[0-9a-f]+ align=0x0 boundary=0x0 node=-1 cache=cached tag=0x0 flags=0x0 gfp=GFP_KERNEL.* reason=16 error=-16 windows=[1-9].* blocker=$pfn ns=[1-9]"
ask "size=0"
seen "a malformed request" "fail: size=0 .* reason=1 error=-22 windows=0"

echo all >$debugfs/free
seen "a free" "free: id=$id phys=$phys size=$size node=$node cache=wc source=range tag=0x63617254 flags=0x0 age_ns=[1-9][0-9]* caller="
# The task may have moved to another node.
ask "$request node=$node"
seen "a block of an arena" "alloc: id=[0-9]+ phys=$phys size=$size node=$node cache=wc source=arena .*moved=0"
echo 0 >$parameter
echo all >$debugfs/free
seen "an arena given back" "arena: given_back pfn=$pfn nr=$nr node=$node cache="

echo 0 >$tracing/events/contigmem/enable
clear
echo "$before" >$parameter
[ $problems = 0 ]
