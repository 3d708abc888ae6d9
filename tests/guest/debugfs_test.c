// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of /sys/kernel/debug/contigmem: every key of a request, every kind of
 * malformed line, and how blocks are listed and freed. Runs as root in a guest
 * and prints TAP. Blocks of other callers are not touched.
 *
 *	debugfs_test [--pairs N] [--seed N] [--dir DIRECTORY]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define __printf(a, b)	__attribute((format(printf, a, b)))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define KB		1024ULL
#define MB		(1024 * KB)
#define GB		(1024 * MB)
#define PAGE		4096ULL		/* the smallest */
#define ANY		(~0ULL)

#define LINE_MAX_BYTES	512
#define FILE_BYTES	(1 * MB)
#define MAX_BLOCKS	4096
#define MAX_COLUMNS	32
#define SLOTS		16

static const char *dir = "/sys/kernel/debug/contigmem";

/* TAP */

static int nr_done, nr_failed, nr_planned;
static char why[1024];
static const char *skip;

/* Records the first reason and returns false: a test ends with "return fail()". */
__printf(1, 2)
static bool fail(const char *fmt, ...)
{
	va_list args;

	if (!why[0]) {
		va_start(args, fmt);
		vsnprintf(why, sizeof(why), fmt, args);
		va_end(args);
	}
	return false;
}

__printf(2, 3)
static void result(bool ok, const char *fmt, ...)
{
	va_list args;

	nr_done++;
	if (!ok)
		nr_failed++;

	printf("%sok %d - ", ok ? "" : "not ", nr_done);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	if (ok && skip)
		printf(" # SKIP %s", skip);
	printf("\n");
	if (!ok)
		printf("# %s\n", why[0] ? why : "no reason given");
	fflush(stdout);
	why[0] = '\0';
	skip = NULL;
}

/* Files */

static int open_file(const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		fail("open %s: %s", path, strerror(errno));
	return fd;
}

/* One write of @len bytes: 0 or the negative errno; a short write is -EIO. */
static int write_once(int fd, const char *text, size_t len)
{
	ssize_t n = write(fd, text, len);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

/* From the file's present position to its end, @chunk bytes at a time. */
static bool read_all(int fd, char *buf, size_t size, size_t chunk)
{
	size_t used = 0;
	ssize_t n;

	do {
		size_t room = size - 1 - used;

		if (!room)
			return fail("more than %zu bytes to read", size);
		n = read(fd, buf + used, room < chunk ? room : chunk);
		if (n < 0)
			return fail("read: %s", strerror(errno));
		used += n;
	} while (n);

	buf[used] = '\0';
	return true;
}

static char *read_file(const char *name)
{
	static char buf[FILE_BYTES];
	int fd = open_file(name, O_RDONLY);
	bool ok;

	if (fd < 0)
		return NULL;
	ok = read_all(fd, buf, sizeof(buf), sizeof(buf));
	close(fd);
	return ok ? buf : NULL;
}

static int write_file(const char *name, const char *text)
{
	int fd = open_file(name, O_WRONLY);
	int err;

	if (fd < 0)
		return -EBADF;
	err = write_once(fd, text, strlen(text));
	close(fd);
	return err;
}

/* A wrong cache type or mapping stays: in a long test not each step looks for it. */
static unsigned int steps_per_audit = 1;

/* Do all page tables agree with the ledger? Asks contigmem_audit. */
static bool audit(void)
{
	static unsigned int steps;
	static int fd = -2;
	char text[512];
	ssize_t n;

	if (++steps % steps_per_audit)
		return true;
	if (fd == -2)
		fd = open("/sys/kernel/debug/contigmem_audit/ledger", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail("load contigmem_audit.ko");
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n < 0 ? 0 : n] = '\0';
	return strncmp(text, "agrees ", 7) ? fail("page tables: '%s'", text) : true;
}

__printf(1, 2)
static bool free_one(const char *fmt, ...)
{
	char line[128];
	va_list args;
	int err;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);

	err = write_file("free", line);
	return err ? fail("free %s: %s", line, strerror(-err)) : audit();
}

/* Answers */

struct answer {
	__u64 id, start, last, size;
	int node;
	char cache[16], source[16];
};

static bool parse_u64(const char *text, __u64 *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && end != text && !*end;
}

static bool parse_range(const char *text, __u64 *start, __u64 *last)
{
	return sscanf(text, "0x%llx-0x%llx", start, last) == 2;
}

static bool known_name(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

static const char *const caches[] = { "cached", "uncached", "wc", NULL };
static const char *const sources[] = { "arena", "buddy", "range", NULL };

/* `ok key=value ...`, one line, keys in any order. */
static bool parse_answer(const char *line, struct answer *a)
{
	char copy[LINE_MAX_BYTES], *token, *save, *value;
	__u64 node = ANY;
	unsigned int seen = 0;

	memset(a, 0, sizeof(*a));
	if (strlen(line) >= sizeof(copy))
		return fail("answer of %zu bytes", strlen(line));
	snprintf(copy, sizeof(copy), "%s", line);
	if (!strchr(copy, '\n') || strchr(copy, '\n')[1])
		return fail("answer is not one line: '%s'", line);
	*strchr(copy, '\n') = '\0';

	token = strtok_r(copy, " ", &save);
	if (!token || strcmp(token, "ok"))
		return fail("answer '%s'", line);

	while ((token = strtok_r(NULL, " ", &save))) {
		value = strchr(token, '=');
		if (!value)
			return fail("'%s' in answer '%s'", token, line);
		*value++ = '\0';

		if (!strcmp(token, "id") && parse_u64(value, &a->id)) {
			seen |= 1;
		} else if (!strcmp(token, "virt") && *value) {
			seen |= 2;
		} else if (!strcmp(token, "phys") && parse_range(value, &a->start, &a->last)) {
			seen |= 4;
		} else if (!strcmp(token, "size") && parse_u64(value, &a->size)) {
			seen |= 8;
		} else if (!strcmp(token, "node") && parse_u64(value, &node)) {
			seen |= 16;
		} else if (!strcmp(token, "cache")) {
			snprintf(a->cache, sizeof(a->cache), "%s", value);
			seen |= 32;
		} else if (!strcmp(token, "source")) {
			snprintf(a->source, sizeof(a->source), "%s", value);
			seen |= 64;
		} else {
			return fail("'%s=%s' in answer '%s'", token, value, line);
		}
	}

	a->node = (int)node;
	if (seen != 127)
		return fail("keys missing in answer '%s'", line);
	if (!known_name(a->cache, caches) || !known_name(a->source, sources))
		return fail("unknown name in answer '%s'", line);
	return true;
}

/* Writes @line to an open file and parses the answer. */
static int alloc_fd(int fd, const char *line, struct answer *a)
{
	char text[4096];
	int err = write_once(fd, line, strlen(line));

	if (err) {
		/* The answer has the reason. */
		if (!read_all(fd, text, sizeof(text), sizeof(text)))
			text[0] = '\0';
		text[strcspn(text, "\n")] = '\0';
		fail("alloc '%s': %s: %s", line, strerror(-err), text);
		return err;
	}
	if (!read_all(fd, text, sizeof(text), sizeof(text)) || !parse_answer(text, a) || !audit())
		return -EPROTO;
	return 0;
}

static int alloc(const char *line, struct answer *a)
{
	int fd = open_file("alloc", O_RDWR);
	int err;

	if (fd < 0)
		return -EBADF;
	err = alloc_fd(fd, line, a);
	close(fd);
	return err;
}

/* The list of blocks */

struct row {
	__u64 id, start, last, size;
	int node;
	char tag[8], cache[16], source[16], caller[160];
	double age;
};

struct list {
	size_t nr;
	struct row rows[MAX_BLOCKS];
};

static size_t split(char *line, char **tokens, size_t max)
{
	char *save, *token;
	size_t nr = 0;

	for (token = strtok_r(line, " \t", &save); token && nr < max;
	     token = strtok_r(NULL, " \t", &save))
		tokens[nr++] = token;
	return nr;
}

/* Finds the columns by the names in the header, which may start with '#'. */
static size_t split_header(char *line, char **names)
{
	return split(line + strspn(line, "# \t"), names, MAX_COLUMNS);
}

static size_t column(char **names, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(names[i], name))
			return i;
	return nr;
}

static bool parse_row(char **names, size_t nr_names, char *line, struct row *row)
{
	static const char *const needed[] = {
		"id", "tag", "phys", "size", "node", "cache", "source", "caller", "age"
	};
	char *tokens[MAX_COLUMNS], *value[ARRAY_SIZE(needed)];
	size_t caller = column(names, nr_names, "caller");
	size_t nr = split(line, tokens, MAX_COLUMNS);
	__u64 node;
	char *end;

	if (nr < nr_names)
		return fail("%zu columns in a line of blocks, %zu names", nr, nr_names);

	/* The caller may be several words: columns after it count from the end. */
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		size_t at = column(names, nr_names, needed[i]);

		if (at == nr_names)
			return fail("blocks has no column '%s'", needed[i]);
		value[i] = tokens[at > caller ? at + nr - nr_names : at];
	}

	memset(row, 0, sizeof(*row));
	for (size_t i = caller; i <= caller + nr - nr_names; i++) {
		size_t used = strlen(row->caller);

		snprintf(row->caller + used, sizeof(row->caller) - used, "%s%s",
			 used ? " " : "", tokens[i]);
	}

	snprintf(row->tag, sizeof(row->tag), "%s", value[1]);
	snprintf(row->cache, sizeof(row->cache), "%s", value[5]);
	snprintf(row->source, sizeof(row->source), "%s", value[6]);
	if (!parse_u64(value[0], &row->id) || !parse_range(value[2], &row->start, &row->last) ||
	    !parse_u64(value[3], &row->size) || !parse_u64(value[4], &node))
		return fail("block '%s %s %s %s'", value[0], value[2], value[3], value[4]);
	row->node = (int)node;

	row->age = strtod(value[8], &end);
	if (end == value[8] || strcmp(end, "s") || row->age < 0)
		return fail("age '%s'", value[8]);
	return true;
}

static bool read_blocks(struct list *list)
{
	char *text = read_file("blocks");
	char *names[MAX_COLUMNS], *line, *save;
	size_t nr_names;

	list->nr = 0;
	if (!text)
		return false;
	line = strtok_r(text, "\n", &save);
	if (!line || line[0] != '#')
		return fail("blocks has no header");
	nr_names = split_header(line, names);

	while ((line = strtok_r(NULL, "\n", &save))) {
		if (list->nr == MAX_BLOCKS)
			return fail("more than %d blocks", MAX_BLOCKS);
		if (!parse_row(names, nr_names, line, &list->rows[list->nr++]))
			return false;
	}
	return true;
}

static const struct row *find(const struct list *list, __u64 id)
{
	for (size_t i = 0; i < list->nr; i++)
		if (list->rows[i].id == id)
			return &list->rows[i];
	return NULL;
}

static bool same_blocks(const struct list *before, const struct list *after)
{
	if (before->nr != after->nr)
		return fail("%zu blocks before, %zu after", before->nr, after->nr);
	for (size_t i = 0; i < before->nr; i++)
		if (!find(after, before->rows[i].id))
			return fail("block %llu is gone", before->rows[i].id);
	return true;
}

static struct list before, after;

/* Is the list as the last read_blocks(&before) read it? */
static bool blocks_unchanged(void)
{
	return read_blocks(&after) && same_blocks(&before, &after);
}

/* The machine */

static bool node_online(int node)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", node);
	return !access(path, F_OK) || !node;
}

/* Bytes of the longest piece of RAM from @low to @high. */
static __u64 ram_between(__u64 low, __u64 high)
{
	FILE *file = fopen("/proc/iomem", "re");
	__u64 start, last, longest = 0;
	char line[256], name[64];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == ' ' ||
		    sscanf(line, "%llx-%llx : %63[^\n]", &start, &last, name) != 3 ||
		    strcmp(name, "System RAM"))
			continue;
		if (start < low)
			start = low;
		if (last > high)
			last = high;
		if (start < last && last - start + 1 > longest)
			longest = last - start + 1;
	}
	fclose(file);
	return longest;
}

/* Where RAM begins, to a GiB: at 1 GiB on some machines. */
static __u64 ram_begin(void)
{
	static __u64 begin;

	while (!ram_between(0, begin + GB - 1))
		begin += GB;
	return begin;
}

static __u64 whole_pages(__u64 bytes)
{
	__u64 page = getpagesize();

	return (bytes + page - 1) / page * page;
}

/* Does sysfs agree that the block's memory is on the node? */
static bool on_node(const struct answer *a)
{
	__u64 block_bytes, at;
	char path[96];
	FILE *file;
	int n;

	if (access("/sys/devices/system/node/node0", F_OK))
		return !a->node || fail("node %d, the machine has one", a->node);

	file = fopen("/sys/devices/system/memory/block_size_bytes", "re");
	if (!file)
		return node_online(a->node) || fail("there is no node %d", a->node);
	n = fscanf(file, "%llx", &block_bytes);
	fclose(file);
	if (n != 1 || !block_bytes)
		return true;

	for (at = a->start / block_bytes; at <= a->last / block_bytes; at++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/memory%llu",
			 a->node, at);
		if (access(path, F_OK))
			return fail("0x%llx is not on node %d", at * block_bytes, a->node);
	}
	return true;
}

/* Good requests */

struct want {
	const char *line;
	__u64 size;			/* as allocated */
	__u64 low, high;		/* high 0: any address */
	__u64 align, boundary;	/* 0: none */
	const char *cache;		/* NULL: cached */
	const char *tag;		/* as shown: four characters; NULL: none */
	int strict;			/* node + 1; 0: any node */
	int needs_node;			/* node that the machine must have */
	__u64 needs_high;		/* bytes of RAM needed above 4 GiB */
};

static const struct want good[] = {
	{ .line = "size=4096", .size = PAGE },
	{ .line = "size=1", .size = PAGE },
	{ .line = "size=4097", .size = 2 * PAGE },
	{ .line = "size=64K", .size = 64 * KB },
	{ .line = "size=0x10000", .size = 64 * KB },
	{ .line = "size=64K-1", .size = 64 * KB },
	{ .line = "size=1M", .size = MB },
	{ .line = "size=3M", .size = 3 * MB },
	{ .line = "size=4M", .size = 4 * MB },
	{ .line = "size=5M", .size = 5 * MB },
	{ .line = "size=40M", .size = 40 * MB },
	{ .line = "size=12K", .size = 12 * KB },

	{ .line = "size=64K high=16M-1 boundary=64K",
	  .size = 64 * KB, .high = 16 * MB - 1, .boundary = 64 * KB },
	{ .line = "boundary=64K high=16M-1 size=64K",
	  .size = 64 * KB, .high = 16 * MB - 1, .boundary = 64 * KB },
	{ .line = "high=0xffffff size=20000", .size = 5 * PAGE, .high = 16 * MB - 1 },
	{ .line = "high=16777215 size=8K", .size = 2 * PAGE, .high = 16 * MB - 1 },
	{ .line = "size=64K high=4G-1", .size = 64 * KB, .high = 4 * GB - 1 },
	{ .line = "size=1M high=1G-1", .size = MB, .high = GB - 1 },
	{ .line = "size=1M low=256M high=512M-1",
	  .size = MB, .low = 256 * MB, .high = 512 * MB - 1 },
	{ .line = "size=1M low=268435457 high=512M-1",
	  .size = MB, .low = 256 * MB + 1, .high = 512 * MB - 1 },
	{ .line = "size=64K low=256M", .size = 64 * KB, .low = 256 * MB },
	{ .line = "size=64K low=0 high=0xffffffffffffffff", .size = 64 * KB },
	{ .line = "size=40M low=4G", .size = 40 * MB, .low = 4 * GB, .needs_high = 256 * MB },
	{ .line = "low=4G size=64K align=64K",
	  .size = 64 * KB, .low = 4 * GB, .align = 64 * KB, .needs_high = 64 * MB },

	{ .line = "size=12K boundary=16K", .size = 12 * KB, .boundary = 16 * KB },
	{ .line = "size=4K boundary=4K", .size = PAGE, .boundary = 4 * KB },
	{ .line = "size=96K boundary=128K", .size = 96 * KB, .boundary = 128 * KB },
	{ .line = "size=3M boundary=4M", .size = 3 * MB, .boundary = 4 * MB },
	{ .line = "size=64K boundary=4G", .size = 64 * KB, .boundary = 4 * GB },
	{ .line = "size=64K boundary=0 align=0", .size = 64 * KB },
	{ .line = "size=12K align=1M", .size = 12 * KB, .align = MB },
	{ .line = "align=2M size=4K", .size = PAGE, .align = 2 * MB },
	{ .line = "size=4K align=16M", .size = PAGE, .align = 16 * MB },
	{ .line = "size=4K align=4K", .size = PAGE, .align = 4 * KB },
	{ .line = "size=4K align=1", .size = PAGE },
	{ .line = "size=12K align=16K boundary=16K high=1G-1",
	  .size = 12 * KB, .high = GB - 1, .align = 16 * KB, .boundary = 16 * KB },

	{ .line = "size=64K node=0", .size = 64 * KB },
	{ .line = "size=64K node=0 strict", .size = 64 * KB, .strict = 1 },
	{ .line = "strict size=64K node=0", .size = 64 * KB, .strict = 1 },
	{ .line = "size=64K node=1", .size = 64 * KB, .needs_node = 1 },
	{ .line = "size=2M node=1 strict", .size = 2 * MB, .strict = 2, .needs_node = 1 },
	{ .line = "node=1 cache=wc strict size=2M",
	  .size = 2 * MB, .cache = "wc", .strict = 2, .needs_node = 1 },

	{ .line = "size=64K cache=cached", .size = 64 * KB, .cache = "cached" },
	{ .line = "size=64K cache=uncached", .size = 64 * KB, .cache = "uncached" },
	{ .line = "size=64K cache=wc", .size = 64 * KB, .cache = "wc" },
	{ .line = "cache=wc size=2M align=2M", .size = 2 * MB, .align = 2 * MB, .cache = "wc" },
	{ .line = "cache=uncached size=12K high=16M-1",
	  .size = 12 * KB, .high = 16 * MB - 1, .cache = "uncached" },

	{ .line = "size=64K readonly", .size = 64 * KB },
	{ .line = "size=64K readonly cache=wc", .size = 64 * KB, .cache = "wc" },
	{ .line = "size=4K fast", .size = PAGE },
	{ .line = "size=4K timeout_ns=1", .size = PAGE },
	{ .line = "size=4K timeout_ns=18446744073709551615 fast", .size = PAGE },
	{ .line = "fast zero size=16K", .size = 16 * KB },
	{ .line = "size=64K zero", .size = 64 * KB },
	{ .line = "zero size=12K cache=wc", .size = 12 * KB, .cache = "wc" },
	{ .line = "size=2M zero readonly", .size = 2 * MB },

	{ .line = "size=4K tag=Demo", .size = PAGE, .tag = "Demo" },
	{ .line = "tag=a size=4K", .size = PAGE, .tag = "a..." },
	{ .line = "size=4K tag=x1", .size = PAGE, .tag = "x1.." },
	{ .line = "tag=Full zero cache=cached high=4G-1 node=0 fast boundary=64K size=16K low=16M",
	  .size = 16 * KB, .low = 16 * MB, .high = 4 * GB - 1, .boundary = 64 * KB,
	  .tag = "Full" },
	{ .line = "size=4K\n", .size = PAGE },
	{ .line = "  size=4K   tag=Sp\n", .size = PAGE, .tag = "Sp.." },
};

static bool fits(const struct answer *a, const struct want *w)
{
	__u64 high = w->high ? w->high : ANY;
	const char *cache = w->cache ? w->cache : "cached";

	if (!a->id)
		return fail("no id");
	if (a->size != whole_pages(w->size) || a->last - a->start + 1 != a->size)
		return fail("0x%llx-0x%llx size %llu, not %llu", a->start,
			    a->last, a->size, whole_pages(w->size));
	if (a->start < w->low || a->last > high || a->last < a->start)
		return fail("0x%llx-0x%llx is outside 0x%llx-0x%llx",
			    a->start, a->last, w->low, high);
	if (a->start % getpagesize() || (w->align && a->start & (w->align - 1)))
		return fail("0x%llx is not aligned", a->start);
	if (w->boundary && (a->start ^ a->last) & ~(w->boundary - 1))
		return fail("0x%llx-0x%llx crosses a multiple of 0x%llx",
			    a->start, a->last, w->boundary);
	if (w->strict && a->node != w->strict - 1)
		return fail("node %d, not %d", a->node, w->strict - 1);
	if (strcmp(a->cache, cache))
		return fail("cache %s, not %s", a->cache, cache);
	return on_node(a);
}

static bool listed(const struct answer *a, const char *tag)
{
	const struct row *row;

	if (!read_blocks(&after))
		return false;
	row = find(&after, a->id);
	if (!row)
		return fail("block %llu is not in blocks", a->id);
	if (row->start != a->start || row->last != a->last || row->size != a->size ||
	    row->node != a->node || strcmp(row->cache, a->cache) ||
	    strcmp(row->source, a->source))
		return fail("blocks and the answer differ about block %llu", a->id);
	if (strcmp(row->tag, tag ? tag : "----"))
		return fail("tag '%s', not '%s'", row->tag, tag ? tag : "----");
	if (!row->caller[0])
		return fail("block %llu has no caller", a->id);
	return true;
}

static bool good_request(const struct want *w, int how)
{
	struct answer a;

	if (!read_blocks(&before) || alloc(w->line, &a))
		return false;

	/* The block is freed even if it does not fit. */
	if (!fits(&a, w) || !listed(&a, w->tag)) {
		free_one("id=%llu", a.id);
		return false;
	}

	if (how == 0 && !free_one("id=%llu\n", a.id))
		return false;
	if (how == 1 && !free_one("phys=0x%llx", a.start))
		return false;
	if (how == 2 && !free_one("all"))
		return false;
	return blocks_unchanged();
}

static void test_good(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const struct want *w = &good[i];
		char title[LINE_MAX_BYTES];

		snprintf(title, sizeof(title), "alloc %.*s", (int)strcspn(w->line, "\n"), w->line);
		if (!node_online(w->needs_node))
			skip = "no such node";
		else if (w->needs_high && ram_between(4 * GB, ANY) < w->needs_high)
			skip = "not enough memory above 4 GiB";
		else if (w->high && ram_between(w->low, w->high) < w->size)
			skip = "no memory there";
		else if (w->boundary && w->boundary < whole_pages(w->size))
			skip = "pages are larger";
		result(skip || good_request(w, i % 3), "%s", title);
	}
}

/* Bad requests */

struct refusal {
	const char *line;
	int err;
	int needs_node;
	__u64 hole;			/* no RAM must be there */
};

static const struct refusal refused[] = {
	{ .line = "\n", .err = -EINVAL },
	{ .line = " ", .err = -EINVAL },
	{ .line = "size", .err = -EINVAL },
	{ .line = "size=", .err = -EINVAL },
	{ .line = "64K", .err = -EINVAL },
	{ .line = "=64K", .err = -EINVAL },
	{ .line = "high=16M-1", .err = -EINVAL },
	{ .line = "size=0", .err = -EINVAL },
	{ .line = "size=-1", .err = -EINVAL },
	{ .line = "size=-4096", .err = -EINVAL },
	{ .line = "size=64Q", .err = -EINVAL },
	{ .line = "size=1T", .err = -EINVAL },
	{ .line = "size=64KK", .err = -EINVAL },
	{ .line = "size=K", .err = -EINVAL },
	{ .line = "size=0x", .err = -EINVAL },
	{ .line = "size=0x10000zz", .err = -EINVAL },
	{ .line = "size=64K-2", .err = -EINVAL },
	{ .line = "size=64K-", .err = -EINVAL },
	{ .line = "size=64K,high=16M", .err = -EINVAL },
	{ .line = "size= 64K", .err = -EINVAL },
	{ .line = "size=64K\nsize=64K", .err = -EINVAL },
	{ .line = "size=18446744073709551616", .err = -EINVAL },
	{ .line = "size=0x10000000000000000", .err = -EINVAL },
	{ .line = "size=17179869184G", .err = -EINVAL },
	{ .line = "size=18014398509481984K", .err = -EINVAL },
	{ .line = "size=0xffffffffffffffff", .err = -EINVAL },
	{ .line = "size=4K high=99999999999999999999", .err = -EINVAL },
	{ .line = "size=4K low=17179869184G", .err = -EINVAL },
	{ .line = "size=4K size=4K", .err = -EINVAL },
	{ .line = "size=4K high=1G high=1G", .err = -EINVAL },
	{ .line = "size=4K node=0 node=0", .err = -EINVAL },
	{ .line = "size=4K node=0 strict strict", .err = -EINVAL },
	{ .line = "size=4K tag=Demo tag=Demo", .err = -EINVAL },
	{ .line = "size=4K cache=wc cache=wc", .err = -EINVAL },
	{ .line = "size=4K colour=red", .err = -EINVAL },
	{ .line = "size=4K Size=4K", .err = -EINVAL },
	{ .line = "size=4K fastest", .err = -EINVAL },
	{ .line = "size=4K fast=1", .err = -EINVAL },
	{ .line = "size=4K zero=", .err = -EINVAL },
	{ .line = "size=4K strict", .err = -EINVAL },
	{ .line = "size=4K node=", .err = -EINVAL },
	{ .line = "size=4K node=zero", .err = -EINVAL },
	{ .line = "size=4K node=-2", .err = -EINVAL },
	{ .line = "size=4K node=63", .err = -EINVAL },
	{ .line = "size=4K node=4096", .err = -EINVAL },
	{ .line = "size=4K node=4294967296", .err = -EINVAL },
	{ .line = "size=4K node=0x100000000 strict", .err = -EINVAL },
	{ .line = "size=4K align=3", .err = -EINVAL },
	{ .line = "size=4K align=96K", .err = -EINVAL },
	{ .line = "size=4K boundary=3", .err = -EINVAL },
	{ .line = "size=4K boundary=96K", .err = -EINVAL },
	{ .line = "size=1K boundary=2K", .err = -EINVAL },
	{ .line = "size=64K boundary=32K", .err = -EINVAL },
	{ .line = "size=65537 boundary=64K", .err = -EINVAL },
	{ .line = "size=4K low=32M high=16M-1", .err = -EINVAL },
	{ .line = "size=64K low=1M high=2M+1", .err = -EINVAL },
	{ .line = "size=4K low=1 high=0", .err = -EINVAL },
	{ .line = "size=4K cache=", .err = -EINVAL },
	{ .line = "size=4K cache=writethrough", .err = -EINVAL },
	{ .line = "size=4K cache=cache", .err = -EINVAL },
	{ .line = "size=4K tag=Demos", .err = -EINVAL },
	{ .line = "size=4K partition=any", .err = -EINVAL },
	{ .line = "size=4K partition=", .err = -EINVAL },
	{ .line = "size=4K timeout_ns=", .err = -EINVAL },
	{ .line = "size=4K timeout_ns=-1", .err = -EINVAL },
	{ .line = "size=4K timeout_ns=1K", .err = -EINVAL },
	{ .line = "size=4K timeout_ns=18446744073709551616", .err = -EINVAL },

	{ .line = "size=64K high=4095", .err = -ERANGE },
	{ .line = "size=4K high=4094", .err = -ERANGE },
	{ .line = "size=4K low=0 high=0", .err = -ERANGE },
	{ .line = "size=64K low=256M high=0x1000fffe", .err = -ERANGE },
	{ .line = "size=8K low=0x10000001 high=0x10002fff align=8K", .err = -ERANGE },
	{ .line = "size=64K low=0x10008000 high=0x1001fffe boundary=64K", .err = -ERANGE },
	{ .line = "size=4K low=4K high=1M-1 align=1M", .err = -ERANGE },
	{ .line = "size=4K low=0xffffffffffffffff", .err = -ERANGE },
	{ .line = "size=4K low=0xfffffffffffff000", .err = -ERANGE },
	{ .line = "size=64K low=32768G", .err = -ERANGE },
	{ .line = "size=4K low=0xfee00000 high=0xfeefffff", .err = -ERANGE, .hole = 0xfee00000 },
	{ .line = "size=1024G", .err = -ERANGE },
	{ .line = "size=1024G fast", .err = -ERANGE },
	{ .line = "size=4K node=1 strict high=16M-1", .err = -ERANGE, .needs_node = 1 },
};

static const char *errno_name(int err)
{
	return err == -EINVAL ? "EINVAL" : err == -ERANGE ? "ERANGE" : "?";
}

/* A refused write returns the errno, has an answer, and allocates nothing. */
static bool refuse(const char *text, size_t len, int want)
{
	char line[4096], head[32];
	struct answer a;
	int fd, err;

	if (!read_blocks(&before))
		return false;
	fd = open_file("alloc", O_RDWR);
	if (fd < 0)
		return false;

	err = write_once(fd, text, len);
	if (err != want) {
		fail("write: %s, not %s", err ? strerror(-err) : "success", strerror(-want));
		goto err_close;
	}

	snprintf(head, sizeof(head), "error %d %s", want, errno_name(want));
	if (!read_all(fd, line, sizeof(line), sizeof(line)))
		goto err_close;
	if (strncmp(line, head, strlen(head)) || !strchr(line, '\n') || strchr(line, '\n')[1]) {
		fail("answer '%s' instead of '%s...'", line, head);
		goto err_close;
	}
	close(fd);

	if (!audit() || !blocks_unchanged() || alloc("size=4K", &a))
		return false;
	return free_one("id=%llu", a.id) && blocks_unchanged();

err_close:
	close(fd);
	if (!err)
		free_one("all");
	return false;
}

static void test_refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		const struct refusal *r = &refused[i];
		char shown[LINE_MAX_BYTES];

		snprintf(shown, sizeof(shown), "%s", r->line);
		for (char *c = shown; *c; c++)
			if (*c == '\n')
				*c = '|';

		if (!node_online(r->needs_node))
			skip = "no such node";
		else if (r->hole && ram_between(r->hole, r->hole + MB - 1))
			skip = "there is memory";
		result(skip || refuse(r->line, strlen(r->line), r->err),
		       "alloc '%s' is refused: %s", shown, errno_name(r->err));
	}
}

/* Everything else, one function per property */

static bool file_modes(void)
{
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {
		{ "alloc", 0600 }, { "free", 0200 }, { "blocks", 0400 }, { "stats", 0400 },
		{ "partitions", 0400 }, { "tags", 0400 }, { "memory", 0400 },
		{ "arenas", 0400 }, { "failures", 0400 },
	};
	char path[256];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		if (stat(path, &st))
			return fail("%s: %s", path, strerror(errno));
		if ((st.st_mode & 07777) != files[i].mode || st.st_uid)
			return fail("%s: mode 0%o owner %d", path, st.st_mode & 07777,
				    (int)st.st_uid);
	}
	return true;
}

/* A request padded with spaces to @len bytes. */
static void padded(char *line, size_t len)
{
	memset(line, ' ', len);
	memcpy(line, "size=4K", strlen("size=4K"));
	line[len] = '\0';
}

static bool line_of_512_bytes(void)
{
	char line[LINE_MAX_BYTES + 1];
	struct answer a;

	padded(line, LINE_MAX_BYTES);
	return !alloc(line, &a) && free_one("id=%llu", a.id);
}

static bool line_of_513_bytes(void)
{
	char line[LINE_MAX_BYTES + 2];

	padded(line, LINE_MAX_BYTES + 1);
	return refuse(line, LINE_MAX_BYTES + 1, -EINVAL);
}

static bool line_of_64_kib(void)
{
	static char line[64 * 1024 + 1];

	padded(line, sizeof(line) - 1);
	return refuse(line, sizeof(line) - 1, -EINVAL);
}

static bool line_with_nul(void)
{
	static const char line[] = "size=4K\0 colour=red";

	return refuse(line, sizeof(line) - 1, -EINVAL);
}

static bool nothing_before_write(void)
{
	char text[64];
	int fd = open_file("alloc", O_RDWR);
	bool ok;

	if (fd < 0)
		return false;
	ok = read_all(fd, text, sizeof(text), sizeof(text));
	close(fd);
	return ok && (!text[0] || fail("'%s'", text));
}

static bool answer_in_pieces(void)
{
	char text[4096];
	struct answer a;
	int fd = open_file("alloc", O_RDWR);
	bool ok;

	if (fd < 0)
		return false;
	ok = !write_once(fd, "size=4K", 7) || fail("write");
	ok = ok && read_all(fd, text, sizeof(text), 3) && parse_answer(text, &a);
	close(fd);
	return ok && free_one("id=%llu", a.id);
}

static bool second_write_replaces(void)
{
	struct answer one, two, three;
	char text[4096];
	int fd = open_file("alloc", O_RDWR);
	bool ok;

	if (fd < 0)
		return false;
	ok = !alloc_fd(fd, "size=4K", &one) && !alloc_fd(fd, "size=8K", &two);
	if (ok && (one.id == two.id || two.size != whole_pages(8 * KB)))
		ok = fail("second answer id %llu size %llu", two.id, two.size);

	/* A refusal replaces an answer, and the next answer replaces the refusal. */
	if (ok && write_once(fd, "size=0", 6) != -EINVAL)
		ok = fail("size=0 was not refused");
	ok = ok && read_all(fd, text, sizeof(text), sizeof(text));
	if (ok && strncmp(text, "error ", 6))
		ok = fail("answer '%s'", text);
	ok = ok && !alloc_fd(fd, "size=12K", &three);
	close(fd);
	return ok && free_one("id=%llu", one.id) && free_one("id=%llu", two.id) &&
	       free_one("id=%llu", three.id);
}

static bool files_do_not_mix(void)
{
	struct answer a, b;
	char text[4096];
	int one = open_file("alloc", O_RDWR);
	int two = open_file("alloc", O_RDWR);
	int three = open_file("alloc", O_RDWR);
	bool ok = one >= 0 && two >= 0 && three >= 0;

	if (ok && (write_once(one, "size=4K", 7) || write_once(two, "size=8K", 7) ||
		   write_once(three, "size=0", 6) != -EINVAL))
		ok = fail("write");

	ok = ok && read_all(three, text, sizeof(text), sizeof(text));
	if (ok && strncmp(text, "error ", 6))
		ok = fail("answer '%s' to size=0", text);
	ok = ok && read_all(two, text, sizeof(text), sizeof(text)) && parse_answer(text, &b);
	ok = ok && read_all(one, text, sizeof(text), sizeof(text)) && parse_answer(text, &a);
	if (ok && (a.size != whole_pages(PAGE) || b.size != whole_pages(8 * KB) || a.id == b.id))
		ok = fail("answers mixed up");

	close(one);
	close(two);
	close(three);
	return ok && free_one("id=%llu", a.id) && free_one("id=%llu", b.id);
}

/* Bytes of a pageblock, or more: that of the largest page of a program. */
static __u64 pageblock_size(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	__u64 kb = 0;

	while (file && !kb && fgets(line, sizeof(line), file))
		sscanf(line, "Hugepagesize: %llu kB", &kb);
	if (file)
		fclose(file);
	return kb * KB > 4 * MB ? kb * KB : 4 * MB;
}

/*
 * A window in memory just freed, with one place for the block. All of its pageblock was free: in
 * one with a kernel page, frames that lie in the list of a processor do not count as free.
 */
static bool exact_window(void)
{
	__u64 size = pageblock_size();
	struct answer a, b;
	char line[128];
	int err = -EBUSY;

	/* The kernel may allocate a page of the window in between; rarely five times. */
	for (int i = 0; i < 5 && err; i++) {
		snprintf(line, sizeof(line), "size=%llu align=%llu", size, size);
		if (alloc(line, &a) || !free_one("id=%llu", a.id))
			return false;
		why[0] = '\0';
		snprintf(line, sizeof(line), "size=64K low=0x%llx high=0x%llx",
			 a.start + MB, a.start + MB + 64 * KB - 1);
		err = alloc(line, &b);
	}
	if (err)
		return false;
	if (b.start != a.start + MB || b.size != 64 * KB)
		fail("0x%llx for '%s'", b.start, line);
	return free_one("id=%llu", b.id) && !why[0];
}

static bool free_all_keeps_others(void)
{
	struct answer a[5];

	if (!read_blocks(&before))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		if (alloc("size=16K tag=All", &a[i]))
			return false;
	if (!free_one("all") || !blocks_unchanged())
		return false;
	/* "all" without a block succeeds and does nothing. */
	return free_one("all") && blocks_unchanged();
}

/* A block of contigmem_client, if it is loaded. */
static const struct row *foreign_block(void)
{
	for (size_t i = 0; i < before.nr; i++)
		if (strstr(before.rows[i].caller, "[contigmem_client]"))
			return &before.rows[i];
	return NULL;
}

static bool refuse_free(const char *text, int want)
{
	int err = write_file("free", text);

	if (err != want)
		return fail("free '%s': %s, not %s", text, err ? strerror(-err) : "success",
			    strerror(-want));
	return blocks_unchanged();
}

static bool free_of_others_block(void)
{
	const struct row *row;
	char line[64];

	if (!read_blocks(&before))
		return false;
	row = foreign_block();
	if (!row) {
		skip = "no block of another caller";
		return true;
	}

	snprintf(line, sizeof(line), "id=%llu", row->id);
	if (!refuse_free(line, -ENOENT))
		return false;
	snprintf(line, sizeof(line), "phys=0x%llx", row->start);
	return refuse_free(line, -ENOENT);
}

static bool free_garbage(void)
{
	static const char *const lines[] = {
		"\n", " ", "7", "id", "id=", "id=x", "id=-1", "id=1x", "=1",
		"phys=", "phys=0x", "al", "all=", "all all", "all id=1", "everything", "id=1 id=1",
		"id=99999999999999999999", "phys=0x10000000000000000", "phys=17179869184G",
	};

	if (!read_blocks(&before))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!refuse_free(lines[i], -EINVAL))
			return false;
	return true;
}

static bool free_long_line(void)
{
	char line[LINE_MAX_BYTES + 2];

	memset(line, ' ', LINE_MAX_BYTES + 1);
	memcpy(line, "all", 3);
	line[LINE_MAX_BYTES + 1] = '\0';
	return read_blocks(&before) && refuse_free(line, -EINVAL);
}

static bool free_not_live(void)
{
	static const char *const lines[] = {
		"id=0", "id=18446744073709551615", "phys=0", "phys=0x1000", "phys=8192G",
	};

	if (!read_blocks(&before))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!refuse_free(lines[i], -ENOENT))
			return false;
	return true;
}

static bool free_inside(void)
{
	struct answer a;
	char line[64];
	bool ok;

	if (alloc("size=64K", &a) || !read_blocks(&before))
		return false;
	snprintf(line, sizeof(line), "phys=0x%llx", a.start + getpagesize());
	ok = refuse_free(line, -ENOENT);
	snprintf(line, sizeof(line), "phys=0x%llx", a.start + 1);
	ok = ok && refuse_free(line, -ENOENT);
	return free_one("id=%llu", a.id) && ok;
}

static bool free_twice(void)
{
	struct answer a;
	char line[64];

	if (!read_blocks(&before) || alloc("size=64K", &a) || !free_one("id=%llu", a.id))
		return false;
	snprintf(line, sizeof(line), "id=%llu", a.id);
	if (!refuse_free(line, -ENOENT))
		return false;
	snprintf(line, sizeof(line), "phys=0x%llx", a.start);
	return refuse_free(line, -ENOENT);
}

static bool stats_sum(__u64 *tries, __u64 *hits)
{
	char *names[MAX_COLUMNS], *tokens[MAX_COLUMNS], *line, *save;
	char *text = read_file("stats");
	size_t nr_names, nr, at_tries, at_hits, at_source;
	unsigned int seen = 0;
	__u64 t, h;

	*tries = 0;
	*hits = 0;
	if (!text)
		return false;
	line = strtok_r(text, "\n", &save);
	if (!line)
		return fail("stats is empty");
	nr_names = split_header(line, names);
	at_source = column(names, nr_names, "source");
	at_tries = column(names, nr_names, "tries");
	at_hits = column(names, nr_names, "hits");
	if (at_source == nr_names || at_tries == nr_names || at_hits == nr_names)
		return fail("stats lacks a column");

	while ((line = strtok_r(NULL, "\n", &save))) {
		/* A magazine serves a request before any source is tried. */
		if (sscanf(line, "magazines frames %*u hits %llu", &h) == 1) {
			*tries += h;
			*hits += h;
			continue;
		}
		nr = split(line, tokens, MAX_COLUMNS);
		/* Other lines than those of sources are not checked. */
		if (nr <= at_source || !known_name(tokens[at_source], sources))
			continue;
		if (nr != nr_names || !parse_u64(tokens[at_tries], &t) ||
		    !parse_u64(tokens[at_hits], &h))
			return fail("a line of stats has %zu columns or a bad number", nr);
		if (h > t)
			return fail("%llu hits in %llu tries", h, t);
		for (size_t i = 0; sources[i]; i++)
			if (!strcmp(tokens[at_source], sources[i]))
				seen |= 1u << i;
		*tries += t;
		*hits += h;
	}
	return seen == 7 || fail("stats lacks a source");
}

static bool stats_count_hits(void)
{
	static const char *const lines[] = {
		"size=4K", "size=64K high=4G-1", "size=12K align=1M", "size=3M", "size=5M",
	};
	__u64 tries, hits, tries_now, hits_now;
	struct answer a;

	if (!stats_sum(&tries, &hits))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (alloc(lines[i], &a) || !free_one("id=%llu", a.id))
			return false;
	if (write_file("alloc", "size=0") != -EINVAL ||
	    write_file("alloc", "size=1024G") != -ERANGE)
		return fail("a bad request was not refused");
	if (!stats_sum(&tries_now, &hits_now))
		return false;
	if (hits_now - hits != ARRAY_SIZE(lines))
		return fail("%llu hits for %zu blocks", hits_now - hits, ARRAY_SIZE(lines));
	if (tries_now - tries < ARRAY_SIZE(lines))
		return fail("%llu tries for %zu blocks", tries_now - tries,
			    ARRAY_SIZE(lines));
	return true;
}

struct zone {
	int node;
	char name[16];
	__u64 present, free;	/* frames in /proc/zoneinfo */
	__u64 pages, seen;	/* and in "memory" */
};

/* The zones that contigmem allocates from, from /proc/zoneinfo. */
static size_t read_zones(struct zone *zones, size_t max)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	struct zone *zone = NULL;
	char line[256];
	size_t nr = 0;
	__u64 value;

	while (file && fgets(line, sizeof(line), file)) {
		struct zone next = { 0 };

		if (sscanf(line, "Node %d, zone %15s", &next.node, next.name) == 2) {
			zone = nr < max && strcmp(next.name, "Movable") ? &zones[nr++] : NULL;
			if (zone)
				*zone = next;
		} else if (zone && sscanf(line, " pages free %llu", &value) == 1) {
			zone->free = value;
		} else if (zone && sscanf(line, " present %llu", &value) == 1) {
			zone->present = value;
		}
	}
	if (file)
		fclose(file);
	return nr;
}

/* Adds a line of "memory" to its zone. */
static bool add_range(char *line, struct zone *zones, size_t nr_zones)
{
	__u64 start, last, pages, free, largest;
	char name[16], range[64];
	int node;

	if (sscanf(line, "%d %15s %63s %llu %llu %llu", &node, name, range, &pages, &free,
		   &largest) != 6 || !parse_range(range, &start, &last))
		return fail("'%s'", line);
	if (start % getpagesize() || last - start + 1 != pages * getpagesize() || free > pages ||
	    largest > free ||
	    !free != !largest)
		return fail("'%s'", line);
	for (size_t i = 0; i < nr_zones; i++) {
		if (zones[i].node == node && !strcmp(zones[i].name, name)) {
			zones[i].pages += pages;
			zones[i].seen += free;
			return true;
		}
	}
	return fail("no such zone: '%s'", line);
}

/* Each zone has the frames of /proc/zoneinfo, and nearly as many free ones. */
static bool memory_agrees_with_the_kernel(void)
{
	char *text = read_file("memory"), *line, *save;
	struct zone zones[64];
	size_t nr_zones = read_zones(zones, ARRAY_SIZE(zones));

	line = text ? strtok_r(text, "\n", &save) : NULL;
	if (!line || strcmp(line, "# node zone phys pages free largest_free"))
		return fail("header '%s'", line ?: "");
	while ((line = strtok_r(NULL, "\n", &save)))
		if (!add_range(line, zones, nr_zones))
			return false;
	for (size_t i = 0; i < nr_zones; i++) {
		const struct zone *zone = &zones[i];
		__u64 apart = zone->seen > zone->free ? zone->seen - zone->free :
							zone->free - zone->seen;

		if (zone->pages != zone->present || apart > 4096)
			return fail("node %d %s: %llu pages, not %llu; %llu free, not %llu",
				    zone->node, zone->name, zone->pages, zone->present, zone->seen,
				    zone->free);
	}
	return nr_zones || fail("no zones");
}

/* The last line of "failures" that @text is in, and how many lines there are. */
static char *find_failure(const char *text, size_t *lines)
{
	char *all = read_file("failures"), *found = NULL, *save;

	*lines = 0;
	for (char *line = all ? strtok_r(all, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (*lines && strstr(line, text))
			found = line;
		++*lines;
	}
	return found;
}

static bool failure_is_recorded(void)
{
	static const char numbers[] =
		"size=1099511627776 low=0x1000 high=0x7fffffffff align=0x2000";
	static const char others[] =
		"boundary=0x20000000000 node=0 cache=wc tag=Fail strict readonly fast zero";
	char request[LINE_MAX_BYTES], *line, *asked, *end;
	struct answer a;
	size_t lines;

	snprintf(request, sizeof(request), "%s %s", numbers, others);
	for (int i = 0; i < 40; i++)
		if (write_file("alloc", request) != -ERANGE)
			return fail("'%s' was not refused", request);
	if (write_file("alloc", "size=0 tag=Last") != -EINVAL)
		return fail("size=0 was not refused");
	if (alloc("size=4K tag=Good", &a) || !free_one("id=%llu", a.id))
		return false;

	line = find_failure("tag=Good", &lines);
	if (line)
		return fail("not a failure: '%s'", line);
	line = find_failure("tag=Last", &lines);
	if (lines != 1 + 32 || !line || line[strlen(line) + 1])
		return fail("%zu lines, last but not last '%s'", lines, line ?: "");
	if (!strstr(line, "error -22 EINVAL: size is 0"))
		return fail("'%s'", line);

	/* The recorded request is the one that was written, word for word. */
	line = find_failure("tag=Fail", &lines);
	asked = line ? strstr(line, ": size=") : NULL;
	end = asked ? strstr(asked, " gfp=GFP_KERNEL: error -34 ERANGE: ") : NULL;
	if (!end)
		return fail("'%s'", line ?: "");
	*end = '\0';
	return !strcmp(asked + 2, request) || fail("'%s'", asked + 2);
}

static const struct {
	const char *name;
	bool (*run)(void);
} tests[] = {
	{ "modes of the files", file_modes },
	{ "a line of 512 bytes is read", line_of_512_bytes },
	{ "a line of 513 bytes is refused", line_of_513_bytes },
	{ "a line of 64 KiB is refused", line_of_64_kib },
	{ "a line with a NUL in it is refused", line_with_nul },
	{ "nothing to read before a write", nothing_before_write },
	{ "an answer read in pieces", answer_in_pieces },
	{ "a second write replaces the answer", second_write_replaces },
	{ "open files do not mix", files_do_not_mix },
	{ "a window with one place", exact_window },
	{ "free all", free_all_keeps_others },
	{ "free refuses garbage", free_garbage },
	{ "free refuses a line over 512 bytes", free_long_line },
	{ "free of a block that is not live", free_not_live },
	{ "free of an address inside a block", free_inside },
	{ "free of a freed block", free_twice },
	{ "free of another caller's block", free_of_others_block },
	{ "stats count the hits", stats_count_hits },
	{ "memory agrees with the kernel", memory_agrees_with_the_kernel },
	{ "a failure is recorded", failure_is_recorded },
};

/* Many pairs */

static __u64 seed = 0x636f6e7469676d65ULL;

/* splitmix64 */
static __u64 next(void)
{
	__u64 x = seed += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static __u64 below(__u64 n)
{
	return next() % n;
}

static void random_request(char *line, size_t len, struct want *w)
{
	static const char *const uncommon[] = { "uncached", "wc" };
	/* The lowest 16 MiB are few, or the kernel's. */
	__u64 begin = ram_begin(), lowest = begin ? 256 * MB : 16 * MB;
	const __u64 highs[] = { 4 * GB - 1, begin + GB - 1, begin + lowest - 1 };
	__u64 page = getpagesize(), pages = below(8) ? 1 + below(32) : 1 + below(1024);
	int used;

	memset(w, 0, sizeof(*w));
	w->line = line;
	w->size = pages * page;
	used = snprintf(line, len, "size=%llu", w->size - below(page));

	/* Small blocks alone in the lowest memory. */
	if (!below(3)) {
		w->high = highs[below(pages <= 16 ? 3 : 2)];
		used += snprintf(line + used, len - used, " high=%llu", w->high);
	}
	if (!below(8) && w->high != highs[2]) {
		w->low = begin + 256 * MB;
		used += snprintf(line + used, len - used, " low=%llu", w->low);
	}
	if (!below(4)) {
		w->align = page << below(9);
		used += snprintf(line + used, len - used, " align=%llu", w->align);
	}
	if (!below(4)) {
		w->boundary = page;
		while (w->boundary < w->size)
			w->boundary <<= 1;
		w->boundary <<= below(2);
		used += snprintf(line + used, len - used, " boundary=%llu", w->boundary);
	}
	if (!below(4)) {
		int node = below(2) && node_online(1);

		used += snprintf(line + used, len - used, " node=%d", node);
		if (below(2) && !w->high) {
			w->strict = node + 1;
			used += snprintf(line + used, len - used, " strict");
		}
	}
	if (!below(16)) {
		w->cache = uncommon[below(2)];
		used += snprintf(line + used, len - used, " cache=%s", w->cache);
	}
	if (!below(16))
		used += snprintf(line + used, len - used, " zero");
	if (!below(8))
		snprintf(line + used, len - used, " tag=Pair");
}

static bool apart(const struct answer *a, const struct answer *held)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (held[i].id && a->start <= held[i].last && held[i].start <= a->last)
			return fail("blocks %llu and %llu overlap", a->id,
				    held[i].id);
	return true;
}

static int compare_ids(const void *left, const void *right)
{
	__u64 a = *(const __u64 *)left, b = *(const __u64 *)right;

	return a < b ? -1 : a > b;
}

/* No number of a block is given twice. Each processor gives its own, so they do not rise. */
static bool ids_differ(__u64 *ids, unsigned long nr)
{
	qsort(ids, nr, sizeof(*ids), compare_ids);
	for (unsigned long i = 1; i < nr; i++)
		if (ids[i] == ids[i - 1])
			return fail("id %llu twice", ids[i]);
	return true;
}

static bool run_pairs(unsigned long nr, __u64 *ids, unsigned long *refusals)
{
	struct answer held[SLOTS] = { 0 };
	unsigned long done = 0;

	while (done < nr) {
		struct answer *slot = &held[below(SLOTS)], a;
		char line[LINE_MAX_BYTES];
		struct want w;
		int err;

		if (slot->id) {
			if (!free_one("id=%llu", slot->id))
				return false;
			slot->id = 0;
		}

		random_request(line, sizeof(line), &w);
		err = alloc(line, &a);
		if (err == -EBUSY || err == -ENOSPC) {
			/* A request may be refused on a busy machine. */
			why[0] = '\0';
			if (++*refusals > 10 + nr / 100)
				return fail("%lu refusals in %lu pairs, last '%s': %s", *refusals,
					    done, line, strerror(-err));
			continue;
		}
		if (err)
			return false;

		if (!fits(&a, &w) || !apart(&a, held))
			return fail("'%s'", line);
		ids[done] = a.id;
		*slot = a;
		if (++done % 1000 == 0)
			fprintf(stderr, "debugfs_test: %lu pairs of %lu\n", done, nr);
	}

	for (size_t i = 0; i < SLOTS; i++)
		if (held[i].id && !free_one("id=%llu", held[i].id))
			return false;
	return ids_differ(ids, done);
}

static void test_pairs(unsigned long nr)
{
	__u64 first = seed, *ids = calloc(nr, sizeof(*ids));
	unsigned long refusals = 0;
	bool ok;

	steps_per_audit = 16;
	ok = ids && read_blocks(&before) && run_pairs(nr, ids, &refusals) && blocks_unchanged();
	steps_per_audit = 1;
	ok = audit() && ok;
	if (!ok)
		write_file("free", "all");
	result(ok, "%lu pairs of alloc and free", nr);
	printf("# seed 0x%llx, refused and repeated: %lu\n", first, refusals);
	free(ids);
}

static unsigned long parse_number(const char *text)
{
	__u64 value;

	if (!text || !parse_u64(text, &value)) {
		fprintf(stderr, "debugfs_test: '%s' is not a number\n", text ? text : "");
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	unsigned long pairs = 0;

	for (int i = 1; i < argc; i += 2) {
		if (!strcmp(argv[i], "--pairs")) {
			pairs = parse_number(argv[i + 1]);
		} else if (!strcmp(argv[i], "--seed")) {
			seed = parse_number(argv[i + 1]);
		} else if (!strcmp(argv[i], "--dir") && argv[i + 1]) {
			dir = argv[i + 1];
		} else {
			fprintf(stderr, "usage: debugfs_test [--pairs N] [--seed N] [--dir DIR]\n");
			return 2;
		}
	}

	nr_planned = ARRAY_SIZE(tests) + ARRAY_SIZE(good) + ARRAY_SIZE(refused) + !!pairs;
	printf("TAP version 13\n1..%d\n", nr_planned);

	/* Free blocks of an earlier run. */
	write_file("free", "all");
	why[0] = '\0';

	test_good();
	test_refused();
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		bool ok = tests[i].run();

		/* A failed test may have left blocks. */
		if (!ok)
			write_file("free", "all");
		result(ok, "%s", tests[i].name);
	}
	if (pairs)
		test_pairs(pairs);

	printf("# %d passed, %d failed\n", nr_done - nr_failed, nr_failed);
	return nr_failed || nr_done != nr_planned;
}
