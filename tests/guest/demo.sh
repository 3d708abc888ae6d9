#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs in a guest with two NUMA nodes: allocates through debugfs, prints the blocks, and
# checks every answer itself. Then the command contigmem draws memory, and says why a request
# cannot be served, and what is in its way.

folder=/sys/kernel/debug/contigmem
meg=$((1 << 20))
gig=$((1 << 30))
wrong=0

wrong() {
	notes+=("$1: $2")
	wrong=$((wrong + 1))
}

# ask REQUEST: sets $answer to the answer, and if it is ok, $first and $last to the
# physical range, $node, $cache and $source.
ask() {
	local range

	exec 3<>"$folder/alloc"
	echo "$1" >&3 2>/dev/null
	read -r answer <&3
	exec 3>&-
	range=$(field phys)
	first=${range%-*}
	last=${range#*-}
	node=$(field node)
	cache=$(field cache)
	source=$(field source)
}

field() { [[ $answer != ok\ *\ "$1="* ]] || { local rest=${answer#* "$1="}; echo "${rest%% *}"; }; }

# row NAME REQUEST: asks, prints a row of the table; false if it was refused.
row() {
	local status

	what=$1
	ask "$2"
	if [ "${answer%% *}" = ok ]; then
		status=ok
	else
		status=$(cut -d' ' -f2-3 <<<"${answer%%:*}")
	fi
	printf '%-44s %-12s %-24s %-4s %-6s %s\n' "$2" "$status" \
		"${first:+$first-$last}" "${node:--}" "${cache:--}" "${source:--}"
	[ "$status" = ok ]
}

# granted NAME REQUEST SIZE LOW HIGH ALIGN BOUNDARY NODE CACHE: a row that must be ok
# and have these properties; NODE may be any.
granted() {
	row "$1" "$2" || { wrong "$what" "refused: $answer"; return; }
	[ $((last - first + 1)) = "$3" ] || wrong "$what" "not $3 bytes"
	[ $((first)) -ge "$4" ] || wrong "$what" "starts too low"
	[ $((last)) -le "$5" ] || wrong "$what" "ends too high"
	[ $((first % $6)) = 0 ] || wrong "$what" "not aligned"
	[ $((first / $7)) = $((last / $7)) ] || wrong "$what" "crosses the boundary"
	[ "$8" = any ] || [ "$8" = "$node" ] || wrong "$what" "not on node $8"
	[ "$9" = "$cache" ] || wrong "$what" "not $9"
}

# refused NAME REQUEST ERRNO: a row that must be refused with ERRNO.
refused() {
	if row "$1" "$2"; then
		wrong "$what" "granted"
	elif [ "$(cut -d' ' -f2 <<<"$answer")" != "$3" ]; then
		wrong "$what" "not error $3"
	fi
	reason=$answer
}

insmod contigmem.ko || exit 1
top=$((1 << 52))
page=$(awk '/^KernelPageSize/ { print $2 * 1024; exit }' /proc/self/smaps)
# Where memory begins: at 1 GiB on some boards.
ram=$((16#$(awk -F- '/System RAM/ { print $1; exit }' /proc/iomem)))
echo "Linux $(uname -r), $(cat /sys/devices/system/node/online) are the NUMA nodes"
echo
printf '%-44s %-12s %-24s %-4s %-6s %s\n' request status 'physical range' node cache source
if [ "$ram" -lt $((16 * meg)) ]; then
	granted "ISA bus master" "size=64K high=16M-1 boundary=64K" \
		$((64 << 10)) 0 $((16 * meg - 1)) "$page" $((64 << 10)) any cached
else
	granted "31-bit device" "size=64K high=2G-1 boundary=64K" \
		$((64 << 10)) 0 $((2 * gig - 1)) "$page" $((64 << 10)) any cached
fi
granted "frame buffer" "size=2M node=1 strict cache=wc" \
	$((2 * meg)) 0 $top "$page" $top 1 wc
granted "64-bit device" "size=40M low=4G" $((40 * meg)) $((4 * gig)) $top "$page" $top any cached
# A window of 1 MiB that is free right now.
ask "size=1M low=$((ram + 64 * meg)) high=$((ram + 128 * meg - 1))"
echo "phys=$first" >"$folder/free"
granted "exact window" "size=1M low=$first high=$last" \
	$meg $((first)) $((last)) "$page" $top any cached
granted "coarse alignment" "size=$((3 * page)) align=1M" $((3 * page)) 0 $top $meg $top any cached
refused "no memory there" "size=64K low=0xa0000 high=0xfffff" -34
# Where the kernel itself is: pages that stay there.
code=$((0x$(sed -n 's/^ *\([0-9a-f]*\)-.* : Kernel code$/\1/p' /proc/iomem)))
request=$(printf 'size=4M low=%#x high=%#x' $code $((code + 4 * meg - 1)))
refused "where the kernel is" "$request" -16
echo
echo "The last one: $reason"

# show EXPECTED WORD...: runs the command, whose output, also in $said, must have EXPECTED.
show() {
	local expected=$1

	shift
	echo
	echo "# contigmem $*"
	said=$(python3 -B ./contigmem "$@" 2>&1)
	echo "$said"
	[[ $said = *"$expected"* ]] || wrong "contigmem $1" "does not say '$expected'"
}
if [ -e /usr/bin/python3 ]; then
	show 'tag ----: 5 blocks' map --width 80
	# Words, one by one.
	# shellcheck disable=SC2086
	show 'every window has a page that cannot be moved' explain $request
	[[ $said = *'in /proc/iomem: Kernel code'* ]] ||
		wrong "contigmem explain" "does not say what is in the way"
fi
echo

[ "$(grep -vc '^#' $folder/blocks)" = 5 ] || wrong "all" "not five blocks listed"
echo all >"$folder/free" || wrong "all" "not freed"
[ "$(grep -vc '^#' $folder/blocks)" = 0 ] || wrong "all" "blocks are left"
rmmod contigmem || wrong "contigmem" "not unloaded"
[ ! -d $folder ] || wrong "contigmem" "debugfs files are left"
echo
if [ $wrong = 0 ]; then
	echo "Checked: size, range, boundary, alignment, node and cache type of every row,"
	echo "the refusals, what the command says, all freed, contigmem unloaded."
else
	printf 'WRONG: %s\n' "${notes[@]}"
fi
[ $wrong = 0 ]
