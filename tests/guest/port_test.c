// SPDX-License-Identifier: GPL-2.0
/*
 * usage: port_test
 * A program of the oscilloscope whose driver is contigmem_scope.ko: maps its memory, compares
 * what the card has filled, unmaps, and does it again in a child that exits with all mapped. A
 * line for each problem; the status is 1 if there are any.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../examples/port/scope_ioctl.h"

#define CHUNK	(256UL << 10)
#define CHUNKS	4
#define PAGE	4096UL

struct descriptor {
	unsigned long long physical;
	unsigned int bytes;
	unsigned int done;
};

static int problems;

static void expect(bool good, const char *what)
{
	if (good)
		return;
	printf("problem: port_test: %s\n", what);
	problems++;
}

/* The kernel writes there for a program that reads, if the program may write there itself. */
static bool writable(void *address)
{
	int zero = open("/dev/zero", O_RDONLY);
	bool good = read(zero, address, 1) == 1;

	close(zero);
	return good;
}

static bool mapped(void *address)
{
	unsigned char resident;

	return !mincore(address, PAGE, &resident);
}

static bool filled(const unsigned char *samples, unsigned int chunks, unsigned char first)
{
	for (unsigned long i = 0; i < chunks * CHUNK; i++)
		if (samples[i] != (unsigned char)(first + i / CHUNK))
			return false;
	return true;
}

static int use(int node, struct scope_mapping *mapping)
{
	const struct descriptor *table;
	unsigned char *samples;
	int chunks;

	*mapping = (struct scope_mapping){ .bytes = CHUNKS * CHUNK + 20 };
	if (ioctl(node, SCOPE_MAP, mapping))
		err(1, "SCOPE_MAP");
	chunks = mapping->bytes / CHUNK;
	expect(mapping->bytes == CHUNKS * CHUNK, "not all samples");
	samples = (unsigned char *)mapping->samples;
	table = (const struct descriptor *)mapping->table;
	expect(ioctl(node, SCOPE_RUN, 7) == chunks && filled(samples, chunks, 7), "samples");
	expect(ioctl(node, SCOPE_RUN, 200) == chunks && filled(samples, chunks, 200),
	       "samples of the second run");
	for (int i = 0; i < chunks; i++) {
		expect(table[i].bytes == CHUNK && table[i].done == 2, "table");
		expect(table[i].physical && table[i].physical + CHUNK - 1 <= 0xffffffff &&
		       table[i].physical % CHUNK == 0, "where a chunk lies");
	}
	expect(writable(samples + mapping->bytes - 1), "samples cannot be written");
	expect(!writable((void *)mapping->table), "the table can be written");
	expect(mprotect((void *)mapping->table, PAGE, PROT_READ | PROT_WRITE),
	       "the table can be made writable");
	expect(ioctl(node, SCOPE_MAP, mapping) && errno == EBUSY, "mapped twice");
	return chunks;
}

int main(void)
{
	int node = open("/dev/contigmem_scope", O_RDWR), status;
	struct scope_mapping mapping = { .bytes = CHUNK - 1 };
	pid_t child;

	if (node < 0)
		err(1, "/dev/contigmem_scope");
	expect(ioctl(node, SCOPE_MAP, &mapping) && errno == EINVAL, "samples of no chunk");
	expect(ioctl(node, SCOPE_UNMAP) && errno == ENXIO, "unmapped before");
	for (int i = 0; i < 2; i++) {
		use(node, &mapping);
		expect(!ioctl(node, SCOPE_UNMAP), "SCOPE_UNMAP");
		expect(!mapped((void *)mapping.samples) && !mapped((void *)mapping.table),
		       "still mapped");
	}

	fflush(stdout);
	child = fork();
	if (!child) {
		use(node, &mapping);
		fflush(stdout);
		_exit(problems);
	}
	expect(waitpid(child, &status, 0) == child && !status, "the child");
	/* The memory is the file's: it is there, but not this program's to unmap. */
	expect(ioctl(node, SCOPE_UNMAP) && errno == EPERM, "unmapped by another program");
	expect(ioctl(node, SCOPE_RUN, 1) == CHUNKS, "run after the program");

	/* Pages outlive the driver's memory while they are mapped. */
	close(node);
	node = open("/dev/contigmem_scope", O_RDWR);
	use(node, &mapping);
	close(node);
	expect(filled((unsigned char *)mapping.samples + CHUNK, 1, 201), "samples after close()");
	munmap((void *)mapping.samples, mapping.bytes);
	munmap((void *)mapping.table, PAGE);
	return problems != 0;
}
