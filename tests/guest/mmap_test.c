// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of blocks in user space: maps the client module's blocks of each cache type and
 * their dma-bufs, and checks the page tables and the driver's checksum of the content.
 * Runs as root in a guest with contigmem_client and contigmem_audit; prints TAP. In a
 * guest that was booted with swiotlb=force every device gets copies.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/types.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE		((unsigned long)getpagesize())
#define CLIENT_EXPORT	_IO('c', 1)
#define CLIENT_CHOOSE	_IO('c', 2)
#define CLIENT_OPENS	_IO('c', 3)
#define CLIENT_CLOSES	_IO('c', 4)

/* Memory types as the PAT register codes them. arm64 has one type for both. */
#ifdef __aarch64__
enum type { WC = 1, WB = 6, UC_MINUS = WC };
#else
enum type { WC = 1, WB = 6, UC_MINUS = 7 };
#endif

static struct {
	const char *name;
	size_t size;
	enum type type;
	bool writable;
} blocks[] = {
	{ "ring", 64 << 10, WB, true },
	{ "frame", 1 << 20, WC, true },
	{ "mailbox", 0, UC_MINUS, true },	/* a page */
	{ "table", 64 << 10, WB, false },
};

#define FRAME	1
#define MAILBOX	2
#define TABLE	3

/* Opens the device node and chooses a block. */
static int choose(const char *name)
{
	int node = open("/dev/contigmem_client", O_RDWR);

	if (node < 0 || write(node, name, strlen(name)) < 0) {
		perror(name);
		exit(1);
	}
	return node;
}

static void *map(int node, size_t size, int prot, off_t offset)
{
	return mmap(NULL, size, prot, MAP_SHARED, node, offset);
}

static __u32 sum_of(const __u32 *word, size_t size)
{
	__u32 sum = 0;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		sum = sum * 31 + word[i];
	return sum;
}

static bool driver_sees(int node, const void *memory, size_t size)
{
	__u32 sum;

	return read(node, &sum, sizeof(sum)) == sizeof(sum) && sum == sum_of(memory, size);
}

static void fill(__u32 *word, size_t size, __u32 seed)
{
	for (size_t i = 0; i < size / sizeof(*word); i++)
		word[i] = seed + i * 2654435761U;
}

/* Do all page tables, this program's included, agree with contigmem's ledger? */
static bool ledger_is_right(void)
{
	int ledger = open("/sys/kernel/debug/contigmem_audit/ledger", O_RDONLY);
	char text[512] = "";
	bool good = ledger >= 0 && read(ledger, text, sizeof(text) - 1) > 0 &&
		    !strncmp(text, "agrees ", 7);

	if (!good)
		printf("# audit: %s", text);
	close(ledger);
	return good;
}

/* Does "blocks" have a line that contains @end? */
static bool listed(const char *end)
{
	FILE *list = fopen("/sys/kernel/debug/contigmem/blocks", "r");
	char line[512];
	bool found = false;

	while (list && fgets(line, sizeof(line), list))
		found = found || strstr(line, end);
	if (list)
		fclose(list);
	return found;
}

/* Exports the chosen block as a dma-buf; -1 on failure. */
static int export(int node, int flags)
{
	return ioctl(node, CLIENT_EXPORT, flags);
}

/* A freed block goes a moment after its last user. */
static bool is_gone(void)
{
	for (int i = 0; i < 600; i++) {
		if (!listed(" freed"))
			return true;
		usleep(100000);
	}
	return false;
}

/* The page frame at an address; 0 if there is none. */
static unsigned long frame_of(const char *memory)
{
	int own = open("/sys/kernel/debug/contigmem_audit/own", O_RDONLY);
	unsigned long frame = 0;
	char text[64] = "";

	if (pread(own, text, sizeof(text) - 1, (off_t)memory) > 0)
		sscanf(text, "%lx", &frame);
	close(own);
	return frame;
}

/* Every page of the mapping has this type and protection, and the frames are in order. */
static bool mapped_as(const char *memory, size_t size, enum type type, bool writable)
{
	int own = open("/sys/kernel/debug/contigmem_audit/own", O_RDONLY);
	unsigned long first = 0;
	bool good = own >= 0;

	for (size_t at = 0; at < size && good; at += PAGE) {
		char text[64] = "", access[3] = "";
		unsigned long frame = 0;
		unsigned int found = 0;

		good = pread(own, text, sizeof(text) - 1, (off_t)(memory + at)) > 0 &&
		       sscanf(text, "%lx %u %2s", &frame, &found, access) == 3;
		if (!at)
			first = frame;
		good = good && frame == first + at / PAGE && found == type &&
		       !strcmp(access, writable ? "rw" : "ro");
		if (!good)
			printf("# page %zu: %s", at / PAGE, text);
	}
	close(own);
	return good;
}

static bool holds_what_is_written(void)
{
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		int prot = PROT_READ | (blocks[i].writable ? PROT_WRITE : 0);
		int node = choose(blocks[i].name);
		void *memory = map(node, blocks[i].size, prot, 0);
		bool this = memory != MAP_FAILED;

		if (this && blocks[i].writable)
			fill(memory, blocks[i].size, i + 1);
		this = this && driver_sees(node, memory, blocks[i].size) &&
		       mapped_as(memory, blocks[i].size, blocks[i].type, blocks[i].writable) &&
		       ledger_is_right();
		if (!this)
			printf("# %s\n", blocks[i].name);
		good = good && this;
		if (memory != MAP_FAILED)
			munmap(memory, blocks[i].size);
		close(node);
	}
	return good;
}

static bool a_part_can_be_mapped(void)
{
	int node = choose("frame");
	char *all = map(node, blocks[FRAME].size, PROT_READ | PROT_WRITE, 0);
	char *part = map(node, PAGE, PROT_READ, blocks[FRAME].size - PAGE);
	bool good = all != MAP_FAILED && part != MAP_FAILED;

	if (good) {
		fill((__u32 *)all, blocks[FRAME].size, 77);
		good = !memcmp(part, all + blocks[FRAME].size - PAGE, PAGE) &&
		       driver_sees(node, all, blocks[FRAME].size) && !munmap(all + 2 * PAGE, PAGE);
		munmap(part, PAGE);
		munmap(all, blocks[FRAME].size);
	}
	close(node);
	return good;
}

static bool is_refused(const char *name, size_t size, int prot, int flags, off_t offset, int error)
{
	int node = choose(name);
	void *memory = mmap(NULL, size, prot, flags, node, offset);
	bool good = memory == MAP_FAILED && errno == error;

	if (!good)
		printf("# %s: %zu bytes at %ld, prot %d, flags %d: %s\n", name, size,
		       (long)offset, prot, flags, memory == MAP_FAILED ? strerror(errno) : "ok");
	close(node);
	return good;
}

static bool what_is_not_in_the_block_is_refused(void)
{
	size_t size = blocks[FRAME].size;

	return is_refused("frame", size + PAGE, PROT_READ, MAP_SHARED, 0, EINVAL) &&
	       is_refused("frame", size, PROT_READ, MAP_SHARED, PAGE, EINVAL) &&
	       is_refused("frame", PAGE, PROT_READ, MAP_SHARED, size, EINVAL) &&
	       is_refused("frame", PAGE, PROT_READ, MAP_SHARED, 1L << 40, EINVAL);
}

static bool what_it_is_not_meant_for_is_refused(void)
{
	return is_refused("frame", PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, 0, EACCES) &&
	       is_refused("frame", PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, EINVAL) &&
	       is_refused("table", PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0, EACCES);
}

static bool protection_cannot_be_widened(void)
{
	int node = choose("table");
	void *memory = map(node, PAGE, PROT_READ, 0);
	bool good = memory != MAP_FAILED && mprotect(memory, PAGE, PROT_READ | PROT_WRITE) &&
		    errno == EACCES && mprotect(memory, PAGE, PROT_READ | PROT_EXEC) &&
		    errno == EACCES;

	munmap(memory, PAGE);
	close(node);
	return good;
}

/* Protection that is taken away and given back leaves the cache type as it is. */
static bool protection_comes_and_goes(void)
{
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		int node = choose(blocks[i].name);
		char *memory;

		if (!blocks[i].writable)
			continue;
		memory = map(node, blocks[i].size, PROT_READ | PROT_WRITE, 0);
		good = good && memory != MAP_FAILED &&
		       !mprotect(memory, blocks[i].size, PROT_READ) &&
		       mapped_as(memory, blocks[i].size, blocks[i].type, false) &&
		       !mprotect(memory, blocks[i].size, PROT_READ | PROT_WRITE);
		if (good) {
			fill((__u32 *)memory, blocks[i].size, 300 + i);
			good = mapped_as(memory, blocks[i].size, blocks[i].type, true) &&
			       driver_sees(node, memory, blocks[i].size) && ledger_is_right();
		}
		munmap(memory, blocks[i].size);
		close(node);
	}
	return good;
}

/* Opens the device node for reading alone and chooses a block. */
static int choose_to_read(const char *path, const char *name)
{
	int node = open(path, O_RDONLY);

	if (node >= 0 && ioctl(node, CLIENT_CHOOSE, name)) {
		perror(name);
		exit(1);
	}
	return node;
}

static bool is_readable_alone(int file, int node, size_t i)
{
	size_t size = blocks[i].size;
	char *memory = map(file, size, PROT_READ, 0);
	bool good = memory != MAP_FAILED;

	if (!good) {
		printf("# %s: %s\n", blocks[i].name, strerror(errno));
		return false;
	}
	good = driver_sees(node, memory, size) && mapped_as(memory, size, blocks[i].type, false) &&
	       mprotect(memory, size, PROT_READ | PROT_WRITE) && errno == EACCES &&
	       mprotect(memory, size, PROT_READ | PROT_EXEC) && errno == EACCES &&
	       map(file, size, PROT_READ | PROT_WRITE, 0) == MAP_FAILED && errno == EACCES &&
	       mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0) == MAP_FAILED &&
	       errno == EINVAL && ledger_is_right();
	munmap(memory, size);
	return good;
}

static bool what_is_open_for_reading_can_be_read(void)
{
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		int node = choose_to_read("/dev/contigmem_client", blocks[i].name);
		int buf = ioctl(node, CLIENT_EXPORT, O_RDONLY);

		good = is_readable_alone(node, node, i) && is_readable_alone(buf, node, i) && good;
		close(buf);
		close(node);
	}
	return good;
}

/* Is there an executable mapping of the client in this program? */
static bool executable_in_maps(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], access[5];
	bool found = false;

	while (maps && fgets(line, sizeof(line), maps))
		found = found || (strstr(line, name) && sscanf(line, "%*s %4s", access) == 1 &&
				  access[2] == 'x');
	if (maps)
		fclose(maps);
	return found;
}

static bool maps_without_exec(int file, size_t i)
{
	char *memory = map(file, blocks[i].size, PROT_READ, 0);
	bool good = memory != MAP_FAILED;

	if (!good) {
		printf("# %s: %s\n", blocks[i].name, strerror(errno));
		return false;
	}
	good = !executable_in_maps("contigmem") && ledger_is_right() &&
	       mapped_as(memory, blocks[i].size, blocks[i].type, false) &&
	       !mprotect(memory, blocks[i].size, PROT_READ) && !executable_in_maps("contigmem");
	munmap(memory, blocks[i].size);
	return good;
}

/* The kernel adds PROT_EXEC to each mapping of such a program, but on a noexec mount. */
static bool implied_exec_is_no_obstacle(void)
{
	char folder[] = "/tmp/contigmem-XXXXXX", path[64];
	struct stat node;
	bool good = !stat("/dev/contigmem_client", &node) && mkdtemp(folder) &&
		    !mount("none", folder, "tmpfs", 0, "");
	int before = personality(0xffffffff);

	if (!good) {
		perror("# a mount that allows exec");
		return false;
	}
	snprintf(path, sizeof(path), "%s/contigmem", folder);
	good = !mknod(path, S_IFCHR | 0600, node.st_rdev);
	personality(before | READ_IMPLIES_EXEC);
	for (size_t i = 0; i < ARRAY_SIZE(blocks) && good; i++) {
		int file = choose_to_read(path, blocks[i].name);
		int buf = ioctl(file, CLIENT_EXPORT, O_RDONLY);

		good = maps_without_exec(file, i) && maps_without_exec(buf, i);
		close(buf);
		close(file);
	}
	personality(before);
	umount(folder);
	rmdir(folder);
	return good;
}

/* The calls that read and write another process, in kernels that have them. */
static bool process_vm_reaches(char *memory, size_t size, bool writable)
{
	char *copy = malloc(size);
	struct iovec here = { copy, size }, there = { memory, size };
	ssize_t length;
	bool good = true;

	if (!process_vm_readv(getpid(), NULL, 0, NULL, 0, 0)) {
		length = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
		good = length == (ssize_t)size && !memcmp(copy, memory, size);
		/* What is written has been read there. */
		length = process_vm_writev(getpid(), &here, 1, &there, 1, 0);
		good = good && (writable ? length == (ssize_t)size : length < 0);
	}
	free(copy);
	return good;
}

/* What a debugger does with the file mem. */
static bool mem_reaches(int mem, char *memory, size_t size, bool writable)
{
	static const char ours[16] = "what a debugger";
	char *end = memory + size - sizeof(ours), text[16];

	if (pread(mem, text, sizeof(text), (off_t)end) != sizeof(text) ||
	    memcmp(text, end, sizeof(text)))
		return false;
	if (writable)
		return pwrite(mem, ours, sizeof(ours), (off_t)end) == sizeof(ours) &&
		       !memcmp(end, ours, sizeof(ours));
	return pwrite(mem, ours, sizeof(ours), (off_t)end) < 0 && !memcmp(text, end, sizeof(text));
}

static bool ptrace_reaches(long *memory, bool writable)
{
	pid_t child = fork();
	long word;
	bool good;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	good = child > 0 && waitpid(child, NULL, 0) == child;
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, child, memory, NULL);
	good = good && !errno && word == memory[0];
	if (writable)
		good = good && !ptrace(PTRACE_POKEDATA, child, memory, 4711) && memory[0] == 4711;
	else
		good = good && ptrace(PTRACE_POKEDATA, child, memory, ~word) &&
		       memory[0] == word;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return good;
}

static bool a_debugger_reaches_it(void)
{
	int mem = open("/proc/self/mem", O_RDWR);
	bool good = mem >= 0;

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		int prot = PROT_READ | (blocks[i].writable ? PROT_WRITE : 0);
		int node = choose(blocks[i].name), buf = export(node, O_RDWR);
		char *memory = map(node, blocks[i].size, prot, 0);
		char *shared = map(buf, blocks[i].size, prot, 0);
		bool this = memory != MAP_FAILED && shared != MAP_FAILED &&
			    mem_reaches(mem, memory, blocks[i].size, blocks[i].writable) &&
			    mem_reaches(mem, shared, blocks[i].size, blocks[i].writable) &&
			    process_vm_reaches(memory, blocks[i].size, blocks[i].writable) &&
			    ptrace_reaches((long *)memory, blocks[i].writable) &&
			    ptrace_reaches((long *)shared, blocks[i].writable) &&
			    driver_sees(node, memory, blocks[i].size) && ledger_is_right();

		if (!this)
			printf("# %s: %s\n", blocks[i].name, strerror(errno));
		good = good && this;
		munmap(memory, blocks[i].size);
		munmap(shared, blocks[i].size);
		close(buf);
		close(node);
	}
	close(mem);
	return good;
}

/* How a child ends, or what it unmaps before. */
enum end { EXIT, KILL, UNMAP_HALF };

static bool child_ends(enum end end)
{
	int node = choose("frame"), status;
	char *memory = map(node, blocks[FRAME].size, PROT_READ | PROT_WRITE, 0);
	pid_t child = memory == MAP_FAILED ? -1 : fork();

	if (child < 0)
		return false;
	if (!child) {
		fill((__u32 *)memory, blocks[FRAME].size, end);
		if (end == UNMAP_HALF)
			munmap(memory, blocks[FRAME].size / 2);
		if (end == KILL)
			kill(getpid(), SIGKILL);
		_exit(0);
	}
	waitpid(child, &status, 0);
	/* The parent's mapping still works. */
	status = driver_sees(node, memory, blocks[FRAME].size) &&
		 mapped_as(memory, blocks[FRAME].size, WC, true);
	munmap(memory, blocks[FRAME].size);
	close(node);
	return status;
}

static bool other_processes_come_and_go(void)
{
	return child_ends(EXIT) && child_ends(KILL) && child_ends(UNMAP_HALF);
}

/* The limits of a device. */
struct device {
	unsigned int bits;	/* of an address */
	unsigned int segment;	/* bytes of a segment, at most */
	unsigned long boundary;	/* a segment does not cross, as a mask */
};

static const struct device reaches_all = { 64, UINT_MAX, ULONG_MAX };

/* Was the guest booted so that each device gets a copy? */
static bool copies_are_forced(void)
{
	int file = open("/proc/cmdline", O_RDONLY);
	char line[2048] = "";
	bool forced = file >= 0 && read(file, line, sizeof(line) - 1) > 0 &&
		      strstr(line, "swiotlb=force");

	close(file);
	return forced;
}

/* Into how few segments can a device get memory? */
static unsigned int segments_for(unsigned long first, size_t size, const struct device *device)
{
	size_t max = device->segment < PAGE ? device->segment : device->segment & -PAGE;
	unsigned long at = first * PAGE, end = at + size;
	unsigned int nr = 0;

	while (at < end) {
		unsigned long rest = ~at & device->boundary;
		unsigned long length = end - at < max ? end - at : max;

		at += (length - 1 < rest ? length - 1 : rest) + 1;
		nr++;
	}
	return nr;
}

/*
 * An importer gets the whole block, in as few segments as its device takes; if the device
 * does not reach the block, a copy. Nothing goes lost on the way.
 */
static bool imported(int buf, unsigned long first, size_t size, bool writable,
		     const struct device *device)
{
	bool copied = copies_are_forced() ||
		      (device->bits < 64 && (first * PAGE + size - 1) >> device->bits);
	int import = open("/sys/kernel/debug/contigmem_audit/import", O_RDWR), vmap = 1;
	unsigned int segments = 0, longest = 0, crossing = 1;
	unsigned long long address = 0;
	char text[256] = "", lost[32];
	size_t bytes = 0;
	bool good;

	snprintf(text, sizeof(text), "%d %u %u %lx", buf, device->bits, device->segment,
		 device->boundary);
	if (import < 0 || write(import, text, strlen(text)) < 0 ||
	    read(import, text, sizeof(text) - 1) < 0 ||
	    sscanf(text, "segments=%u dma=%llx longest=%u crossing=%u bytes=%zu vmap=%d lost=%31s",
		   &segments, &address, &longest, &crossing, &bytes, &vmap, lost) != 7) {
		printf("# import by %u bits, %u bytes, boundary %#lx: %s\n", device->bits,
		       device->segment, device->boundary, strerror(errno));
		close(import);
		return false;
	}
	close(import);
	good = bytes == size && longest <= device->segment && !crossing &&
	       vmap == (writable ? 0 : -EINVAL) && !strcmp(lost, "none");
	if (copied)
		good = good && address != first * PAGE;
	else
		good = good && address == first * PAGE &&
		       segments == segments_for(first, size, device);
	if (!good)
		printf("# import by %u bits, %u bytes, boundary %#lx: %s", device->bits,
		       device->segment, device->boundary, text);
	return good;
}

static bool a_dma_buf_is_the_block(void)
{
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		int prot = PROT_READ | (blocks[i].writable ? PROT_WRITE : 0);
		int node = choose(blocks[i].name), buf = export(node, O_RDWR | O_CLOEXEC);
		char *direct = map(node, blocks[i].size, prot, 0);
		char *memory = map(buf, blocks[i].size, prot, 0);
		bool this = direct != MAP_FAILED && memory != MAP_FAILED &&
			    lseek(buf, 0, SEEK_END) == (off_t)blocks[i].size;

		if (this && blocks[i].writable)
			fill((__u32 *)memory, blocks[i].size, 100 + i);
		this = this && !memcmp(memory, direct, blocks[i].size) &&
		       driver_sees(node, memory, blocks[i].size) &&
		       mapped_as(memory, blocks[i].size, blocks[i].type, blocks[i].writable) &&
		       frame_of(memory) == frame_of(direct) &&
		       imported(buf, frame_of(direct), blocks[i].size, blocks[i].writable,
				&reaches_all) &&
		       ledger_is_right();
		if (!this)
			printf("# %s: %s\n", blocks[i].name, strerror(errno));
		good = good && this;
		munmap(memory, blocks[i].size);
		munmap(direct, blocks[i].size);
		close(buf);
		close(node);
	}
	return good && !listed("users=");
}

static bool a_dma_buf_allows_no_more_than_the_block(void)
{
	int node = choose("table"), buf = export(node, O_RDWR), only = export(node, O_RDONLY);
	size_t size = blocks[TABLE].size;
	bool good = buf >= 0 && only >= 0 &&
		    map(buf, PAGE, PROT_READ | PROT_WRITE, 0) == MAP_FAILED && errno == EACCES &&
		    map(buf, size + PAGE, PROT_READ, 0) == MAP_FAILED && errno == EINVAL &&
		    map(buf, PAGE, PROT_READ, size) == MAP_FAILED && errno == EINVAL &&
		    map(only, PAGE, PROT_READ | PROT_WRITE, 0) == MAP_FAILED && errno == EACCES &&
		    map(buf, PAGE, PROT_READ | PROT_EXEC, 0) == MAP_FAILED;

	close(buf);
	close(only);
	good = good && export(node, O_RDWR | O_APPEND) < 0 && errno == EINVAL &&
	       export(node, -1) < 0 && errno == EINVAL && !listed("users=");
	close(node);
	return good;
}

/* The block named so is imported by each of the devices, as long as @beyond has frames. */
static bool is_imported(const char *name, const struct device *devices, unsigned int nr,
			unsigned long beyond)
{
	int node = choose(name), buf = export(node, O_RDWR);
	size_t size = lseek(buf, 0, SEEK_END);
	char *memory = map(buf, size, PROT_READ, 0);
	unsigned long first = memory == MAP_FAILED ? 0 : frame_of(memory);
	bool good = first;

	if (good && first < beyond)
		printf("# %s: at frame %#lx\n", name, first);
	for (unsigned int i = 0; i < nr && good && first >= beyond; i++)
		good = imported(buf, first, size, true, &devices[i]) && ledger_is_right();
	munmap(memory, size);
	close(buf);
	close(node);
	return good;
}

static bool a_device_gets_what_it_takes(void)
{
	static const struct device devices[] = {
		{ 64, 64 << 10, ULONG_MAX },
		{ 64, 100000, ULONG_MAX },
		{ 64, 2048, ULONG_MAX },
		{ 64, UINT_MAX, 0xffff },
		{ 64, 192 << 10, 0x1ffff },
		{ 64, UINT_MAX, UINT_MAX },
	};

	return is_imported("ring", devices, ARRAY_SIZE(devices), 0) &&
	       is_imported("frame", devices, ARRAY_SIZE(devices), 0) &&
	       is_imported("mailbox", devices, ARRAY_SIZE(devices), 0) &&
	       is_imported("high", devices, ARRAY_SIZE(devices), 0);
}

/* On a machine with memory beyond 32 bits; elsewhere there is nothing to test. */
static bool a_device_of_32_bits_reaches_all(void)
{
	static const struct device devices[] = {
		{ 32, UINT_MAX, ULONG_MAX },
		{ 32, UINT_MAX, UINT_MAX },
		{ 32, 64 << 10, ULONG_MAX },
		{ 32, UINT_MAX, 0xffff },
	};
	static const struct device low = { 32, UINT_MAX, ULONG_MAX };
	unsigned long beyond = (1UL << 32) / PAGE;

	return is_imported("high", devices, ARRAY_SIZE(devices), beyond) &&
	       is_imported("high-uc", devices, ARRAY_SIZE(devices), beyond) &&
	       is_imported("high-wc", devices, ARRAY_SIZE(devices), beyond) &&
	       is_imported("ring", &low, 1, 0);
}

/* Frees the driver's mailbox: no later test can use it. */
static bool a_freed_block_stays_while_a_dma_buf_has_it(void)
{
	int node = choose("mailbox"), buf = export(node, O_RDWR), status = -1;
	bool good = buf >= 0 && listed(" users=1\n") && write(node, "free", 4) == 4 &&
		    listed(" freed users=1\n") && export(node, O_RDWR) < 0 && errno == ENOENT;
	pid_t child;

	close(node);
	child = good ? fork() : -1;
	if (!child) {
		char *memory = map(buf, PAGE, PROT_READ | PROT_WRITE, 0);

		if (memory == MAP_FAILED)
			_exit(1);
		close(buf);
		memory[7] = 7;
		_exit(!mapped_as(memory, PAGE, UC_MINUS, true));
	}
	good = good && waitpid(child, &status, 0) == child && !status && ledger_is_right();
	if (good) {
		char *memory = map(buf, PAGE, PROT_READ, 0);

		/* The mapping alone keeps the block as well. */
		close(buf);
		good = memory != MAP_FAILED && memory[7] == 7 && listed(" freed users=1\n") &&
		       ledger_is_right() && !munmap(memory, PAGE) && is_gone() &&
		       !listed("users=") && ledger_is_right();
	}
	return good;
}

/* Frees the driver's frame buffer: no later test can use it. */
static bool a_freed_block_stays_while_it_is_mapped(void)
{
	int node = choose("frame");
	char *memory = map(node, blocks[FRAME].size, PROT_READ | PROT_WRITE, 0);
	bool good = memory != MAP_FAILED && !listed("users=") && !listed("freed") &&
		    write(node, "free", 4) == 4 && listed(" freed\n");

	if (good) {
		fill((__u32 *)memory, blocks[FRAME].size, 5);
		good = memory[0] == 5 && mapped_as(memory, blocks[FRAME].size, WC, true) &&
		       map(node, PAGE, PROT_READ, 0) == MAP_FAILED && errno == ENOENT &&
		       !munmap(memory, blocks[FRAME].size / 2) && listed(" freed\n") &&
		       ledger_is_right() &&
		       !munmap(memory + blocks[FRAME].size / 2, blocks[FRAME].size / 2) &&
		       is_gone();
	}
	close(node);
	return good;
}

/* Frees the driver's block "pinned": no later test can use it. */
static bool a_freed_block_stays_while_a_page_is_pinned(void)
{
	static const char ours[16] = "held by a pipe";
	int node = choose("pinned"), ends[2];
	size_t size = 64 << 10;
	char *memory = map(node, size, PROT_READ | PROT_WRITE, 0), text[16];
	struct iovec last = { memory + size - 16, 16 };
	bool good = memory != MAP_FAILED && !pipe(ends);

	if (!good)
		return false;
	memcpy(memory + size - 16, ours, 16);
	good = vmsplice(ends[1], &last, 1, 0) == 16 && write(node, "free", 4) == 4 &&
	       !munmap(memory, size) && listed(" freed\n");
	/* Longer than the worker's period. */
	usleep(500000);
	good = good && listed(" freed\n") && ledger_is_right() &&
	       read(ends[0], text, 16) == 16 && !memcmp(text, ours, 16) && is_gone();
	close(ends[0]);
	close(ends[1]);
	close(node);
	return good;
}

/* Did the driver's operations run so often since the counts were taken? */
static bool counted(int node, const int before[2], int opens, int closes)
{
	int opened = ioctl(node, CLIENT_OPENS) - before[0];
	int closed = ioctl(node, CLIENT_CLOSES) - before[1];

	if (opened == opens && closed == closes)
		return true;
	printf("# %d opens and %d closes instead of %d and %d\n", opened, closed, opens, closes);
	return false;
}

/* A child inherits the mapping, unmaps a page, sees the block, and ends. */
static bool child_uses(char *memory, bool killed)
{
	int status = -1;
	pid_t child = fork();

	if (!child) {
		bool good = !munmap(memory, PAGE) && memory[PAGE] == 1;

		if (killed && good)
			kill(getpid(), SIGKILL);
		_exit(!good);
	}
	return child > 0 && waitpid(child, &status, 0) == child &&
	       (killed ? WIFSIGNALED(status) : !status);
}

/*
 * A driver with operations of its own for the mapping. Frees the block: no later test can
 * use it.
 */
static bool a_driver_keeps_its_operations(const char *path, const char *name, enum type type)
{
	int node = open(path, O_RDWR), other = choose("ring");
	int before[2] = { ioctl(other, CLIENT_OPENS), ioctl(other, CLIENT_CLOSES) };
	/* Four pages of 16 KiB: a part that the child halves, a hole, and the rest. */
	size_t size = 64 << 10, part = 2 * PAGE, rest = part + PAGE;
	bool good = node >= 0 && !ioctl(node, CLIENT_CHOOSE, name);
	char *memory = good ? map(node, size, PROT_READ | PROT_WRITE, 0) : MAP_FAILED;

	if (memory == MAP_FAILED)
		return false;
	memset(memory, 1, size);
	good = counted(other, before, 0, 0) && mapped_as(memory, size, type, true) &&
	       ledger_is_right() &&
	       /* Two parts remain. */
	       !munmap(memory + part, PAGE) && counted(other, before, 2, 1) &&
	       !listed("freed") && write(node, "free", 4) == 4 && listed(" freed\n") &&
	       /* A child gets both, and a third when it unmaps a page; it ends with two. */
	       child_uses(memory, false) && counted(other, before, 5, 4) &&
	       child_uses(memory, true) && counted(other, before, 8, 7) &&
	       mapped_as(memory, part, type, true) && listed(" freed\n") && ledger_is_right();
	close(node);
	good = good && !munmap(memory, part) && counted(other, before, 8, 8) &&
	       listed(" freed\n") && mapped_as(memory + rest, size - rest, type, true) &&
	       memory[size - 1] == 1 && !munmap(memory + rest, size - rest) &&
	       counted(other, before, 8, 9) && is_gone();
	close(other);
	return good;
}

static bool operations_set_afterwards_run(void)
{
	return a_driver_keeps_its_operations("/dev/contigmem_client_after", "after", WB);
}

static bool operations_set_before_run(void)
{
	return a_driver_keeps_its_operations("/dev/contigmem_client_before", "before", WC);
}

static const struct {
	const char *name;
	bool (*run)(void);
} tests[] = {
	{ "holds what is written, in each cache type", holds_what_is_written },
	{ "a part can be mapped", a_part_can_be_mapped },
	{ "what is not in the block is refused", what_is_not_in_the_block_is_refused },
	{ "what it is not meant for is refused", what_it_is_not_meant_for_is_refused },
	{ "protection cannot be widened", protection_cannot_be_widened },
	{ "protection comes and goes", protection_comes_and_goes },
	{ "what is open for reading can be read", what_is_open_for_reading_can_be_read },
	{ "implied exec is no obstacle", implied_exec_is_no_obstacle },
	{ "a debugger reaches it", a_debugger_reaches_it },
	{ "other processes come and go", other_processes_come_and_go },
	{ "a dma-buf is the block", a_dma_buf_is_the_block },
	{ "a dma-buf allows no more than the block", a_dma_buf_allows_no_more_than_the_block },
	{ "a device gets what it takes", a_device_gets_what_it_takes },
	{ "a device of 32 bits reaches all", a_device_of_32_bits_reaches_all },
	{ "operations set afterwards run", operations_set_afterwards_run },
	{ "operations set before run", operations_set_before_run },
	{ "a freed block stays while a page is pinned",
	  a_freed_block_stays_while_a_page_is_pinned },
	{ "a freed block stays while a dma-buf has it",
	  a_freed_block_stays_while_a_dma_buf_has_it },
	{ "a freed block stays while it is mapped", a_freed_block_stays_while_it_is_mapped },
};

int main(void)
{
	int failed = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	blocks[MAILBOX].size = PAGE;
	printf("TAP version 13\n1..%zu\n", ARRAY_SIZE(tests));
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		bool ok = tests[i].run();

		ok = ok && ledger_is_right();
		failed += !ok;
		printf("%sok %zu - %s\n", ok ? "" : "not ", i + 1, tests[i].name);
	}
	return failed > 0;
}
