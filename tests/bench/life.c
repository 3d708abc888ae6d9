// SPDX-License-Identifier: GPL-2.0
/*
 * usage: life FOLDER SEED OPERATIONS [ROUNDS BETWEEN]
 * Ages memory as programs do that run for weeks: files, names, page cache, anonymous and
 * sparse memory, children, pipes and sockets are made and removed, in an order that only the
 * seed decides. FOLDER is on a disk whose pages the kernel can drop; /tmp is in memory.
 *
 * First memory is filled until nine tenths are in use: not counted as available. Then come the
 * operations, which hold it there. With ROUNDS, the benchmark is asked for blocks in windows
 * that many times, and after each question BETWEEN more operations follow.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define MIB		(256 * PAGE)
#define ARRAY_SIZE(x)	(sizeof(x) / sizeof((x)[0]))
#define IN_USE		90		/* per cent of memory */
#define MOST		65536		/* objects of a kind */
#define STEP		64		/* operations from one look at memory to the next */
#define SPARSE_BYTES	(256 * MIB)	/* of a mapping with a page here and there */
#define FILE_BYTES	(1024 * MIB)	/* of the file that is read */
#define HEAP_BYTES	MIB		/* what children share with their parent */

/* An object that lives for a while; which members mean something depends on its kind. */
struct object {
	char *at;
	unsigned long bytes;
	unsigned long name;
	int fds[2];
	pid_t pid;
};

struct kind {
	const char *name;
	void (*make)(struct object *object);	/* or what is done, without an object */
	void (*end)(struct object *object);
	unsigned int weight;
	unsigned int target;	/* how many live on average; 0: as many as memory has room for */
	struct object *objects;
	unsigned int nr;
	unsigned long done;
};

/* To the nursery: a child is to be made, or the child @pid to end. */
struct wish {
	pid_t pid;
	unsigned int first;	/* of the pages that it writes to */
	unsigned int pages;
};

static const char *folder;
static unsigned long state;		/* of the random numbers */
static unsigned long names;		/* no name is used twice */
static int big_file;
static int meminfo;
static int nursery[2];
static char buffer[64 * PAGE];
static unsigned long in_use;		/* per mille, when last looked at */
static struct kind *anonymous;

static unsigned long random_below(unsigned long limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

static void touch(char *at, unsigned long bytes, unsigned long step)
{
	unsigned long i;

	for (i = 0; i < bytes; i += step)
		at[i] = 1;
}

static char *map_new(unsigned long bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		err(1, "mmap");
	/* To copy these page tables for each child would be all that happens. */
	if (madvise(at, bytes, MADV_DONTFORK))
		err(1, "madvise");
	return at;
}

static void unmap(struct object *object)
{
	if (munmap(object->at, object->bytes))
		err(1, "munmap");
}

/* Mostly small, a few as large as a huge page and larger. */
static void make_anonymous(struct object *object)
{
	unsigned long pages = random_below(16) ? 1 + random_below(32) : 256 + random_below(769);

	object->bytes = pages * PAGE;
	object->at = map_new(object->bytes);
	touch(object->at, object->bytes, PAGE);
}

/* Some pages within an area are given back, and later wanted again. */
static void punch(struct object *unused)
{
	struct object *object;
	unsigned long first, nr;

	if (!anonymous->nr)
		return;
	object = &anonymous->objects[random_below(anonymous->nr)];
	first = random_below(object->bytes / PAGE);
	nr = 1 + random_below(object->bytes / PAGE - first);
	if (random_below(2)) {
		if (madvise(object->at + first * PAGE, nr * PAGE, MADV_DONTNEED))
			err(1, "madvise");
	} else {
		touch(object->at + first * PAGE, nr * PAGE, PAGE);
	}
}

/* One page in each 2 MiB, so that each has a page table of its own. */
static void make_sparse(struct object *object)
{
	object->bytes = SPARSE_BYTES;
	object->at = map_new(SPARSE_BYTES);
	if (madvise(object->at, SPARSE_BYTES, MADV_NOHUGEPAGE) && errno != EINVAL)
		err(1, "madvise");
	touch(object->at, 2 * MIB * (1 + random_below(64)), 2 * MIB);
}

static void write_file(const char *path, unsigned long pages)
{
	int file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);

	if (file < 0 || (pages && write(file, buffer, pages * PAGE) != (ssize_t)(pages * PAGE)))
		err(1, "%s", path);
	close(file);
}

static void path_of(const struct object *object, const char *where, char path[100])
{
	snprintf(path, 100, "%s/%lu", where, object->name);
}

static void make_in(struct object *object, const char *where, unsigned long pages)
{
	char path[100];

	object->name = names++;
	path_of(object, where, path);
	write_file(path, pages);
}

static void end_in(struct object *object, const char *where)
{
	char path[100];

	path_of(object, where, path);
	if (unlink(path))
		err(1, "%s", path);
}

static void make_disk_file(struct object *object)
{
	make_in(object, folder, 1 + random_below(8));
}

static void end_disk_file(struct object *object)
{
	end_in(object, folder);
}

static void make_memory_file(struct object *object)
{
	make_in(object, "/tmp", 1 + random_below(16));
}

static void end_memory_file(struct object *object)
{
	end_in(object, "/tmp");
}

static void make_name(struct object *object)
{
	make_in(object, "/tmp", 0);
}

/* A name that does not exist: the kernel remembers that. */
static void look_up(struct object *unused)
{
	struct object object = { .name = names++ };
	struct stat status;
	char path[100];

	path_of(&object, folder, path);
	if (!stat(path, &status))
		errx(1, "%s exists", path);
}

static void read_pages(struct object *unused)
{
	unsigned long pages = 1 + random_below(16);
	off_t at = random_below(FILE_BYTES / PAGE - pages) * PAGE;

	if (pread(big_file, buffer, pages * PAGE, at) != (ssize_t)(pages * PAGE))
		err(1, "pread");
}

static void exchange(int to, int from, struct wish *wish)
{
	if (write(to, wish, sizeof(*wish)) != sizeof(*wish) ||
	    read(from, wish, sizeof(*wish)) != sizeof(*wish))
		err(1, "nursery");
}

/* A child writes to pages that it shares with its parent, and lives until it is killed. */
static void make_child(struct object *object)
{
	struct wish wish = {
		.first = random_below(HEAP_BYTES / PAGE - 64), .pages = random_below(64),
	};

	exchange(nursery[1], nursery[0], &wish);
	object->pid = wish.pid;
}

static void end_child(struct object *object)
{
	struct wish wish = { .pid = object->pid };

	exchange(nursery[1], nursery[0], &wish);
}

static void be_child(const struct wish *wish, char *heap)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	touch(heap + wish->first * PAGE, wish->pages * PAGE, PAGE);
	for (;;)
		pause();
}

/*
 * The parent of all children: for a process with many mappings to fork would be all that
 * happens.
 */
static void run_nursery(int from, int to)
{
	char *heap = map_new(HEAP_BYTES);
	struct wish wish;

	if (madvise(heap, HEAP_BYTES, MADV_DOFORK))
		err(1, "madvise");
	touch(heap, HEAP_BYTES, PAGE);
	while (read(from, &wish, sizeof(wish)) == sizeof(wish)) {
		if (wish.pid) {
			if (kill(wish.pid, SIGKILL) || waitpid(wish.pid, NULL, 0) != wish.pid)
				err(1, "child");
		} else {
			wish.pid = fork();
			if (!wish.pid)
				be_child(&wish, heap);
			if (wish.pid < 0)
				err(1, "fork");
		}
		if (write(to, &wish, sizeof(wish)) != sizeof(wish))
			err(1, "nursery");
	}
}

static void make_nursery(void)
{
	int to[2], from[2];
	pid_t pid;

	if (pipe(to) || pipe(from))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		close(to[1]);
		close(from[0]);
		run_nursery(to[0], from[1]);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	nursery[0] = from[0];
	nursery[1] = to[1];
}

static void make_pipe(struct object *object)
{
	unsigned long bytes = PAGE * (1 + random_below(16));

	if (pipe(object->fds) || write(object->fds[1], buffer, bytes) != (ssize_t)bytes)
		err(1, "pipe");
}

static void make_sockets(struct object *object)
{
	unsigned long bytes = 512 * (1 + random_below(64));

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, object->fds) ||
	    write(object->fds[0], buffer, bytes) != (ssize_t)bytes)
		err(1, "socketpair");
}

static void close_both(struct object *object)
{
	close(object->fds[0]);
	close(object->fds[1]);
}

static struct kind kinds[] = {
	{ "anonymous", make_anonymous, unmap, .weight = 20 },
	{ "holes", punch, .weight = 6 },
	{ "sparse", make_sparse, unmap, .weight = 4, .target = 400 },
	{ "files", make_disk_file, end_disk_file, .weight = 14, .target = 2000 },
	{ "files in memory", make_memory_file, end_memory_file, .weight = 14, .target = 4000 },
	{ "names", make_name, end_memory_file, .weight = 16, .target = 20000 },
	{ "look-ups", look_up, .weight = 6 },
	{ "reads", read_pages, .weight = 8 },
	{ "children", make_child, end_child, .weight = 2, .target = 64 },
	{ "pipes", make_pipe, close_both, .weight = 5, .target = 400 },
	{ "sockets", make_sockets, close_both, .weight = 5, .target = 600 },
};

static unsigned long kib_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at)
		errx(1, "no %s", name);
	return strtoul(at + strlen(name), NULL, 10);
}

static void look_at_memory(void)
{
	char text[4096];
	ssize_t length = pread(meminfo, text, sizeof(text) - 1, 0);

	if (length < 0)
		err(1, "meminfo");
	text[length] = '\0';
	in_use = 1000 - 1000 * kib_of(text, "MemAvailable:") / kib_of(text, "MemTotal:");
}

static struct kind *random_kind(void)
{
	unsigned long sum = 0, at;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		sum += kinds[i].weight;
	at = random_below(sum);
	for (i = 0; at >= kinds[i].weight; i++)
		at -= kinds[i].weight;
	return &kinds[i];
}

/* The further above its target, the less often another one is made. */
static int is_to_grow(const struct kind *kind)
{
	if (!kind->nr || kind->nr == MOST)
		return !kind->nr;
	if (kind->target)
		return random_below(2 * kind->target) >= kind->nr;
	return random_below(4) < (in_use < 10 * IN_USE ? 3 : 1);
}

static void operate(void)
{
	struct kind *kind = random_kind();
	struct object *object;

	kind->done++;
	if (!kind->end) {
		kind->make(NULL);
	} else if (is_to_grow(kind)) {
		kind->make(&kind->objects[kind->nr++]);
	} else {
		object = &kind->objects[random_below(kind->nr)];
		kind->end(object);
		*object = kind->objects[--kind->nr];
	}
}

/* Does at least @operations, and those until memory is full if @fill. */
static unsigned long live(unsigned long operations, int fill, unsigned long range[2])
{
	unsigned long done = 0, i;

	while (done < operations || (fill && in_use < 10 * IN_USE)) {
		for (i = 0; i < STEP; i++)
			operate();
		done += STEP;
		look_at_memory();
		if (in_use < range[0])
			range[0] = in_use;
		if (in_use > range[1])
			range[1] = in_use;
	}
	return done;
}

static unsigned long ask_round(unsigned int round, unsigned long between, unsigned long range[2])
{
	static const unsigned int windows[] = { 16, 64, 256 };		/* MiB */
	static const unsigned int sizes[] = { 4, 64, 256, 1024, 2048, 4096 };	/* KiB */
	int command = open("/sys/kernel/debug/contigmem_bench/command", O_WRONLY);
	unsigned long done = 0;
	unsigned int w, s;
	char line[100];
	int length;

	for (w = 0; w < ARRAY_SIZE(windows); w++) {
		for (s = 0; s < ARRAY_SIZE(sizes); s++) {
			length = snprintf(line, sizeof(line), "ask %u %u %u", windows[w],
					  sizes[s], round);
			if (command < 0 || write(command, line, length) != length)
				err(1, "%s", line);
			done += live(between, 0, range);
		}
	}
	close(command);
	return done;
}

static void report(unsigned long filled, unsigned long done, const unsigned long range[2],
		   const struct timespec *from)
{
	struct timespec now;
	unsigned int i;

	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("row:life,%lu,%lu,%lu,%lu,%lld\n", filled, done, range[0], range[1],
	       (now.tv_sec - from->tv_sec) * 1000000000LL + now.tv_nsec - from->tv_nsec);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		printf("row:kind,%s,%lu,%u\n", kinds[i].name, kinds[i].done, kinds[i].nr);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct rlimit files = { MOST, MOST };
	unsigned long operations, filled, done, rounds = 0, between = 0, r;
	unsigned long range[2] = { 1000, 0 };
	struct timespec start;
	char path[100];
	unsigned int i;

	if (argc != 4 && argc != 6)
		errx(2, "usage: life FOLDER SEED OPERATIONS [ROUNDS BETWEEN]");
	folder = argv[1];
	state = strtoul(argv[2], NULL, 10);
	operations = strtoul(argv[3], NULL, 10);
	if (argc == 6) {
		rounds = strtoul(argv[4], NULL, 10);
		between = strtoul(argv[5], NULL, 10);
	}
	if (!state || setrlimit(RLIMIT_NOFILE, &files))
		err(1, "seed or limit");
	snprintf(path, sizeof(path), "%s/big", folder);
	big_file = open(path, O_RDWR | O_CREAT, 0600);
	meminfo = open("/proc/meminfo", O_RDONLY);
	if (big_file < 0 || ftruncate(big_file, FILE_BYTES) || meminfo < 0)
		err(1, "%s", path);
	make_nursery();
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		kinds[i].objects = calloc(MOST, sizeof(struct object));
		if (!kinds[i].objects)
			err(1, "objects");
	}
	anonymous = &kinds[0];
	filled = live(0, 1, range);
	range[0] = 1000;
	range[1] = 0;
	clock_gettime(CLOCK_MONOTONIC, &start);
	done = live(operations, 0, range);
	report(filled, done, range, &start);
	range[0] = 1000;
	range[1] = 0;
	done = 0;
	for (r = 0; r < rounds; r++)
		done += ask_round(r, between, range);
	if (rounds)
		printf("row:between,0,%lu,%lu,%lu,0\n", done, range[0], range[1]);
	return 0;
}
