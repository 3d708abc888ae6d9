#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: race.sh
# Runs in a guest, in a folder with the modules: the suites that the kernel's command line
# chooses, and memory that goes offline beside allocations. Leaves a file "ended".

debugfs=/sys/kernel/debug
insmod contigmem.ko || exit
insmod contigmem_test.ko scale=1 || exit
for suite in "$debugfs"/kunit/contigmem*; do
	cat "$suite/results"
done
for module in contigmem_test contigmem; do
	rmmod $module || exit
done
# The neighbours suite loads what it needs.
bash ./neighbours.sh offline offline_small
touch ended
