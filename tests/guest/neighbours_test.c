// SPDX-License-Identifier: GPL-2.0
/*
 * usage: neighbours_test map BYTES | neighbours_test hold|fragment|refer|huge MIB
 * map: maps the first block of contigmem_neighbours.ko, reads each page, unmaps it. The
 *	status is 1 if a page cannot be read.
 * hold: takes MIB of memory in pages of 4 KiB, from two nodes in turn, creates /tmp/ready and
 *	waits for a signal.
 * fragment: takes MIB of memory in pages of 4 KiB, gives every other page back, creates
 *	/tmp/ready and waits for a signal.
 * refer: takes MIB of memory, puts a page of each MiB of the first three quarters into a
 *	pipe, which keeps a reference on it, gives the other pages of those back, creates
 *	/tmp/ready and waits for a signal.
 * huge: takes MIB of memory in huge pages, creates /tmp/ready and waits for SIGTERM. The
 *	status is 1 if the content has changed by then.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE		4096
#define HUGE_PAGE	(2UL << 20)
#define STEP		(256 * PAGE)
#define PIPE_PAGES	256

static void no_page(int signal)
{
	_exit(1);
}

static int map(unsigned long bytes)
{
	int node = open("/dev/contigmem_neighbours", O_RDWR);
	unsigned int sum = 0;
	unsigned char *memory;
	unsigned long i;

	if (node < 0)
		err(2, "/dev/contigmem_neighbours");
	signal(SIGBUS, no_page);
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
	if (memory == MAP_FAILED)
		err(2, "mmap");
	for (i = 0; i < bytes; i += PAGE)
		sum += memory[i];
	if (munmap(memory, bytes))
		err(2, "munmap");
	return sum ? 0 : 1;
}

static void say_ready(void)
{
	if (creat("/tmp/ready", 0600) < 0)
		err(2, "/tmp/ready");
}

/* Memory in pages of 4 KiB, at a multiple of 2 MiB. */
static char *take(unsigned long bytes)
{
	unsigned long i;
	char *memory;

	memory = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || madvise(memory, bytes + HUGE_PAGE, MADV_NOHUGEPAGE))
		err(2, "no memory");
	memory += -(unsigned long)memory % HUGE_PAGE;
	for (i = 0; i < bytes; i += PAGE)
		memory[i] = 1;
	return memory;
}

static void give_back(char *memory, unsigned long bytes)
{
	if (madvise(memory, bytes, MADV_DONTNEED))
		err(2, "madvise");
}

static int hold(unsigned long bytes)
{
	unsigned long nodes = 3;

	if (syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, &nodes, 8 * sizeof(nodes)))
		err(2, "no memory policy");
	take(bytes);
	say_ready();
	return pause();
}

static int fragment(unsigned long bytes)
{
	char *memory = take(bytes);
	unsigned long i;

	for (i = 0; i < bytes; i += 2 * PAGE)
		give_back(memory + i, PAGE);
	say_ready();
	return pause();
}

static int refer(unsigned long bytes)
{
	char *memory = take(bytes);
	unsigned long i;
	int ends[2];

	for (i = 0; i < bytes / STEP / 4 * 3; i++) {
		struct iovec page = { memory + i * STEP, PAGE };

		if (!(i % PIPE_PAGES) &&
		    (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, PIPE_PAGES * PAGE) < 0))
			err(2, "pipe");
		if (vmsplice(ends[1], &page, 1, 0) != PAGE)
			err(2, "vmsplice");
		give_back(memory + i * STEP + PAGE, STEP - PAGE);
	}
	say_ready();
	return pause();
}

static int use_huge_pages(unsigned long bytes)
{
	unsigned long *memory, i, words = bytes / sizeof(*memory);
	sigset_t term;
	int got;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (memory == MAP_FAILED)
		err(2, "no huge pages");
	for (i = 0; i < words; i += PAGE / sizeof(*memory))
		memory[i] = i;
	say_ready();
	sigwait(&term, &got);
	for (i = 0; i < words; i += PAGE / sizeof(*memory)) {
		if (memory[i] != i)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "map"))
		return map(strtoul(argv[2], NULL, 10));
	if (argc == 3 && !strcmp(argv[1], "hold"))
		return hold(strtoul(argv[2], NULL, 10) << 20);
	if (argc == 3 && !strcmp(argv[1], "fragment"))
		return fragment(strtoul(argv[2], NULL, 10) << 20);
	if (argc == 3 && !strcmp(argv[1], "refer"))
		return refer(strtoul(argv[2], NULL, 10) << 20);
	if (argc == 3 && !strcmp(argv[1], "huge"))
		return use_huge_pages(strtoul(argv[2], NULL, 10) << 20);
	errx(2, "usage: neighbours_test map BYTES | neighbours_test hold|fragment|refer|huge MIB");
}
