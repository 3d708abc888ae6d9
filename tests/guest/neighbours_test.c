// SPDX-License-Identifier: GPL-2.0
/*
 * usage: neighbours_test map BYTES | neighbours_test fragment MIB
 * map: maps the first block of contigmem_neighbours.ko, reads each page, unmaps it. The
 *	status is 1 if a page cannot be read.
 * fragment: takes MIB of memory in pages of 4 KiB, gives every other page back, creates
 *	/tmp/ready and waits for a signal.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096

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

static int fragment(unsigned long bytes)
{
	unsigned long i;
	char *memory;

	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || madvise(memory, bytes, MADV_NOHUGEPAGE))
		err(2, "no memory");
	for (i = 0; i < bytes; i += PAGE)
		memory[i] = 1;
	for (i = 0; i < bytes; i += 2 * PAGE) {
		if (madvise(memory + i, PAGE, MADV_DONTNEED))
			err(2, "madvise");
	}
	if (creat("/tmp/ready", 0600) < 0)
		err(2, "/tmp/ready");
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "map"))
		return map(strtoul(argv[2], NULL, 10));
	if (argc == 3 && !strcmp(argv[1], "fragment"))
		return fragment(strtoul(argv[2], NULL, 10) << 20);
	errx(2, "usage: neighbours_test map BYTES | neighbours_test fragment MIB");
}
