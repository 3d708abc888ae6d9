#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: suite.sh PAIRS CYCLES CALLBACKS [LINES [suites | fuzz]]
# Runs in a guest, in a folder with the modules and the programs: every suite, and
# checks before and after them; with "suites" KUnit's alone, with "fuzz" random lines. Writes
#   results      key=value
#   kunit-NAME   KUnit's results of each suite
#   debugfs.tap  output of debugfs_test
#   mmap.tap     output of mmap_test
#   fuzz         output of fuzz_test
# and on its standard output a line for each problem; its status is 1 if any.

set -o pipefail
shopt -s nullglob
pairs=$1
cycles=$2	# of unload.sh
callbacks=$3	# of the timer in hard interrupt context
lines=${4:-1000}	# of fuzz_test
only=${5:-}
debugfs=/sys/kernel/debug
parameters=/sys/module/contigmem/parameters
# Not in the shared folder: to read one MiB from the host takes a second on the debug kernel.
modules=$(mktemp -d)
cp ./*.ko "$modules"
problems=0
# shellcheck source=tests/guest/offline.sh
. ./offline.sh

result() { echo "$1=$2" >>results; }
step() { echo "contigmem-suite: $*" >/dev/kmsg; }
problem() {
	echo "problem: $*"
	problems=$((problems + 1))
}

# Free memory after caches are dropped. Pages on the per-CPU lists count as free: they
# can be a hundred MiB.
free_kb() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	echo 1 >/proc/sys/vm/compact_memory
	sleep 1
	awk '/ nr_free_pages / || / count: / { pages += $2 } END { print pages * 4 }' /proc/zoneinfo
}

non_wb() { sed 's/.*non_wb=\([0-9]*\).*/\1/' $debugfs/contigmem_audit/direct_map; }

stat() { sed -n "s/^$1 //p" $debugfs/contigmem/stats; }

# agrees WHEN: do all page tables agree with the ledger? Without contigmem all memory
# has to be write-back.
agrees() {
	local result

	result=$(cat $debugfs/contigmem_audit/ledger)
	[[ $result = agrees\ * ]] || problem "$1: the audit $result"
}

# hides_addresses WHEN [TEXT]: neither TEXT nor a file in debugfs has an address of the
# direct map, of vmalloc memory or of code in it: those are for the kernel alone, also where
# root reads. console-check looks for them in the log. A request that was refused may have had any
# numbers.
hides_addresses() {
	local address='ffff([89a-e][0-9a-f]{11}|ffff[89a-e][0-9a-f]{7})' found

	found=$(
		grep -E "$address" <<<"${2:-}"
		cd $debugfs/contigmem && grep . blocks tags partitions arenas memory failures stats |
			sed -E 's/ (low|high|align|boundary)=[^ ]*//g' | grep -E "$address"
	)
	[ -z "$found" ] || problem "$1: an address of the kernel: $found"
}

# references: on contigmem, of live blocks, partitions and the modules that use it.
references() { cat /sys/module/contigmem/refcnt; }

blocks() { grep -vc '^#' $debugfs/contigmem/blocks; }

# kmemleak reports a leak in the second scan that finds it, seconds after the allocation.
leaks() {
	sleep 6
	echo scan >$debugfs/kmemleak
	echo scan >$debugfs/kmemleak
	cat $debugfs/kmemleak >>leaks
	grep -c '^unreferenced object' leaks
}

load() {
	step "loading $*"
	insmod "$modules/$1" "${@:2}" || { problem "insmod $* failed"; return 1; }
}

unload() {
	step "unloading $1"
	rmmod "$1" || problem "rmmod $1 failed"
}

fuzz() {
	step "fuzz_test --lines $lines"
	./fuzz_test --lines "$lines" >fuzz || problem "fuzz_test failed: $(tail -n 3 fuzz)"
	agrees "random lines in debugfs"
}

# Frames that contigmem leaked on purpose under fault injection, and the suites freed.
leaked_on_purpose() {
	dmesg | sed -n 's/.*contigmem-test: leaked \([0-9]*\) frames$/\1/p' |
		awk '{ frames += $1 } END { print frames + 0 }'
}

kunit() {
	local suite

	load contigmem_test.ko || return
	for suite in "$debugfs"/kunit/contigmem*; do
		cat "$suite/results" >"kunit-${suite##*/}"
	done
	unload contigmem_test
	[ "$(stat frames_leaked)" = "$(leaked_on_purpose)" ] ||
		problem "$(stat frames_leaked) frames leaked, $(leaked_on_purpose) on purpose"
}

# Is there memory for ISA devices? It begins at 1 GiB on some machines.
isa_memory() { [ $((16#$(awk -F- '/System RAM/ { print $1; exit }' /proc/iomem))) -lt $((16 << 20)) ]; }

# A timer in hard interrupt context beside tasks, also with PREEMPT_RT.
hard_context() {
	local before=$problems live

	live=$(blocks)
	load contigmem_hard.ko callbacks="$callbacks" || return
	unload contigmem_hard
	[ "$(blocks)" = "$live" ] || problem "the timer left blocks"
	agrees "calls in hard interrupt context"
	[ $problems = "$before" ]
}

# packets: the blocks and handles of each partition of the ported driver.
packets() { sed -n 's/^demo-packets .* \([0-9]*\) [0-9]* [0-9]* \([0-9]*\)$/\1 \2/p' $debugfs/contigmem/partitions; }

# The ported Windows driver: its memory is right at load, in a DPC and at unload. A block
# that debugfs allocates in its partition keeps neither the driver nor the name, and goes
# with the partition.
port() {
	local live

	isa_memory || return 0
	live=$(blocks)
	dmesg -c >/dev/null
	load contigmem_port.ko || return
	logged 'demo: ready: common 0x[0-9a-f]\{1,6\}, 20480 bytes; .*; 32 packets' ||
		problem "the ported driver: $(dmesg | tail -n 1)"
	[ "$(blocks)" = $((live + 2)) ] || problem "the ported driver has no ring and common buffer"
	agrees "the ported driver"
	unload contigmem_port
	[ "$(blocks)" = "$live" ] || problem "the ported driver left blocks"
	[ -z "$(packets)" ] || problem "the ported driver left its partition"
	agrees "the ported driver unloaded"

	load contigmem_port.ko || return
	[[ $(ask 'size=4K partition=demo-packets') = ok\ * ]] || problem "no block in demo-packets"
	[ "$(packets)" = "1 1" ] || problem "a block of debugfs in an open partition: $(packets)"
	unload contigmem_port
	[ "$(packets)" = "1 0" ] || problem "a block of debugfs in a closed partition: $(packets)"
	[[ $(ask 'size=4K partition=demo-packets') = error\ * ]] || problem "a closed partition serves"
	agrees "a block in a closed partition"
	load contigmem_port.ko || return
	[ "$(packets)" = "1 0
0 1" ] || problem "an open and a closed partition of one name: $(packets)"
	unload contigmem_port
	echo all >$debugfs/contigmem/free
	[ -z "$(packets)" ] || problem "a block of debugfs keeps a partition: $(packets)"
	agrees "a partition that went with its last block"
}

# The ported driver with a program: samples in chunks, mapped to the program by an MDL, and a
# table that the driver knows by its physical address alone.
scope() {
	local live i tries

	live=$(blocks)
	for i in 1 2; do
		load contigmem_scope.ko || return
		./port_test || problem "port_test failed"
		agrees "the ported driver with a program"
		unload contigmem_scope
		# Pages that a program has unmapped go a moment later.
		for ((tries = 0; tries < 50; tries++)); do
			[ "$(blocks)" != "$live" ] || break
			sleep 0.1
		done
		[ "$(blocks)" = "$live" ] || problem "the ported driver with a program left blocks"
		agrees "the ported driver with a program unloaded"
	done
}

# whole_pages BYTES: rounds up to pages.
whole_pages() {
	local page

	page=$(awk '/^KernelPageSize/ { print $2 * 1024; exit }' /proc/self/smaps)
	echo $((($1 + page - 1) / page * page))
}

# logged PATTERN: does the log have such a line? In a pipe dmesg fails once grep has seen enough.
logged() { grep -q "$1" <<<"$(dmesg)"; }

# client_log REGEX: the match in the client's log lines since it was loaded last.
client_log() { dmesg | sed -n "s/.*contigmem_client.*$1/\1/p"; }

# callers: the tag and the caller of each block that the client forgets, and the caller of the
# request that it was refused.
callers() {
	sed -n 's/.* \(Cln[IW]\) .* \(client_[^ ]* \[[^ ]*\]\) .*/\1 \2/p' \
		$debugfs/contigmem/blocks | sort
	sed -n 's/.* \([^ ]* \[contigmem_client\]\): .*align=0x3 .*/\1/p' $debugfs/contigmem/failures |
		tail -n 1
}

# The client as it is; a client that leaks two blocks, which keep contigmem from being
# unloaded; a client that frees them; and a second free of them, which warns. All the time
# each of the client's calls has its name, also where the code of the call is gone.
client() {
	local before=$problems live phys named held

	live=$(blocks)
	held=$(references)
	dmesg -c >/dev/null
	load contigmem_client.ko || return
	[ -n "$(client_log '\(ready: .*\)')" ] || problem "the client did not log that it is ready"
	[ "$(blocks)" -gt "$live" ] || problem "the client has no blocks"
	agrees "the client's blocks"
	hides_addresses "the client's blocks"
	unload contigmem_client
	[ "$(references)" = "$held" ] || problem "what the client freed still holds contigmem"
	[ "$(blocks)" = "$live" ] || problem "the client left blocks"
	ask size=64K >/dev/null
	echo all >$debugfs/contigmem/free
	[ "$(references)" = "$held" ] || problem "what debugfs freed still holds contigmem"

	load contigmem_client.ko leak=1 || return
	named=$(callers)
	[[ $named = 'ClnI client_'*'
ClnW client_'*'
client_'* ]] ||
		problem "not all of the client's callers have a name: $named"
	unload contigmem_client
	agrees "blocks that the client leaked"
	[ "$(callers)" = "$named" ] || problem "once the client is gone: $(callers), before: $named"
	for block in "tag ClnW, $(whole_pages 20000)" "tag ClnI, $(whole_pages 4096)"; do
		logged "contigmem_client is unloaded and leaves block [0-9]*: $block bytes at .* by client_.*\[contigmem_client\]" ||
			problem "the block that the client leaked was not logged: $block"
	done
	[ "$(blocks)" = $((live + 2)) ] || problem "the blocks that the client leaked are not listed"
	! rmmod contigmem 2>/dev/null || problem "contigmem was unloaded with a live block"
	hides_addresses "blocks of a module that is gone"
	phys=$(client_log 'leaked: \(0x[0-9a-f]*,0x[0-9a-f]*\).*')
	# The next one lies where the first one lay, and leaves nothing.
	dmesg -c >/dev/null
	load contigmem_client.ko take=$((${phys%,*} + 4096)) expect_warning=1 || return
	[ "$(callers | grep -cFx "$(grep ^ClnW <<<"$named")")" = 2 ] ||
		problem "two clients: $(callers)"
	unload contigmem_client
	! dmesg | grep 'is unloaded and leaves' || problem "another client left the blocks"
	logged 'contigmem_free(.*: 4096 bytes into live block .* allocated by client_.* \[contigmem_client\]' ||
		problem "a wrong free of a block whose owner is gone: $(dmesg | grep 'contigmem_free(')"
	load contigmem_client.ko take="$phys" || return
	unload contigmem_client
	[ "$(blocks)" = "$live" ] || problem "the blocks that the client leaked were not freed"

	dmesg -c >/dev/null
	load contigmem_client.ko take="$phys" expect_warning=1 || return
	unload contigmem_client
	[ "$(blocks)" = "$live" ] || problem "an invalid free freed a block"
	logged 'contigmem_free(.* freed [0-9]* ms ago by client_.* \[contigmem_client\]' ||
		problem "a second free, the owner gone: $(dmesg | grep 'contigmem_free(')"
	[ $problems = "$before" ]
}

# Blocks of the client in user space; a program that ends releases its mappings.
user_space() {
	local live

	live=$(blocks)
	load contigmem_client.ko || return
	step "mmap_test"
	./mmap_test >mmap.tap || problem "mmap_test failed"
	unload contigmem_client
	[ "$(blocks)" = "$live" ] || problem "mmap_test left blocks"
}

# pci_device ID: the folder of a device by vendor and device.
pci_device() { grep -ilx "PCI_ID=$1" /sys/bus/pci/devices/*/uevent | sed 's:/uevent$::'; }

# drives NAME ID: the driver contigmem_NAME moves data by its device, more than once. No other
# driver gets the device.
drives() {
	local live i folder

	folder=$(pci_device "$2")
	[ -n "$folder" ] || { problem "no $1 device"; return; }
	echo "contigmem_$1" >"$folder/driver_override"
	[ ! -e "$folder/driver" ] || echo "${folder##*/}" >"$folder/driver/unbind"
	live=$(blocks)
	for i in 1 2 3; do
		dmesg -c >/dev/null
		load "contigmem_$1.ko" || return
		logged "contigmem_$1 .*: passed: [1-9][0-9]* bytes" ||
			problem "the driver of $1, load $i: $(dmesg | grep "contigmem_$1" | tail -n 3)"
		[ $i != 1 ] || agrees "the driver of $1"
		unload "contigmem_$1"
		[ "$(blocks)" = "$live" ] || problem "the driver of $1 left blocks"
	done
	agrees "the driver of $1 unloaded"
}

# Real drivers of devices that QEMU has.
devices() {
	local before=$problems

	drives edu 1234:11e8
	drives nvme 1b36:0010
	[ $problems = "$before" ]
}

# ask REQUEST: prints the answer of debugfs.
ask() {
	local answer

	exec 3<>$debugfs/contigmem/alloc
	echo "$1" 2>/dev/null >&3
	read -r answer <&3
	exec 3>&-
	echo "$answer"
}

# try_offline [SECONDS]: the kernel retries for ever, until a fatal signal. Not bash, which is not in
# memory.
try_offline() { timeout -s KILL "${1:-60}" sh -c "echo offline >$memory/state" 2>/dev/null; }

bring_online() { echo online_kernel >"$memory/state" || problem "memory cannot go online again"; }

# offline: takes $memory offline and online again; a request for it fails in between.
offline() {
	local answer

	try_offline || return
	answer=$(ask "size=64K low=$low high=$high")
	[[ $answer = "error -34 "* ]] || problem "a block in offline memory: $answer"
	bring_online
}

# Memory without a block goes offline, also beside idle arenas and during allocations
# elsewhere; memory with a block does not.
hotplug() {
	local before=$problems answer load i

	bring_online
	step "offline and online $memory"
	while :; do
		ask "size=300K align=1M high=$((low - 1)) tag=Load" >/dev/null
		ask "size=3M cache=wc high=$((low - 1)) tag=Load" >/dev/null
		echo all >$debugfs/contigmem/free
	done &
	load=$!
	for i in 1 2 3 4 5; do
		soon offline || problem "memory without a block stayed online, loop $i"
	done
	kill $load
	wait $load 2>/dev/null
	echo all >$debugfs/contigmem/free
	for answer in cached uncached wc; do
		answer=$(ask "size=64K low=$low high=$high align=1M cache=$answer")
		[[ $answer = ok\ * ]] || problem "no block in memory that is online again: $answer"
		! offline || problem "memory with a live block went offline: $answer"
		agrees "memory that stayed online"
		echo all >$debugfs/contigmem/free
		soon offline || problem "memory with an idle arena stays online: $answer"
		agrees "memory that was offline"
	done
	hotplug_reserve
	[ $problems = "$before" ]
}

# A reserve goes offline with its memory, and is filled up elsewhere.
hotplug_reserve() {
	local answer wanted i

	answer=$(ask "size=64K low=$low high=$high align=1M cache=uncached")
	[[ $answer = ok\ * ]] || problem "no block in memory that is online again: $answer"
	echo all >$debugfs/contigmem/free
	# The idle arena in that memory is the node's reserve.
	echo 1 >$parameters/reserve_uncached
	wanted=$(stat frames_reserved)
	[ "$wanted" -gt 0 ] || problem "there is no reserve"
	agrees "a reserve"
	soon offline || problem "memory with a reserve stays online"
	for ((i = 0; i < 50; i++)); do
		[ "$(stat frames_reserved)" != "$wanted" ] || break
		sleep 0.2
	done
	[ $i -lt 50 ] || problem "$(stat frames_reserved) frames are reserved, not $wanted"
	agrees "a reserve that was filled up"
	echo 0 >$parameters/reserve_uncached
	[ "$(stat frames_reserved)" = 0 ] || problem "$(stat frames_reserved) frames are reserved"
}

# Shrinkers release idle arenas of each type.
shrink() {
	local before=$problems type scan i

	scan=$(echo $debugfs/shrinker/contigmem-*/scan)
	for type in cached uncached wc; do
		ask "size=64K align=1M cache=$type" >/dev/null
		ask "size=4M cache=$type" >/dev/null
	done
	agrees "blocks of each type"
	echo all >$debugfs/contigmem/free
	[[ $(stat arenas) != *idle\ 0 ]] || problem "no arena is idle"
	agrees "idle arenas of each type"
	if [ -e "$scan" ]; then
		echo "0 0 1" >"$scan"
		agrees "an arena released by the shrinker"
	fi
	# The shrinker gives up while a worker releases arenas; the kernel would come again.
	for ((i = 0; i < 50; i++)); do
		if [ -e "$scan" ]; then
			echo "0 0 1000000" >"$scan"
		else
			echo 2 >/proc/sys/vm/drop_caches
		fi
		[[ $(stat arenas) != *idle\ 0 ]] || break
		sleep 0.1
	done
	[[ $(stat arenas) = *idle\ 0 ]] || problem "arenas are idle after the shrinker: $(stat arenas)"
	agrees "all arenas released by the shrinker"
	[ $problems = "$before" ]
}

# rejected PARAMETER: insmod fails, and logs why.
rejected() {
	dmesg -c >/dev/null
	if insmod "$modules/contigmem.ko" "partition=ring:64K" "$1" 2>/dev/null; then
		rmmod contigmem
		problem "$1 was accepted"
	fi
	logged "contigmem: ${1%%:*}: " || problem "the refusal of $1 was not logged"
	agrees "$1"
}

# Partitions that are created at load: used and listed through debugfs, freed on unload.
partitions() {
	local before=$problems list=$debugfs/contigmem/partitions answer parameter i

	load contigmem.ko partition=ring:4M,high=4G-1,align=64K,cache=wc partition=box:64K \
		tag_limit=Ring:1M || return
	[ "$(sed 's/0x[0-9a-f-]*x[0-9a-f]*/RANGE/; s/ [0-9] \(wc\|cached\)/ N \1/' $list)" = \
"# name phys size free node cache blocks peak failures handles
ring RANGE 4194304 4194304 N wc 0 0 0 1
box RANGE 65536 65536 N cached 0 0 0 1" ] || problem "partitions: $(cat $list)"
	agrees "partitions without a block"
	for i in 1 2; do
		answer=$(ask 'size=1M partition=ring cache=wc boundary=1M tag=Ring')
		[[ $answer = ok\ *source=partition ]] || problem "no block in ring: $answer"
		hides_addresses "blocks in partitions" "$answer"
		answer=$(ask 'size=4M partition=ring cache=wc')
		[[ $answer = 'error -28 ENOSPC: '* ]] || problem "4M in a partition that has less: $answer"
		answer=$(ask 'size=64K partition=ring')
		[[ $answer = 'error -95 EOPNOTSUPP: the partition has another cache type'* ]] ||
			problem "cached in a write-combined partition: $answer"
		answer=$(ask 'size=64K partition=box')
		[[ $answer = ok\ * ]] || problem "no block in box: $answer"
		answer=$(ask 'size=4K partition=nobody')
		[[ $answer = "error -22 EINVAL: no partition 'nobody'" ]] || problem "nobody: $answer"
		agrees "blocks in partitions"
		echo all >$debugfs/contigmem/free
	done
	ask 'size=1M partition=ring cache=wc tag=Ring' >/dev/null
	answer=$(ask 'size=4K tag=Ring')
	[[ $answer = "error -28 ENOSPC: the tag's limit is reached"* ]] ||
		problem "over the limit of a tag: $answer"
	grep -qx 'Ring 1 1048576 1048576 3 1 1048576' $debugfs/contigmem/tags ||
		problem "tags: $(grep ^Ring $debugfs/contigmem/tags)"
	echo Ring:0 >/sys/module/contigmem/parameters/tag_limit
	answer=$(ask 'size=4K tag=Ring')
	[[ $answer = ok\ * ]] || problem "no limit any more: $answer"
	echo all >$debugfs/contigmem/free
	[ "$(awk '$1 == "ring" { print $7, $8, $9, $10 }' $list)" = "0 1 4 1" ] ||
		problem "partitions: $(cat $list)"
	ask 'size=64K partition=ring cache=wc' >/dev/null
	unload contigmem
	agrees "partitions unloaded with a block"
	# A partition's memory stays online; after its end it can go offline.
	load contigmem.ko "partition=stays:64K,low=$low,high=$high,align=1M"
	! offline || problem "memory with a partition went offline"
	grep -q "^stays .* 65536 65536 " $list || problem "partitions: $(cat $list)"
	agrees "memory with a partition that stayed online"
	unload contigmem
	soon try_offline || problem "memory that had a partition stays online"
	bring_online
	for parameter in partition=ring:4K partition=a partition=:4K partition=a:0 \
		partition=a:4K,cache=none partition=a:4K,tag=x partition=a:4K,readonly \
		partition=a:4K,high=4K partition=a:1024G; do
		rejected "$parameter"
	done
	[ $problems = "$before" ]
}

# granted REQUEST: CMA serves it in the CMA area.
granted() {
	local answer

	answer=$(ask "$1 low=$low high=$high")
	[[ $answer = ok\ *source=cma* ]] || problem "$1 in the CMA area: $answer"
	agrees "$1 in the CMA area"
}

# refused REQUEST: it is refused in the CMA area.
refused() {
	local answer

	answer=$(ask "$1 low=$low high=$high")
	[[ $answer = error\ * ]] || problem "$1 in the CMA area: $answer"
}

# The kernel was booted with cma=SIZE@START-END: CMA serves all of the area, to callers
# that can sleep alone, and gets it back. On arm64 the kernel's pools for DMA in atomic context lie
# in the area: half of it is served then.
cma() {
	local before=$problems low high start end all i

	read -r start end < <(sed -n 's/.*\<cma=[^ @]*@\([0-9]*\)M-\([0-9]*\)M.*/\1 \2/p' /proc/cmdline)
	low=$((start << 20))
	high=$(((end << 20) - 1))
	all=$((end - start))
	[ "$(uname -m)" != aarch64 ] || all=$((all / 2))
	for i in 1 2; do
		granted "size=${all}M"
		[ $all != $((end - start)) ] || refused "size=4K"
		echo all >$debugfs/contigmem/free
		agrees "the CMA area, free again"
		granted "size=1M align=1M"
		granted "size=300K cache=wc boundary=512K"
		granted "size=64K cache=uncached readonly"
		refused "size=64K fast"
		refused "size=64K node=1 strict"
		refused "size=$((end - start))M"
		echo all >$debugfs/contigmem/free
	done
	[ $problems = "$before" ]
}

# tests: all of them but those that load contigmem themselves.
tests() {
	# With the client's blocks, which debugfs must not free. Before the suites, after which
	# unmovable pages lie in the way of requests of a few MiB.
	load contigmem_client.ko
	step "debugfs_test --pairs $pairs"
	./debugfs_test --pairs "$pairs" >debugfs.tap || problem "debugfs_test failed"
	unload contigmem_client
	if [ -e contigmem_test.ko ]; then kunit; fi
	if client; then result client ok; else result client failed; fi
	if [ -z "$(pci_device 1234:11e8)" ]; then
		result devices none
	elif devices; then
		result devices ok
	else
		result devices failed
	fi
	if hard_context; then result hard ok; else result hard failed; fi
	user_space
	port
	# Its uncached memory is not at hand where calls of the Windows API cannot sleep.
	[ ${#reserve[@]} != 0 ] || scope
	echo 0 >$parameters/reserve_uncached
	if shrink; then result shrink ok; else result shrink failed; fi
	step "trace.sh"
	bash ./trace.sh || problem "trace.sh failed"
	step "explain.sh"
	bash ./explain.sh || problem "explain.sh failed"
	fuzz
	if ! grep -q ' cma=' /proc/cmdline; then
		result cma none
	elif cma; then
		result cma ok
	else
		result cma failed
	fi
	if hotplug; then result hotplug ok; else result hotplug failed; fi
}

result kernel "$(uname -r)"
if [ -e $debugfs/kmemleak ]; then
	echo clear >$debugfs/kmemleak
fi
load contigmem_audit.ko
non_wb_before=$(non_wb)
free_before=$(free_kb)
[ -n "$only" ] || find_memory 5 60 || problem "no memory can go offline"

# Without CONFIG_PREEMPT_COUNT, as on Debian's arm64, calls of the Windows API cannot sleep. The
# kernels with KUnit have it.
reserve=()
[ "$(uname -m)" != aarch64 ] || [ -e contigmem_test.ko ] || reserve=(reserve_uncached=1)
if load contigmem.ko "${reserve[@]}"; then
	case $only in
	suites) kunit ;;
	fuzz) fuzz ;;
	*) tests ;;
	esac
	hides_addresses "after all tests"
	[ "$(blocks)" = 0 ] || problem "blocks are left: $(cat $debugfs/contigmem/blocks)"
	step "looking for leaks"
	if [ -e $debugfs/page_owner ]; then
		lost=$(bash ./pages_lost.sh) || problem "cannot read page_owner"
		result pages_lost "$lost"
	fi
	# Unloading frees blocks allocated through debugfs, and restores their cache type.
	echo "size=2M cache=wc" >$debugfs/contigmem/alloc || problem "no last block"
	unload contigmem
	agrees "contigmem unloaded"
	if [ -z "$only" ]; then
		if partitions; then result partitions ok; else result partitions failed; fi
		step "unload.sh"
		if bash ./unload.sh "$cycles" 30; then result unload ok; else result unload failed; fi
		agrees "contigmem loaded and unloaded beside writers"
	fi
fi

result free_kb_before "$free_before"
result free_kb_after "$(free_kb)"
result non_wb $(($(non_wb) - non_wb_before))
if [ -e $debugfs/kmemleak ]; then
	result leaks "$(leaks)"
fi
unload contigmem_audit
step "done"
[ $problems = 0 ]
