#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: command.sh [--record DIR]
# Runs in a guest, in a folder with contigmem.ko, the command contigmem and in_guest.py: each
# subcommand beside the module. Prints a line for each test; the status is 1 if one failed.

# Python reads its library from the host, a file at a time: from memory it starts in a tenth of that.
cp contigmem in_guest.py contigmem.ko /tmp
record=()
[ "${1:-}" != --record ] || record=(--record "$PWD/${2:-recorded}")
cd /tmp || exit 1
exec python3 -B in_guest.py "${record[@]}"
