#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: neighbours.sh [--seconds N] [TEST...]
# Runs in a guest, in a folder with contigmem.ko, contigmem_neighbours.ko, offline.sh and
# neighbours_test: what contigmem does to others. Prints TAP. A test that the kernel or its
# command line cannot show is skipped; all are shown with 1.5 GiB of memory and
# cma=64M@1024M-1088M init_on_free=1 init_on_alloc=0. With --seconds, no test makes others
# allocate for longer: N instead of up to 40; and watermark asks for fewer blocks.

debugfs=/sys/kernel/debug
self=$debugfs/contigmem_neighbours
mib=$((1 << 20))
seconds=40
[ "${1:-}" != --seconds ] || { seconds=$2; shift 2; }
tests=("$@")
[ $# -gt 0 ] || tests=(cma highatomic offline offline_small leaving watermark watermark_fast
	page_cache too_large low_zone descends references hugetlb idle_arenas counts
	fault_handler held_frame init_on_free poison)

# shellcheck source=tests/guest/offline.sh
. ./offline.sh

step() { echo "contigmem-neighbours: $*" >/dev/kmsg; }

# A test says why it failed, once for each reason, or why it is skipped.
why() { whys+=("$*"); }
note() { notes+=("$*"); }
skip() { skipped=$*; }

# ask FILE LINE: writes a line, prints the answer from the same open file.
ask() {
	local answer

	exec 3<>"$1"
	echo "$2" 2>/dev/null >&3
	read -r answer <&3
	exec 3>&-
	echo "$answer"
}
act() { ask "$self/do" "$*"; }
value() { sed -n "s/.*\<$1=\([^ ]*\).*/\1/p" <<<"$2"; }

# The pageblocks of a type, by address.
pageblocks() { awk -v type="$1" '$2 == type { print $1 }' "$self/pageblocks"; }

# area: sets $low and $high to the CMA area of the command line.
area() {
	local start end

	read -r start end < <(sed -n 's/.*\<cma=[^ @]*@\([0-9]*\)M-\([0-9]*\)M.*/\1 \2/p' /proc/cmdline)
	[ -n "$start" ] && grep -q '^CmaTotal: *[1-9]' /proc/meminfo || return
	low=$((start * mib))
	high=$((end * mib - 1))
}

# arenas_back: contigmem keeps no memory that nobody has.
arenas_back() {
	local i

	for ((i = 0; i < 50; i++)); do
		echo 2 >/proc/sys/vm/drop_caches
		! grep -q '^arenas .*idle 0' "$debugfs/contigmem/stats" || break
		sleep 0.1
	done
}

# Two drivers that ask for 9 to 16 MiB in a CMA area, beside another user of CMA: no frame
# of the area from anybody but CMA, and all of it is CMA's afterwards.
cma() {
	local answer others left all

	area || { skip "no CMA area"; return; }
	all=$(((high + 1 - low) / (2 * mib)))
	act "start size=9M max=16M low=$low high=$high threads=2 cma" >/dev/null
	sleep $((seconds < 25 ? seconds : 25))
	answer=$(act stop)
	note "$answer"
	arenas_back
	others=$(($(value arena "$answer") + $(value buddy "$answer") + $(value range "$answer")))
	[ "$others" = 0 ] || why "$others blocks inside the area were not CMA's"
	[ "$(value user "$answer")" -gt 0 ] || why "the other user had nothing"
	left=$(pageblocks cma | awk -v low="$low" -v high="$high" '$1 >= low && $1 < high' | wc -l)
	[ "$left" = "$all" ] || why "$left of $all pageblocks of the area are CMA's"
	# The DMA API gets the area as a whole, or the half that arm64's pools leave of it.
	all=$((high + 1 - low))
	[ "$(uname -m)" != aarch64 ] || all=$((all / 2))
	answer=$(ask "$debugfs/contigmem/alloc" "size=$all low=$low high=$high")
	[[ $answer = ok\ *source=cma* ]] || why "the whole area: $answer"
	echo all >"$debugfs/contigmem/free"
}

# Pageblocks that the page allocator set aside for atomic requests stay so, whether a
# request for memory in one is served or fails; none stays isolated.
highatomic() {
	local before after at answer

	act highatomic >/dev/null
	before=$(pageblocks highatomic)
	[ -n "$before" ] || { skip "no pageblock is set aside for atomic requests"; return; }
	for at in $before; do
		for answer in "size=64K cache=wc" "size=2M cache=uncached" "size=64K"; do
			act "take count=1 $answer low=$at high=$((at + 2 * mib - 1))" >/dev/null
			act drop >/dev/null
		done
	done
	act "start size=64K max=12M cache=wc threads=2 pause=2000" >/dev/null
	sleep 3
	note "$(act stop)"
	arenas_back
	after=$(pageblocks highatomic | grep -cxFf <(echo "$before"))
	[ "$after" = "$(wc -l <<<"$before")" ] ||
		why "$after of $(wc -l <<<"$before") pageblocks for atomic requests are left"
	after=$(pageblocks isolated | wc -l)
	[ "$after" = 0 ] || why "$after pageblocks are isolated"
}

# try_offline SECONDS: the kernel retries until a fatal signal; 137 after it. Sets $took to
# milliseconds. No program is started but sleep, which is in memory.
try_offline() {
	local start=${EPOCHREALTIME/./} pid status

	(echo offline >"$memory/state") 2>/dev/null &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.02
		took=$(((${EPOCHREALTIME/./} - start) / 1000))
		[ "$took" -lt $(($1 * 1000)) ] || kill -KILL "$pid" 2>/dev/null
	done
	wait "$pid" 2>/dev/null
	status=$?
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	return "$status"
}

# offline_beside ATTEMPTS LIMIT STORM: memory goes offline and online while others allocate in
# it; each attempt comes back, with whatever result, within LIMIT seconds.
offline_beside() {
	local attempts=$1 limit=$2 status i off=0 refused=0 longest=0 end level

	find_memory 3 20 || { skip "no memory can go offline"; return; }
	echo online_kernel >"$memory/state"
	# Each refusal dumps the page that stays, on a slow console.
	read -r level <<<"$(cut -f 1 /proc/sys/kernel/printk)"
	echo 4 >/proc/sys/kernel/printk
	dmesg -c >/dev/null
	act "start low=$low high=$high $3" >/dev/null
	end=$((SECONDS + seconds))
	for ((i = 1; i <= attempts && SECONDS < end; i++)); do
		try_offline "$limit"
		status=$?
		[ "$took" -le "$longest" ] || longest=$took
		if [ "$status" = 137 ]; then
			why "attempt $i did not end in $limit s"
			break
		elif [ "$status" = 0 ]; then
			off=$((off + 1))
			echo online_kernel >"$memory/state"
		else
			refused=$((refused + 1))
		fi
	done
	note "$(act stop)"
	echo "$level" >/proc/sys/kernel/printk
	! dmesg | grep -q 'WARNING:\|BUG\|Bad page' || why "$(dmesg | grep 'WARNING:\|BUG\|Bad page' | head -n 1)"
	note "$off of $((off + refused)) attempts went offline, the longest took $longest ms"
	[ "$(cat "$memory/state")" = online ] || echo online_kernel >"$memory/state"
	arenas_back
	soon try_offline 20 || why "memory that nobody uses stays online"
	[ "$(cat "$memory/state")" = online ] || echo online_kernel >"$memory/state"
}

offline() { offline_beside 200 20 "size=12M threads=2 pause=40000"; }

# Each small claim is one of alloc_contig_range() when no arena is kept.
offline_small() {
	local idle=/sys/module/contigmem/parameters/arena_idle_mb before

	before=$(cat "$idle")
	echo 0 >"$idle"
	offline_beside 60 20 "size=4K max=64K align=2M threads=4 pause=20000 fast"
	echo "$before" >"$idle"
}

# free_frames: as contigmem reads them.
free_frames() { awk '!/^#/ { sum += $5 } END { print sum }' "$debugfs/contigmem/memory"; }

# leave: takes memory offline, and reads the free frames meanwhile.
leave() {
	local i pid

	inside=0
	(echo offline >"$memory/state") 2>/dev/null &
	pid=$!
	for ((i = 0; i < 100 && inside == 0; i++)); do
		sleep 0.05
		kill -0 "$pid" 2>/dev/null || break
		inside=$(value free "$(act leaving)")
	done
	during=$(free_frames)
	wait "$pid" 2>/dev/null
}

# While memory goes offline contigmem reads nothing of it: its struct pages may be gone at
# any time.
leaving() {
	local before during after inside

	find_memory 3 20 || { skip "no memory can go offline"; return; }
	echo online_kernel >"$memory/state"
	before=$(free_frames)
	act "linger pause=2000000" >/dev/null
	soon leave || why "the memory did not go offline"
	act linger >/dev/null
	echo online_kernel >"$memory/state"
	after=$(free_frames)
	note "$before frames are free, $inside of them in memory that leaves: $during read, $after later"
	[ "$inside" -gt 1024 ] || why "$inside frames are free in memory that leaves"
	[ $((before - during)) -gt $((inside / 2)) ] || why "free frames of memory that leaves were read"
	[ $((after - during)) -gt $((inside / 2)) ] || why "memory that is back was not read"
}

# refused_above_watermark KEYS: a driver that asks until refused leaves each zone what the
# page allocator keeps from such a request, and the tasks of each processor the pages to live on.
refused_above_watermark() {
	local keys size answer

	for keys in "$@"; do
		step "$keys"
		answer=$(act "take watch $keys")
		[ -z "$(value zone "$answer")" ] || why "$keys: $answer"
		[ "$(value error "$answer")" != 0 ] || [ -n "$(value zone "$answer")" ] ||
			why "$keys: $answer"
		[ -z "$(value others "$answer")" ] || why "$keys: other tasks lack pages: $answer"
		note "$keys: $answer"
		act drop >/dev/null
		arenas_back
	done
	! dmesg | grep -q 'Out of memory\|invoked oom-killer' || why "the OOM killer ran"
}

watermark() {
	local small=64K

	# Arenas serve both; the last few thousand blocks of 64 KiB take most of the time.
	[ "$seconds" -ge 40 ] || small=256K
	dmesg -c >/dev/null
	refused_above_watermark "size=2M" "size=$small" "size=2M cache=wc" "size=64K high=16777215"
}

watermark_fast() {
	dmesg -c >/dev/null
	refused_above_watermark "size=2M fast" "size=64K fast" "size=64K gfp=nowait"
}

mem_free() { awk '/^MemFree/ { print int($2 / 1024) }' /proc/meminfo; }

# In memory full of page cache, which reclaim frees for whoever asks, large blocks are
# served, those of a few MiB though other tasks have taken all above the min watermark, and
# each zone keeps what the page allocator keeps.
page_cache() {
	local keys answer pages blocked=16

	pages=$(awk '/^MemTotal/ { print int($2 / 4) }' /proc/meminfo)
	dmesg -c >/dev/null
	act "read_in count=$((pages - pages / 8))" >/dev/null
	for keys in "size=2M" "size=12M" "size=2M cache=wc" "size=64M" "size=128M"; do
		note "$(act "read_in count=$((pages / 8))"), $(mem_free) MiB free"
		# Below the CMA area, where there is one.
		# Those pages cannot be migrated: in each large window there may be one.
		case $keys in
		*64M | *128M) ;;
		*) note "$(act squeeze), $(mem_free) MiB free" ;;
		esac
		answer=$(act "take count=1 watch $keys high=$((1024 * mib - 1))")
		note "$keys: $answer, $(cut -d ' ' -f 3 "$self/held")"
		# The cache's own records are kernel pages: each window of this size may have one.
		[[ $answer = "taken=1 error=0 "* || $keys = *128M && $answer = *"reason=$blocked" ]] ||
			why "$keys: $answer: $(tail -n 1 "$debugfs/contigmem/failures")" \
				"$(awk '/^Node/ { zone = $2 $4 } $1 ~ /^(min|low|boost)$/ || ($2 == "free" && $1 == "pages") || /nr_free_cma|nr_zone_(in)?active_file|nr_free_highatomic/ { printf "%s %s %s; ", zone, $(NF - 1), $NF }' /proc/zoneinfo)"
		[ -z "$(value zone "$answer")" ] || why "$keys: $answer"
		act drop >/dev/null
		act unsqueeze >/dev/null
		arenas_back
	done
	act unread >/dev/null
	! dmesg | grep -q 'Out of memory\|invoked oom-killer' || why "the OOM killer ran"
}

# is_free_again MIB: but for what programs and files took meanwhile.
is_free_again() {
	act drain >/dev/null
	[ "$(mem_free)" -gt $(($1 - 64)) ]
}

# A block for which there is too little memory beside what programs hold, without swap, is refused
# before anything is read, moved or reclaimed. Each of two nodes would have a place for it.
too_large() {
	local program answer refused total want cached free

	act drain >/dev/null
	free=$(mem_free)
	total=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
	want=$((total * 7 / 16))
	note "$(act "read_in count=$((total * 256 / 16))")"
	program hold $((total * 9 / 16))
	cached=$(awk '/^Cached/ { print $2 }' /proc/meminfo)
	answer=$(act "take count=1 size=${want}M")
	refused=$(tail -n 1 "$debugfs/contigmem/failures")
	note "$want MiB of $total: $answer"
	[[ $answer = *error=-12\ * && $refused = *"; windows=0 frames_read=0 attempts=0 "* ]] ||
		why "not refused at once: $answer: $refused"
	cached=$((cached - $(awk '/^Cached/ { print $2 }' /proc/meminfo)))
	[ "$cached" -lt 1024 ] || why "$cached KiB of page cache are gone"
	kill "$program"
	wait "$program" 2>/dev/null
	act unread >/dev/null
	soon is_free_again "$free" || why "of $free MiB $(mem_free) are free afterwards"
}

# Free frames of ZONE_DMA.
dma_free() {
	awk '/^Node/ { dma = $4 == "DMA" } dma && $1 == "pages" && $2 == "free" { print $3; exit }' \
		/proc/zoneinfo
}

# program ARGUMENT...: starts neighbours_test, and waits until it is ready.
program() {
	local i

	rm -f /tmp/ready
	./neighbours_test "$@" &
	program=$!
	for ((i = 0; i < 600; i++)); do
		[ ! -e /tmp/ready ] || return 0
		kill -0 "$program" 2>/dev/null || break
		sleep 0.1
	done
	why "neighbours_test $*: not ready"
}

# Requests that could lie anywhere take nothing from ZONE_DMA while there is memory
# elsewhere, though it is fragmented.
low_zone() {
	local program before after answer i

	note "in ZONE_DMA: $(act dma)"
	# What waits in the processors' lists is not counted, and would be free in one piece later.
	act drain >/dev/null
	program fragment $(($(mem_free) - 150))
	# What is free in one piece elsewhere is a driver's that must not wait.
	note "elsewhere: $(act "take size=2M cache=wc low=16M fast")"
	act undma >/dev/null
	note "$(mem_free) MiB free, fragmented"
	before=$(dma_free)
	answer=$(act "take count=7 size=2M cache=wc")
	after=$(dma_free)
	note "$answer: $(tail -n 7 "$self/held" | awk '{ print int($1 / 1048576) }' | tr '\n' ' ')MiB"
	note "$before free frames in ZONE_DMA, then $after"
	[ "$(value taken "$answer")" = 7 ] || why "not served: $answer"
	i=$(awk -v end=$((16 * mib)) '$1 < end' "$self/held" | wc -l)
	[ "$i" = 0 ] || why "$i of 7 blocks are in ZONE_DMA"
	act drop >/dev/null
	kill "$program"
	wait "$program" 2>/dev/null
	arenas_back
}

# A device with fewer address bits than memory gets the highest that it can reach.
descends() {
	local keys answer high phys free

	for keys in "size=2M cache=wc" "size=2M cache=uncached" "size=12M" "size=64K cache=wc"; do
		for high in $((1 << 29)) $((1 << 32)); do
			# What others free meanwhile does not count.
			act mark >/dev/null
			answer=$(act "take count=6 $keys high=$((high - 1))")
			[ "$(value taken "$answer")" = 6 ] || why "$keys below $high: $answer"
			phys=$(sort -n "$self/held" | awk 'NR == 1 { print $1 }')
			free=$(value free "$(act "above phys=$phys high=$((high - 1)) $keys")")
			note "$keys below $((high / mib)) MiB: the lowest at $((phys / mib)) MiB, $free free places in its zone above"
			[ "$free" = 0 ] ||
				why "$keys below $((high / mib)) MiB: at $((phys / mib)) MiB, with $free free places above"
			act drop >/dev/null
			arenas_back
		done
	done
}

# A page that a program gave to a pipe stays where it is. Ranges without such a page serve,
# though they have more pages to migrate, and no other range is tried in vain.
references() {
	local program answer attempts

	program refer $(($(mem_free) - 150))
	note "$(mem_free) MiB free"
	attempts=$(awk '$1 == "range" { print $6 }' "$debugfs/contigmem/stats")
	answer=$(act "take count=50 size=4M")
	attempts=$(($(awk '$1 == "range" { print $6 }' "$debugfs/contigmem/stats") - attempts))
	note "$answer: $(cut -d ' ' -f 3 "$self/held" | sort | uniq -c | tr -s ' \n' ' '), $attempts attempts"
	[ "$(value taken "$answer")" = 50 ] ||
		why "$answer: $(tail -n 1 "$debugfs/contigmem/failures")"
	# A few pages are on their way between lists.
	[ "$attempts" -le 60 ] || why "$attempts attempts for 50 blocks"
	act drop >/dev/null
	kill "$program"
	wait "$program" 2>/dev/null
	arenas_back
}

huge_pages() { awk '/^HugePages_(Total|Free)/ { printf "%s%s ", $1, $2 }' /proc/meminfo; }

# Huge pages give way, used ones with their content, and the pool keeps its size.
hugetlb() {
	local program answer before low served=0 windows=0

	[ -e /proc/sys/vm/nr_hugepages ] || { skip "no huge pages"; return; }
	echo $(($(mem_free) * 3 / 4 / 2)) >/proc/sys/vm/nr_hugepages
	program huge 300
	before=$(huge_pages)
	note "$before of $(mem_free) MiB free"
	for ((low = 256; low < 1280; low += 64)); do
		answer=$(act "take count=1 size=64M low=$((low * mib)) high=$(((low + 64) * mib - 1))")
		windows=$((windows + 1))
		served=$((served + $(value taken "$answer")))
		# Others have pages of the kernel.
		[ "$(value taken "$answer")" = 1 ] ||
			! tail -n 1 "$debugfs/contigmem/failures" | grep -q '(hugetlb)' ||
			why "a huge page is in the way at $low MiB"
		[ "$(huge_pages)" = "$before" ] || why "huge pages: $before before, $(huge_pages)after"
		act drop >/dev/null
		arenas_back
	done
	note "$served of $windows windows served"
	[ "$served" -gt 0 ] || why "no window served"
	kill "$program"
	wait "$program" || why "a huge page has lost its content"
	echo 0 >/proc/sys/vm/nr_hugepages
	[ "$(huge_pages)" = 'HugePages_Total:0 HugePages_Free:0 ' ] || why "left: $(huge_pages)"
	arenas_back
}

# A refused request leaves idle arenas where they are if they are not in its way.
idle_arenas() {
	local answer

	act "take count=1 size=64K cache=wc low=32M" >/dev/null
	act drop >/dev/null
	answer=$(act "tries count=60 size=64K cache=wc gfp=atomic")
	[ "$(value served "$answer")" = 60 ] || { why "before: $answer"; return; }
	act "take count=1 size=12M high=$((16 * mib - 1))" >/dev/null
	answer=$(act "take count=1 size=12M high=$((16 * mib - 1))")
	[ "$(value taken "$answer")" = 0 ] || why "12 MiB below 16 MiB twice"
	note "$answer"
	answer=$(act "tries count=60 size=64K cache=wc gfp=atomic")
	[ "$(value served "$answer")" = 60 ] || why "after a refused request elsewhere: $answer"
	act drop >/dev/null
	arenas_back
}

# Each frame of each block has one reference of its own.
counts() {
	local size cache answer

	for cache in cached wc uncached; do
		for size in 4K 8K 12K 64K 60K 1M 2M 4M 8M 12M; do
			act "take count=2 size=$size cache=$cache" >/dev/null
		done
		act "take count=1 size=64K high=$((16 * mib - 1)) cache=$cache" >/dev/null
		act "take count=2 size=16K gfp=atomic cache=$cache" >/dev/null
	done
	act "partition size=4M" >/dev/null
	act "take count=4 size=64K" >/dev/null
	! area || ask "$debugfs/contigmem/alloc" "size=1M low=$low high=$high" >/dev/null
	note "$(cut -d ' ' -f 3 "$self/held" | sort | uniq -c | tr -s ' \n' ' ')"
	answer=$(act counts)
	[[ $answer = *' wrong=0' ]] || why "$answer"
	act drop >/dev/null
	act partition >/dev/null
	echo all >"$debugfs/contigmem/free"
	arenas_back
}

# A driver's own fault handler takes a reference and gives the page to a program. Content
# and counts of the block are the same when the program has gone.
fault_handler() {
	local size cache answer words

	for cache in cached wc; do
		for size in 4 60 64 2048 8192; do
			act "take count=1 size=${size}K cache=$cache" >/dev/null
			act fill >/dev/null
			./neighbours_test map $((size << 10)) ||
				why "$size KiB $cache: a page has no reference that a mapping could add to"
			# Pages that were freed find other owners.
			dd if=/dev/zero of=/tmp/others bs=1M count=64 2>/dev/null
			rm /tmp/others
			answer=$(act read)
			words=$((size << 7))
			[ "$answer" = "words=$words pattern=$words" ] || why "$size KiB $cache: $answer"
			answer=$(act counts)
			[[ $answer = *' wrong=0' ]] || why "$size KiB $cache: $answer"
			act drop >/dev/null
		done
	done
	arenas_back
}

# The kinds of blocks whose frames come back to different places. Each kind has a line to
# take one block with, and one to take many that get its frames again.
kinds=("size=64K cache=wc" "size=64K" "size=2M" "size=2M cache=uncached" "size=12M" "partition")
# kind KIND: sets $keys, and makes the partition for its kind.
kind() {
	keys=$1
	[ "$1" = partition ] || return
	keys="size=64K"
	act "partition size=4M" >/dev/null
}
# kind_end: gives the memory of a kind back.
kind_end() {
	act drop >/dev/null
	act partition >/dev/null
	arenas_back
}

# near KEYS PHYS: keys of requests that can get the frame at PHYS, and little else.
near() {
	local size

	size=$(value size "$1")
	[ "$kind" != partition ] || { echo "$1"; return; }
	size=${size/%K/ << 10}
	size=$((${size/%M/ << 20}))
	[ "$size" -ge $((2 * mib)) ] || size=$((2 * mib))
	echo "$1 low=$(($2 / size * size)) high=$(($2 / size * size + size - 1))"
}

# comes_back PHYS KEYS: the frame is free soon, or a block has it.
comes_back() {
	local i answer

	for ((i = 0; i < 20; i++)); do
		answer=$(act "state phys=$1")
		[[ $answer != count=0* ]] || return 0
		act "take count=200 until phys=$1 $(near "$2" "$1")" >/dev/null
		answer=$(act "state phys=$1")
		act drop >/dev/null
		[[ $answer != *held=1 ]] || return 0
		arenas_back
		sleep 0.5
	done
	return 1
}

# A frame on which somebody has a reference is not handed out until that is put.
held_frame() {
	local kind keys phys answer

	for kind in "${kinds[@]}"; do
		kind "$kind"
		act "take count=1 $keys" >/dev/null
		phys=$(act "get frame=3")
		if [[ $phys = error* ]]; then
			why "$kind: the frame has $phys"
			kind_end
			continue
		fi
		act drop >/dev/null
		act "take count=200 until phys=$phys $(near "$keys" "$phys")" >/dev/null
		answer=$(act "state phys=$phys")
		[[ $answer = *held=0 ]] || why "$kind: handed out again with a reference: $answer"
		[[ $answer = *free=0* ]] || why "$kind: free with a reference: $answer"
		act drop >/dev/null
		act put >/dev/null
		comes_back "$phys" "$keys" || why "$kind: lost after its last reference was put"
		kind_end
	done
}

# With init_on_free=1 the next owner does not read what the last one wrote.
init_on_free() {
	local kind keys phys answer

	grep -q 'init_on_free=1' /proc/cmdline || { skip "the kernel was booted without init_on_free=1"; return; }
	for kind in "${kinds[@]}"; do
		kind "$kind"
		act "take count=1 $keys" >/dev/null
		phys=$(awk '{ print $1 }' "$self/held")
		act fill >/dev/null
		act drop >/dev/null
		act "take count=200 until phys=$phys $(near "$keys" "$phys")" >/dev/null
		answer=$(act read)
		[[ $answer = *pattern=0 ]] || why "$kind: $answer"
		note "$kind: $(act "state phys=$phys"), $answer"
		kind_end
	done
}

# A frame that the kernel found bad in a live block never comes back; the others do.
poison() {
	local file=/sys/devices/system/memory/hard_offline_page kind keys phys answer

	[ -e "$file" ] || { skip "this kernel does not know bad memory"; return; }
	for kind in "${kinds[@]}"; do
		kind "$kind"
		act "take count=1 $keys" >/dev/null
		phys=$(($(awk '{ print $1 }' "$self/held") + 4096 * 3))
		echo "$phys" >"$file" 2>/dev/null
		answer=$(act "state phys=$phys")
		[[ $answer = *poisoned=1* ]] || { why "$kind: not poisoned: $answer"; kind_end; continue; }
		act drop >/dev/null
		act "take count=200 until phys=$phys $(near "$keys" "$phys")" >/dev/null
		answer=$(act "state phys=$phys")
		[[ $answer = *held=0 ]] || why "$kind: the bad frame was handed out again: $answer"
		[[ $answer = *free=0* ]] || why "$kind: the bad frame is free: $answer"
		act drop >/dev/null
		comes_back $((phys - 4096)) "size=4K${keys#size=*[KM]}" ||
			why "$kind: the frame beside the bad one is lost"
		kind_end
	done
}

echo "1..${#tests[@]}"
failed=0
if ! insmod contigmem.ko || ! insmod contigmem_neighbours.ko; then
	echo "Bail out! no module"
	exit 1
fi
number=0
for name in "${tests[@]}"; do
	number=$((number + 1))
	whys=() notes=() skipped=
	step "$name"
	start=$SECONDS
	if declare -F "$name" >/dev/null; then "$name"; else why "there is no such test"; fi
	# Nothing of a test is left for the next one.
	for line in stop put drop undma unsqueeze unread partition linger; do act $line >/dev/null; done
	printf '#   %s\n' "${notes[@]}" "$((SECONDS - start)) s"
	if [ -n "$skipped" ]; then
		echo "ok $number - $name # SKIP $skipped"
	elif [ ${#whys[@]} = 0 ]; then
		echo "ok $number - $name"
	else
		printf '# why: %s\n' "${whys[@]}"
		echo "not ok $number - $name"
		failed=1
	fi
done
if ! rmmod contigmem_neighbours || ! rmmod contigmem; then
	echo "# why: cannot unload"
	failed=1
fi
exit "$failed"
