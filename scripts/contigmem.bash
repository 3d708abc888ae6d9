# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completes the command contigmem in bash.

# Values of a key of a request. Names come from debugfs, which root alone can read.
_contigmem_values() {
	local folder=/sys/kernel/debug/contigmem

	case $1 in
	cache) echo cached uncached wc ;;
	node) sed -n 's/^node\([0-9]*\)$/\1/p' < <(ls /sys/devices/system/node 2>/dev/null) ;;
	tag) sed -n 's/^\([^# ]*\) .*/\1/p' $folder/tags 2>/dev/null ;;
	partition) sed -n 's/^\([^# ]*\) .*/\1/p' $folder/partitions 2>/dev/null ;;
	esac
}

_contigmem() {
	local commands='list tags partitions stats failures alloc free explain largest page map top watch-failures'
	local keys='low= high= align= boundary= node= cache= tag= partition= timeout_ns= strict readonly fast zero'
	local options='--json --root --width --help' command='' word i words=''
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	if [ -z "$command" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands --help" -- "$current")
		return
	fi
	case $previous in
	--root) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
	--svg | --answer) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
	--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current"); return ;;
	--width | --rows | --pages | --interval | --count | --seconds | --title) return ;;
	esac
	# bash takes "=" for a word of its own.
	word=
	if [ "$current" = = ]; then
		word=$previous current=
	elif [ "$previous" = = ] && [ "$COMP_CWORD" -ge 2 ]; then
		word=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [ -n "$word" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_contigmem_values "$word")" -- "$current")
		return
	fi
	case $command in
	alloc | explain) words=$keys ;;
	largest) words=$keys ;;
	list) words='tag= node= low= high=' ;;
	free) words="all $(sed -n 's/^\([0-9]*\) .* alloc_line.*/\1/p' /sys/kernel/debug/contigmem/blocks 2>/dev/null)" ;;
	map) words='low= high= node=' options+=' --svg --title --rows --pages --color' ;;
	top) options+=' --interval --count' ;;
	watch-failures) options+=' --interval --count --seconds' ;;
	esac
	[ "$command" != explain ] || options+=' --answer'
	[[ $current == -* ]] && words=$options
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _contigmem contigmem
