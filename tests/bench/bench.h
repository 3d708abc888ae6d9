/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common declarations of the benchmark.
 */
#ifndef CONTIGMEM_BENCH_H
#define CONTIGMEM_BENCH_H

#include <linux/types.h>

#include "contigmem.h"

struct page;

/**
 * struct bench_job - the request to all peers
 * @place: name of the constraints below
 * @low: first acceptable byte
 * @high: last acceptable byte, inclusive
 * @boundary: as in struct contigmem_request
 * @size: bytes, a power of two
 * @cache: cache type
 * @range: first frame of a reserved range of this size within the constraints; 0 if there
 *	is none
 */
struct bench_job {
	const char *place;
	phys_addr_t low;
	phys_addr_t high;
	phys_addr_t boundary;
	size_t size;
	enum contigmem_cache cache;
	unsigned long range;
};

/**
 * struct bench_block - a block of a peer
 * @page: its first page
 * @vaddr: its address
 * @handle: its address for the DMA API
 */
struct bench_block {
	struct page *page;
	void *vaddr;
	dma_addr_t handle;
};

/**
 * enum bench_fit - can a peer serve a job?
 * @BENCH_CANNOT: no
 * @BENCH_ELSEWHERE: size and type, but not the range
 * @BENCH_MEETS: yes
 */
enum bench_fit { BENCH_CANNOT, BENCH_ELSEWHERE, BENCH_MEETS };

/**
 * struct bench_peer - a way to get contiguous memory
 * @name: in the results
 * @fit: can it serve a job?
 * @get: allocates a block; false if refused
 * @put: frees the block
 * @before: called before each @get, not measured; optional
 * @after: called after each @put, not measured; optional
 */
struct bench_peer {
	const char *name;
	enum bench_fit (*fit)(const struct bench_job *job);
	bool (*get)(const struct bench_job *job, struct bench_block *block);
	void (*put)(const struct bench_job *job, const struct bench_block *block);
	void (*before)(const struct bench_job *job);
	void (*after)(const struct bench_job *job);
};

#define BENCH_NR_PEERS	9

/* The first is contigmem. */
extern const struct bench_peer bench_peers[BENCH_NR_PEERS];
extern struct contigmem_verdict bench_verdict;	/* of the last request to contigmem that asked */
extern bool bench_wants_verdict;

const struct bench_peer *bench_peer_of(const char *name);
bool bench_reserve_range(struct bench_job *job);
void bench_release_range(struct bench_job *job);
int bench_peers_init(void);
void bench_peers_exit(void);

int bench_spoil(unsigned int period, unsigned int gap_mib);
int bench_pin(unsigned long start, unsigned long bytes, unsigned long step);
void bench_mend(void);

int bench_take(const struct bench_job *job);
int bench_scatter(const struct bench_job *job);
int bench_drain(const struct bench_job *job);
int bench_keep(const struct bench_job *job, unsigned int count, unsigned int period);
int bench_drive(void);
void bench_uncrowd(void);

int bench_ask(unsigned int window_mib, unsigned long kib, unsigned int round);

int bench_threads(const char *peer, const char *where, unsigned int threads,
		  unsigned int operations);

u64 bench_cycles_since(u64 start);
void bench_sort(u64 *samples, unsigned int nr);
u64 bench_percentile(const u64 *samples, unsigned int nr, unsigned int percent);
int bench_drop_idle(void);
__printf(1, 2) void bench_row(const char *format, ...);

#endif /* CONTIGMEM_BENCH_H */
