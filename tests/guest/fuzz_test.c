// SPDX-License-Identifier: GPL-2.0
/*
 * Random and mutated lines for each writable file of /sys/kernel/debug/contigmem, beside two
 * readers of all files. A fault of the module shows as a splat, a leak or a hang, which the
 * caller looks for; what the program itself sees is an answer that is no answer. Runs as root in
 * a guest, frees what it allocates, and prints the seed.
 *
 *	fuzz_test [--lines N] [--seed N] [--dir DIRECTORY]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
/* A line that is longer than what the files take. */
#define LONGEST		600
#define READERS		2
/* After each file a reader leaves the processor to the lines for so long. */
#define READER_PAUSE_US	10000
/* A million lines take an hour: how many are done is told so often. */
#define LINES_PER_WORD	10000
/* Blocks are freed after so many lines: they fill memory otherwise. */
#define LINES_PER_FREE	200

static const char *dir = "/sys/kernel/debug/contigmem";
static unsigned long long state;
static bool stop;	/* for the readers; atomic */

/* xorshift64*: the same numbers from a seed on each machine. */
static unsigned int below(unsigned int limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return ((state * 0x2545f4914f6cdd1dULL) >> 32) % limit;
}

static const char *const words[] = {
	"size=64K", "size=4K", "size=0", "size=3M", "size=64M", "size=1", "size=-1",
	"size=0xffffffffffffffff", "size=18446744073709551615", "size=16E", "low=16M", "low=0",
	"low=0xffffffffffffffff", "low=1G-1", "high=4G-1", "high=16M-1", "high=0", "high=1",
	"align=1M", "align=3", "align=0x8000000000000000", "boundary=64K", "boundary=1",
	"boundary=4K", "node=0", "node=1", "node=-1", "node=4294967295", "node=2147483647",
	"cache=wc", "cache=uncached", "cache=cached", "cache=", "tag=Fuzz", "tag=F", "tag=abcde",
	"partition=fuzz", "partition=none", "partition=", "timeout_ns=1", "timeout_ns=1000000",
	"strict", "fast", "readonly", "zero", "all", "id=1", "id=", "id=99999999999999999999",
	"phys=0x100000", "phys=16M", "phys=-", "=", "==", "size", "\t", "\n", "-1", "0x", "k",
};

/**
 * struct target - a file that lines are written to
 * @name: its name
 * @share: of 16 lines so many; an answer of some files takes as long as many requests
 * @answers: it can be read after a write
 * @fd: open
 */
struct target {
	const char *name;
	unsigned int share;
	bool answers;
	int fd;
};

static struct target targets[] = {
	{ "alloc", 8, true, -1 }, { "explain", 2, true, -1 }, { "largest", 1, true, -1 },
	{ "free", 5, false, -1 },
};

static struct target *choose(void)
{
	struct target *target = targets;
	unsigned int nr = below(16);

	for (; nr >= target->share; target++)
		nr -= target->share;
	return target;
}

static size_t add(char *line, size_t used, const char *text)
{
	size_t length = strlen(text);

	if (used + length > LONGEST)
		return used;
	memcpy(line + used, text, length);
	return used + length;
}

/* A request as an operator writes it, or words in any order, or bytes. Returns its length. */
static size_t make_line(char *line)
{
	size_t used = 0, i;
	unsigned int nr;

	if (!below(16)) {
		used = below(LONGEST + 1);
		for (i = 0; i < used; i++)
			line[i] = below(256);
		return used;
	}
	if (below(4))
		used = add(line, used, below(2) ? "size=64K " : "size=1M ");
	for (nr = below(below(8) ? 5 : 100); nr; nr--) {
		used = add(line, used, words[below(ARRAY_SIZE(words))]);
		used = add(line, used, below(16) ? " " : "");
	}
	return used;
}

/* Change, remove or repeat a few bytes. */
static size_t mutate(char *line, size_t used)
{
	unsigned int changes, at;

	for (changes = below(4); used && changes; changes--) {
		at = below(used);
		switch (below(4)) {
		case 0:
			line[at] = below(256);
			break;
		case 1:
			line[at] ^= 1 << below(8);
			break;
		case 2:
			memmove(line + at, line + at + 1, used - at - 1);
			used--;
			break;
		case 3:
			if (used < LONGEST) {
				memmove(line + at + 1, line + at, used - at);
				used++;
			}
			break;
		}
	}
	return used;
}

static int open_file(const char *name, int flags)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -1;
	return open(path, flags);
}

/* Each result begins with one of these words. */
static bool is_answer(const char *text)
{
	static const char *const begins[] = { "ok id=", "error -", "answer=served ",
					      "answer=refused ", "free=" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(begins); i++) {
		if (!strncmp(text, begins[i], strlen(begins[i])))
			return true;
	}
	return false;
}

/* Write a line, and read the answer at times. Returns false if that is none. */
static bool try_line(int fd, bool answers, const char *line, size_t used)
{
	ssize_t written = write(fd, line, used), got;
	char text[8192];
	size_t part = below(8) ? 0 : below(4);

	if (!answers || (written < 0 && errno == ENOMEM))
		return true;
	/* An answer may be read in parts. */
	if (part && read(fd, text, part) != (ssize_t)part)
		return false;
	got = read(fd, text + part, sizeof(text) - part - 1);
	if (got <= 0)
		return false;
	text[part + got] = '\0';
	return is_answer(text) && text[part + got - 1] == '\n';
}

/* Read all files that can be read, over and over. */
static void *read_files(void *unused)
{
	char data[4096];

	(void)unused;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		DIR *list = opendir(dir);
		struct dirent *entry;

		while (list && (entry = readdir(list))) {
			int fd = entry->d_name[0] == '.' ? -1 : open_file(entry->d_name, O_RDONLY);

			if (fd < 0)
				continue;
			while (read(fd, data, sizeof(data)) > 0)
				;
			close(fd);
			usleep(READER_PAUSE_US);
		}
		if (list)
			closedir(list);
	}
	return NULL;
}

static void free_all(int fd)
{
	if (write(fd, "all", 3) != 3)
		perror("free");
}

int main(int argc, char **argv)
{
	unsigned long lines = 1000, i, wrong = 0;
	unsigned long long seed = time(NULL);
	pthread_t readers[READERS];
	char line[LONGEST + 1];
	int arg;

	for (arg = 1; arg + 1 < argc; arg += 2) {
		if (!strcmp(argv[arg], "--lines"))
			lines = strtoul(argv[arg + 1], NULL, 0);
		else if (!strcmp(argv[arg], "--seed"))
			seed = strtoull(argv[arg + 1], NULL, 0);
		else if (!strcmp(argv[arg], "--dir"))
			dir = argv[arg + 1];
		else
			arg = argc;
	}
	if (arg != argc) {
		fprintf(stderr, "usage: fuzz_test [--lines N] [--seed N] [--dir DIRECTORY]\n");
		return 2;
	}
	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	printf("seed %llu, %lu lines\n", seed, lines);
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		targets[i].fd = open_file(targets[i].name, targets[i].answers ? O_RDWR : O_WRONLY);
		if (targets[i].fd < 0) {
			perror(targets[i].name);
			return 1;
		}
	}
	for (i = 0; i < READERS; i++) {
		if (pthread_create(&readers[i], NULL, read_files, NULL)) {
			perror("thread");
			return 1;
		}
	}
	for (i = 0; i < lines; i++) {
		struct target *target = choose();
		size_t used = make_line(line);

		if (below(2))
			used = mutate(line, used);
		if (!try_line(target->fd, target->answers, line, used)) {
			wrong++;
			printf("%s: no answer to a line of %zu bytes: %.*s\n", target->name, used,
			       (int)used, line);
		}
		if (!((i + 1) % LINES_PER_WORD)) {
			printf("%lu lines\n", i + 1);
			fflush(stdout);
		}
		if (!(i % LINES_PER_FREE))
			free_all(targets[ARRAY_SIZE(targets) - 1].fd);
	}
	free_all(targets[ARRAY_SIZE(targets) - 1].fd);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	printf("%lu lines, %lu without an answer\n", lines, wrong);
	return wrong != 0;
}
