#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: iommu.sh
# Runs in a guest with an IOMMU and the edu device behind it: the device finds blocks at the
# addresses from contigmem_dma_map(), and not at their physical ones. Prints a line for each
# problem; its status is 1 if any.

debugfs=/sys/kernel/debug
problems=0
problem() {
	echo "problem: $*"
	problems=$((problems + 1))
}

folder=$(grep -lx 'PCI_ID=1234:11E8' /sys/bus/pci/devices/*/uevent)
folder=${folder%/uevent}
[[ $(cat "$folder/iommu_group/type") = DMA* ]] || problem "the IOMMU does not translate for edu"
insmod contigmem.ko || problem "insmod failed"
for i in 1 2 3; do
	dmesg -c >/dev/null
	insmod contigmem_edu.ko iommu=1 || problem "insmod contigmem_edu failed"
	dmesg | grep -q 'contigmem_edu .*: passed: [1-9][0-9]* bytes' ||
		problem "load $i: $(dmesg | grep contigmem_edu | tail -n 3)"
	# Of faults close together the kernel may log only one.
	dmesg | grep -q 'DMAR: .* handling fault' || problem "load $i: the IOMMU saw no fault"
	rmmod contigmem_edu || problem "rmmod contigmem_edu failed"
	[ "$(grep -vc '^#' $debugfs/contigmem/blocks)" = 0 ] || problem "blocks are left"
done
rmmod contigmem || problem "rmmod contigmem failed"
[ $problems = 0 ]
