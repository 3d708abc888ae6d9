# SPDX-License-Identifier: GPL-2.0
# Builds contigmem.ko against KDIR; the tests run in guests, see scripts/.

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
export KERNELS KERNEL QUICK FILTER VNG_OPTIONS

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean

# The command, not the module: dkms.conf installs that.
command = $(DESTDIR)$(PREFIX)/sbin/contigmem
manual = $(DESTDIR)$(PREFIX)/share/man/man8/contigmem.8
completion = $(DESTDIR)$(PREFIX)/share/bash-completion/completions/contigmem

install:
	install -D -m 755 scripts/contigmem $(command)
	install -D -m 644 docs/contigmem.8 $(manual)
	install -D -m 644 scripts/contigmem.bash $(completion)

uninstall:
	rm -f $(command) $(manual) $(completion)

demo:
	@scripts/demo $(ARCH)

check:
	@scripts/check

check-all:
	@scripts/check all

# Without KDIR= not the running kernel, which may not have KUnit.
kunit:
	@scripts/kunit $(if $(filter-out file,$(origin KDIR)),'$(KDIR)')

lint:
	@scripts/lint

bench:
	@scripts/bench

bench-aged:
	@scripts/bench --aged

bench-crowded:
	@scripts/bench --crowded

prove:
	@scripts/prove

race:
	@scripts/race

fuzz:
	@scripts/fuzz

trace:
	@scripts/trace

update:
	@rm -f $(or $(CONTIGMEM_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/contigmem)/choice-*

help:
	@echo 'make          builds contigmem.ko for the running kernel, or for KDIR=/path/to/build'
	@echo 'make clean    removes what make built'
	@echo 'make install  installs the command contigmem with its manual; DESTDIR= and PREFIX= (/usr/local)'
	@echo 'make demo     boots a stock kernel in a guest and shows what contigmem can do;'
	@echo '              ARCH=arm64: one for arm64'
	@echo 'make check    lint, proofs, builds and tests on all kernels, or on KERNELS="debian-6.1 test-newest"'
	@echo 'make check-all  more kernels, configurations and requests; before a release'
	@echo 'make kunit    runs the KUnit suites under virtme-ng on a test kernel, or on your own with'
	@echo '              KDIR=/path/to/build; FILTER="contigmem_a*" runs some of them'
	@echo 'make lint     checkpatch, sparse, kernel-doc, shellcheck, a build without warnings'
	@echo 'make prove    proofs in user space: placement, arenas, the parser of requests'
	@echo 'make race     runs suites on a kernel that reports data races; before a release'
	@echo 'make fuzz     writes a million random lines to debugfs on the debug kernel; before a release'
	@echo 'make trace    runs scripts/bpftrace on a kernel built for it; before a release'
	@echo 'make bench    measures beside the kernel'"'"'s own allocators; QUICK=1: less of it'
	@echo 'make bench-aged  the same requests after a million operations have aged memory'
	@echo 'make bench-crowded KERNEL=debian-6.1  what memory that others fill can give, on that kernel'
	@echo 'make update   looks for newer kernels the next time'
	@echo
	@echo 'Kernels and logs are kept in CONTIGMEM_CACHE, by default ~/.cache/contigmem.'

.PHONY: modules clean install uninstall demo check check-all kunit lint bench bench-aged bench-crowded prove race fuzz trace update help
