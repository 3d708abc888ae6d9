// SPDX-License-Identifier: GPL-2.0
/*
 * usage: reader FILE
 * Reads a file, and random pages, half of them, a second time: reclaim drops these last,
 * so that freed pages are scattered.
 */
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

static char page[4096];

int main(int argc, char **argv)
{
	unsigned long random = 20261122;
	off_t at = 0;
	int file;

	file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	if (file < 0)
		errx(2, "usage: reader FILE");
	while (pread(file, page, sizeof(page), at) > 0) {
		random = random * 6364136223846793005 + 1442695040888963407;
		if (random >> 63 && pread(file, page, sizeof(page), at) < 0)
			err(1, "%s", argv[1]);
		at += sizeof(page);
	}
	return 0;
}
