// SPDX-License-Identifier: GPL-2.0
/*
 * usage: hog MIB [STEP]
 * Allocates MIB of memory in pages of 4 KiB; with STEP, pins a page in each STEP bytes.
 * Then creates the file "ready" and waits for a signal.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void pin_pages(const char *memory, unsigned long bytes, unsigned long step)
{
	int command = open("/sys/kernel/debug/contigmem_bench/command", O_WRONLY);
	char line[100];
	int length;

	length = snprintf(line, sizeof(line), "pin %lx %lu %lu", (unsigned long)memory, bytes,
			  step);

	if (command < 0 || write(command, line, length) != length)
		err(1, "%s", line);
	close(command);
}

int main(int argc, char **argv)
{
	unsigned long bytes, i;
	char *memory;
	int ready;

	if (argc < 2)
		errx(2, "usage: hog MIB [STEP]");
	bytes = strtoul(argv[1], NULL, 10) << 20;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || madvise(memory, bytes, MADV_NOHUGEPAGE))
		err(1, "no memory");
	for (i = 0; i < bytes; i += 4096)
		memory[i] = 1;
	if (argc > 2)
		pin_pages(memory, bytes, strtoul(argv[2], NULL, 10));
	ready = creat("/tmp/ready", 0600);
	if (ready < 0)
		err(1, "/tmp/ready");
	for (;;)
		pause();
}
