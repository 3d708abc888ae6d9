#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: one_node.sh SUITE...
# Runs in a guest booted with numa=off: all memory is in one node, as on most machines. With
# page_owner=on, no page may be lost, and explain agrees on the owner of a page.
# Prints a line for each problem; its status is 1 if any.

debugfs=/sys/kernel/debug
problems=0
problem() {
	echo "problem: $*"
	problems=$((problems + 1))
}

[ "$(cat /sys/devices/system/node/online)" = 0 ] || problem "more than one node"
insmod contigmem.ko || problem "no contigmem"
insmod contigmem_test.ko || problem "no contigmem_test"
for suite in "$@"; do
	cp "$debugfs/kunit/$suite/results" "kunit-$suite"
	grep -qx "ok 1 $suite" "kunit-$suite" || problem "$suite: $(grep -B 9 '^ *not ok' "kunit-$suite")"
done
grep -q '^ *ok .* one_node_is_any_node$' kunit-contigmem_wdm || problem "one_node_is_any_node did not run"
rmmod contigmem_test || problem "rmmod contigmem_test failed"
bash ./explain.sh || problem "explain.sh failed"
if [ -e $debugfs/page_owner ]; then
	lost=$(bash ./pages_lost.sh) || problem "cannot read page_owner"
	[ "$lost" = 0 ] || problem "$lost pages are lost"
fi
rmmod contigmem || problem "rmmod contigmem failed"
[ $problems = 0 ]
