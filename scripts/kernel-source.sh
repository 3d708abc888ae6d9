# SPDX-License-Identifier: GPL-2.0
# Sourced by get-kernel and matrix, after common.sh: kernel sources and configurations.

# What make is told for another architecture.
make_options=()
build_packages=(gcc make flex bison bc cpio kmod xz-utils libelf-dev libssl-dev)

fill_source() {
	local package=$1 dir=$2

	say "downloading $package"
	download "$dir" "$package"
	say "unpacking $package"
	dpkg-deb --fsys-tarfile "$dir"/linux-source-*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | xz -T0 -dc |
		tar -x -C "$dir" --strip-components=1
	rm "$dir"/linux-source-*.deb
}

# source_of RELEASE: sets $source and $version; RELEASE is N.M or newest. The version
# stays the same until "make update".
source_of() {
	local choice=$cache/choice-$1 package

	if [ "$1" = newest ]; then apt_of sid; else apt_of_system; fi
	if [ ! -e "$choice" ]; then
		package=linux-source-$1
		[ "$1" != newest ] ||
			package=$(apt-cache "${apt_options[@]}" search --names-only '^linux-source-[0-9.]+$' |
				cut -d' ' -f1 | sort -V | tail -n 1)
		version=$(version_of "$package")
		[ -n "$version" ] || die "no package $package"
		echo "$package $version" >"$choice"
		say "kernel source, $1: $package $version"
	fi
	read -r package version <"$choice"
	source=$cache/linux-$version
	once "$source" fill_source "$package=$version" "$source"
}

# configure OUT FRAGMENT...: writes OUT/.config.
configure() (
	out=$1
	shift
	set -x
	make -s -C "$source" O="$out" "${make_options[@]}" tinyconfig
	KCONFIG_CONFIG=$out/.config "$source/scripts/kconfig/merge_config.sh" -m -O "$out" \
		"$out/.config" "$@"
	make -s -C "$source" O="$out" "${make_options[@]}" olddefconfig
)

# configured OUT FRAGMENT...: is each symbol as the last fragment that has it says? A
# release may not have it, or another symbol may forbid it.
configured() {
	local out=$1 symbol value

	shift
	while IFS="=" read -r symbol value; do
		if [ "$value" = n ]; then
			! grep -q "^$symbol=" "$out/.config" || { echo "$symbol cannot be off"; return 1; }
		else
			grep -q "^$symbol=$value\$" "$out/.config" || { echo "$symbol=$value is not possible"; return 1; }
		fi
	done < <(cat "$@" | tac | awk -F= '/^CONFIG_/ && !seen[$1]++')
}
