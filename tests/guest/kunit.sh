#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: kunit.sh
# Runs in a guest that virtme-ng booted, with the share at /mnt: loads contigmem and its
# KUnit suites as anybody would. Leaves the kernel's log since then in "log".

cd /mnt || exit
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug ||
	echo "no debugfs: tests that need it are skipped"
# KUnit as a module takes its parameters when it is loaded.
read -r -a parameters <kunit-parameters
[ ! -e kunit.ko ] || insmod kunit.ko "${parameters[@]#kunit.}" || exit
echo "contigmem-kunit: begin" >/dev/kmsg
insmod contigmem.ko && insmod contigmem_test.ko
status=$?
dmesg | sed '1,/contigmem-kunit: begin/d' >log
rmmod contigmem_test contigmem
exit $status
