#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: explain.sh
# Runs in a guest in which contigmem is loaded and no block is made through debugfs. What
# the file "explain" says of a request is what "alloc" then does, for lines that are served,
# refused and malformed; its help is true, and "largest" is had. Prints a line for each
# problem; its status is 1 if any.

debugfs=/sys/kernel/debug/contigmem
parameter=/sys/module/contigmem/parameters/arena_idle_mb
problems=0

problem() {
	echo "problem: $*"
	problems=$((problems + 1))
}

# ask FILE REQUEST: the answer of a file of debugfs, in $answer. No program is started here and
# below where bash can do it: each takes a tenth of a second in the debug kernel.
ask() {
	exec 3<>$debugfs/"$1"
	echo "$2" 2>/dev/null >&3
	IFS= read -r -d '' answer <&3
	exec 3>&-
	answer=${answer%$'\n'}
}

# agrees REQUEST: explain, and then alloc, with the same result.
agrees() {
	local told

	ask explain "$1"
	told=${answer%%$'\n'*}
	ask alloc "$1"
	echo all >$debugfs/free
	case $told in
	answer=served\ *)
		[[ $answer = ok\ * ]] || problem "$1: $told, and then: $answer"
		;;
	answer=refused\ *)
		[[ $told =~ \ errno=([A-Z]+)\ reason=\"([^\"]*)\" &&
			$answer = error\ -*\ ${BASH_REMATCH[1]}:\ ${BASH_REMATCH[2]}\;* ]] ||
			problem "$1: $told, and then: $answer"
		;;
	*)
		[[ -n $told && $told = "$answer" ]] || problem "$1: $told, and then: $answer"
		;;
	esac
}

before=$(cat $parameter)
echo 0 >$parameter
for line in size=4K size=64K 'size=3M align=1M cache=wc' 'size=64K high=16M-1' 'size=32M' \
	'size=64K fast' 'size=4K readonly' 'size=0' 'size=64K low=1G high=1G' \
	'size=64K boundary=4K' 'size=4K align=3' 'size=1024G' 'size=4K node=99' \
	'size=64K low=0xfee00000 high=0xfeefffff' 'size=4K tag=Exp' 'size=4K timeout_ns=1' \
	'size=x' 'size=4K size=4K' 'partition=nobody size=4K' 'nonsense' 'size=4K strict' ''; do
	agrees "$line"
done

# A block is in the way of a request for its place: its page, its number, and what helps.
ask alloc 'size=64K low=16M'
[[ $answer =~ ^ok\ id=([0-9]+)\ .*phys=(0x[0-9a-f]+)- ]] || problem "no block: $answer"
id=${BASH_REMATCH[1]}
phys=${BASH_REMATCH[2]}
page=$(awk '/^KernelPageSize/ { print $2 * 1024; exit }' /proc/self/smaps)
pfn=$(printf '0x%x' $((phys / page)))
request="size=64K low=$phys high=$((phys + 65535))"
ask explain "$request"
told=$answer
[[ $told = 'answer=refused errno=EBUSY reason="every window has a page that cannot be moved" windows='* ]] ||
	problem "$request: $told"
grep -qx "window phys=$phys-0x[0-9a-f]* in_the_way=$((65536 / page)) first=$pfn kind=kernel flags=0x[0-9a-f]*(.*) owner=block:$id" \
	<<<"$told" || problem "the window of $request: $told"
[ "$(grep -c '^window ' <<<"$told")" = 1 ] || problem "more than a window: $told"
grep -qx 'help low=0' <<<"$told" || problem "a lower address does not help: $told"
while read -r word help; do
	[ "$word" = help ] || continue
	key=${help%%=*}
	ask alloc "$(sed -n "s/ $key=[^ ]*//p" <<<"$request") $help"
	[[ $answer = ok\ * ]] || problem "$request: $help does not help"
done <<<"$told"

# On a kernel with page_owner=on the record of the page in the way is one of contigmem. A block of
# the page allocator has a record of its first page, which the page is. As to cat and awk see
# pages_lost.sh.
if grep -q page_owner=on /proc/cmdline && [ -e /sys/kernel/debug/page_owner ]; then
	# shellcheck disable=SC2002
	cat /sys/kernel/debug/page_owner | awk -v RS= -v hex="PFN $pfn " -v number="PFN $((pfn)) " '
		(index($0, hex) || index($0, number)) && /\[contigmem\]/ { found = 1 } END { exit !found }' ||
		problem "page_owner does not know the page $pfn as one of contigmem"
fi
echo all >$debugfs/free

# All of a zone takes a minute to fill and clear.
for line in 'high=16M-1' 'high=4G-1 boundary=64M' 'high=4G-1 boundary=1M' \
	'low=16M align=2M fast boundary=32M'; do
	sleep 1
	ask largest "$line"
	[[ $answer =~ ^free=([0-9]+)\ moving=([0-9]+)$ ]] || { problem "largest $line: $answer"; continue; }
	free=${BASH_REMATCH[1]}
	# Nothing below 16 MiB on arm64, for example.
	if [ "$free" = 0 ]; then
		ask alloc "size=4K $line"
		[[ $answer = error\ * ]] || problem "no free block is the largest, and then: $answer"
		echo all >$debugfs/free
		continue
	fi
	# A little less where a watermark decides, which other programs move.
	[ "$free" -lt $((64 << 20)) ] || free=$((free - (free >> 6)))
	ask alloc "size=$free $line"
	[[ $answer = ok\ * ]] || problem "the largest free block, $line size=$free: $answer"
	echo all >$debugfs/free
done
ask largest 'boundary=3'
[[ $answer = 'error -22'* ]] || problem "the largest of a malformed request: $answer"
echo "$before" >$parameter
[ $problems = 0 ]
