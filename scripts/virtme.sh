# SPDX-License-Identifier: GPL-2.0
# Sourced by the scripts that boot guests: virtme-ng, and whether KVM can be used.

fill_virtme_ng() {
	say "downloading virtme-ng"
	download "$1" virtme-ng
	dpkg-deb -x "$1"/virtme-ng_*.deb "$1"
	rm "$1"/virtme-ng_*.deb
}

# virtme_ng: sets $virtme, a prefix with which virtme-ng's commands run.
virtme_ng() {
	local dir=$cache/virtme-ng

	need_packages qemu-system-x86 busybox-static python3 kmod file cpio
	virtme=(env)
	if [ ! -e "$dir/.complete" ]; then
		apt_of_system
		if [ -n "$(apt-cache "${apt_options[@]}" search --names-only '^virtme-ng$')" ]; then
			need_packages virtme-ng
			return
		fi
		# From the first Debian release that has it: it runs on any host.
		apt_of trixie
		once "$dir" fill_virtme_ng "$dir"
	fi
	# Its commands start each other through PATH. The system's Python has the packages.
	virtme=(env PYTHONPATH="$dir/usr/lib/python3/dist-packages" PATH="$dir/usr/bin:/usr/bin:$PATH")
}

# accelerator IMAGE: prints the option that turns KVM off, unless a kernel boots with KVM.
# On some machines /dev/kvm runs firmware but no kernel: tried once after each start of
# the machine.
accelerator() {
	local boot known=$cache/kvm verdict

	[ -w /dev/kvm ] || { echo --disable-kvm; return; }
	boot=$(cat /proc/sys/kernel/random/boot_id)
	if ! grep -q "^$boot" "$known" 2>/dev/null; then
		say "trying KVM"
		if timeout 15 qemu-system-x86_64 -accel kvm -cpu host -m 1G -nodefaults -no-reboot \
			-display none -serial stdio -kernel "$1" \
			-append 'earlyprintk=serial,ttyS0,115200 panic=-1' </dev/null 2>/dev/null |
			grep -c 'Linux version' >/dev/null
		then
			verdict=works
		else
			verdict='runs no kernel, emulating instead'
		fi
		echo "$boot $verdict" >"$known"
		say "KVM $verdict"
	fi
	grep -q works "$known" || echo --disable-kvm
}
