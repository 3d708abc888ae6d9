# SPDX-License-Identifier: GPL-2.0
# Sourced by the other scripts: paths, messages, packages.

set -Eeuo pipefail
trap 'printf "contigmem: %s:%s: failed: %s\n" "${BASH_SOURCE[0]##*/}" "$LINENO" "$BASH_COMMAND" >&2' ERR

# shellcheck disable=SC2034 # used by the scripts that source this
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${CONTIGMEM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/contigmem}
mkdir -p "$cache"

say() { printf 'contigmem: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this needs root: run as root or install sudo ($*)"
	fi
}

# need_packages NAME...: installs the system's packages that are missing.
need_packages() {
	local missing=() p

	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' ||
			missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${missing[*]}"
	as_root apt-get -qq update >&2 || say "apt-get update failed, trying with the lists at hand"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
		--no-install-recommends "${missing[@]}" >"$cache/install.log" 2>&1 ||
		{ tail -n 20 "$cache/install.log" >&2; die "cannot install packages, see above"; }
}

# Prints the URL of the Debian archive in /etc/apt.
debian_archive() {
	find /etc/apt \( -name '*.list' -o -name '*.sources' \) -exec cat {} + |
		awk '/^URIs:/ { print $2 } /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) print $i }' |
		grep -E '/debian/?$' | head -n 1
}

# apt_of SUITE: sets $apt_options to an apt with this suite alone, apart from the
# system's configuration. Lists are renewed daily.
apt_of() {
	local dir=$cache/apt-$1 archive

	mkdir -p "$dir/lists/partial"
	apt_options=(-q -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::State::Lists="$dir/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
		-o APT::Sandbox::User=root)
	if [ -z "$(find "$dir/renewed" -mmin -1440 2>/dev/null)" ]; then
		archive=$(debian_archive)
		[ -n "$archive" ] || die "no Debian archive in /etc/apt: add one to sources.list"
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $1 main" \
			>"$dir/sources.list"
		apt-get "${apt_options[@]}" update >"$dir/log" 2>&1 ||
			{ cat "$dir/log" >&2; die "cannot read the package lists of Debian $1"; }
		touch "$dir/renewed"
	fi
}

# apt_of_system: sets $apt_options to the system's own apt, with lists.
apt_of_system() {
	apt_options=(-q -o APT::Sandbox::User=root)
	[ -n "$(apt-cache "${apt_options[@]}" search --names-only '^linux-image-amd64$')" ] ||
		as_root apt-get -qq update >&2
}

# apt_of_arm64: sets $apt_options to an apt with the system's sources for arm64, and lists of its
# own. Lists are renewed daily.
apt_of_arm64() {
	local dir=$cache/apt-arm64

	mkdir -p "$dir/lists/partial"
	apt_options=(-q -o APT::Architecture=arm64 -o APT::Architectures=arm64
		-o Dir::State::status=/dev/null -o Dir::State::Lists="$dir/lists"
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
	if [ -z "$(find "$dir/renewed" -mmin -1440 2>/dev/null)" ]; then
		apt-get "${apt_options[@]}" update >"$dir/log" 2>&1 ||
			{ cat "$dir/log" >&2; die "cannot read the package lists for arm64"; }
		touch "$dir/renewed"
	fi
}

# version_of PACKAGE: prints the version that $apt_options would download.
version_of() {
	apt-cache "${apt_options[@]}" show --no-all-versions "$1" | awk '/^Version:/ { print $2 }'
}

# download DIR PACKAGE...: downloads the packages into DIR, with $apt_options.
download() {
	local dir=$1

	shift
	mkdir -p "$dir"
	(cd "$dir" && apt-get "${apt_options[@]}" download "$@") >"$dir/log" 2>&1 ||
		{ cat "$dir/log" >&2; die "cannot download $*"; }
}

# once DIR COMMAND...: runs COMMAND to fill DIR, unless DIR is complete; a second caller
# waits for the first.
once() {
	local dir=$1

	shift
	[ ! -e "$dir/.complete" ] || return 0
	(
		flock -n 9 || { say "waiting for ${dir##*/}, which is being made"; flock 9; }
		[ ! -e "$dir/.complete" ] || exit 0
		rm -rf "$dir"
		mkdir -p "$dir"
		"$@"
		touch "$dir/.complete"
	) 9>"$dir.lock"
}

# is_arm64 KERNEL: is this a kernel for arm64, by its name?
is_arm64() { [[ $1 = *-arm64-* ]]; }

# How the compiler's programs for arm64 begin, and what make is told.
# shellcheck disable=SC2034 # used by the scripts that source this
arm64_tools=aarch64-linux-gnu-
# shellcheck disable=SC2034
arm64_make=(ARCH=arm64 CROSS_COMPILE="$arm64_tools")
