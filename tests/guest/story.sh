#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: story.sh
# Runs in a guest with two nodes and page_owner=on, in a folder with contigmem.ko and the command
# contigmem: the story of docs/troubleshooting.md. A request is refused because of small files in a
# tmpfs, and served when they are gone. Leaves before.txt, before.svg, after.txt and after.svg; the
# status is 1 if it went another way.
#
# scripts/guest --memory 1536 --append page_owner=on --share FOLDER test-newest tests/guest/story.sh

request=(256M node=1 strict tag=Cam)
files=/tmp/files

ask() {
	echo "# contigmem $*"
	/tmp/contigmem "$@"
	status=$?
	echo
}

wrong() {
	echo "story: $*"
	exit 1
}

cp contigmem contigmem.ko /tmp
mkdir $files
mount -t tmpfs -o size=100%,nr_inodes=0 none $files
# Data and small files by turns until memory is nearly full; then the data goes, and the inodes of
# the small files stay all over memory.
python3 - $files <<'END'
import os, re, sys
folder = sys.argv[1]
number = 0
while True:
    with open("/proc/meminfo", encoding="ascii") as file:
        left = int(re.search(r"MemAvailable: *(\d+)", file.read()).group(1))
    if left < 120 << 10:
        break
    for _ in range(10):
        with open(f"{folder}/data{number}", "wb") as file:
            file.write(bytes(1 << 20))
        for i in range(80):
            os.close(os.open(f"{folder}/mail{number}-{i}", os.O_CREAT | os.O_WRONLY))
        number += 1
for i in range(number):
    os.unlink(f"{folder}/data{i}")
print(f"{number * 80} small files\n")
END
insmod /tmp/contigmem.ko
/tmp/contigmem map --width 80 >before.txt
/tmp/contigmem map --svg before.svg --title "Before: 256 MiB on node 1 are refused"

ask alloc "${request[@]}"
[ "$status" = 1 ] || wrong "not refused"
ask failures
page=$(/tmp/contigmem failures --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[-1]["blocker"])')
ask page "$page"
# An inode or a directory entry.
/tmp/contigmem page "$page" | grep -q '(python3)' || wrong "another page is in the way"
if [ -e /sys/kernel/debug/contigmem/explain ]; then
	ask explain "${request[@]}"
	[ "$status" = 1 ] || wrong "explain says that it would be served"
	ask largest node=1 strict
fi

umount $files
# The kernel frees slabs some time after the objects in them.
for _ in 1 2 3 4 5 6 7 8; do
	echo 3 >/proc/sys/vm/drop_caches
	sleep 2
	/tmp/contigmem alloc "${request[@]}" >served
	status=$?
	[ $status != 0 ] || break
done
echo "# contigmem alloc ${request[*]}"
cat served
[ "$status" = 0 ] || wrong "refused"
/tmp/contigmem map --width 80 >after.txt
/tmp/contigmem map --svg after.svg --title "After: the files are gone, the block has tag Cam"
