/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common functions of the suites: blocks compared with their request and the page tables,
 * and random numbers that a seed reproduces.
 */
#ifndef CONTIGMEM_TESTS_SUITES_H
#define CONTIGMEM_TESTS_SUITES_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/prandom.h>
#include <linux/types.h>

#include "compat.h"
#include "contigmem.h"

extern struct kunit_suite placement_suite;
extern struct kunit_suite window_suite;
extern struct kunit_suite alloc_suite;
extern struct kunit_suite errors_suite;
extern struct kunit_suite wdm_suite;
extern struct kunit_suite header_suite;
extern struct kunit_suite mdl_suite;
extern struct kunit_suite wdk_suite;
extern struct kunit_suite shapes_suite;
extern struct kunit_suite random_suite;
extern struct kunit_suite arena_suite;
extern struct kunit_suite magazine_suite;
extern struct kunit_suite partition_suite;
extern struct kunit_suite tags_suite;
extern struct kunit_suite device_suite;
extern struct kunit_suite context_suite;
extern struct kunit_suite faults_suite;
extern struct kunit_suite threads_suite;
extern struct kunit_suite fragment_suite;
extern struct kunit_suite oracle_suite;
extern struct kunit_suite query_suite;

/* A size that is no power of two, and an alignment that is larger. */
#define TEST_ODD_ALIGN	SZ_1M
#define TEST_ODD_SIZE	(3 * PAGE_SIZE)

extern unsigned int test_scale;
void test_skip_left_out(struct kunit *test, const char *suite);
unsigned int test_share(unsigned int all, unsigned int least);
void test_random_start(struct kunit *test, struct rnd_state *rnd);
u64 test_random_u64(struct rnd_state *rnd);
u32 test_random_below(struct rnd_state *rnd, u32 limit);
size_t test_random_size(struct rnd_state *rnd, size_t largest);

unsigned long test_free_pages_of(int nid);
void test_drain_lists(void);

int test_swap_file(const char *path, const char *value, char *before, size_t size);
int test_swap_debugfs(const char *path, const char *value, char *before, size_t size);
void test_set_file(struct kunit *test, const char *path, const char *value);
unsigned int test_set_parameter(struct kunit *test, const char *name, unsigned int value);
void test_expect_warning(const char *text);
const char *test_text(struct kunit *test, const struct contigmem_request *req, gfp_t gfp);

void test_check_type(struct kunit *test, phys_addr_t phys, size_t size,
		     enum contigmem_cache cache);
bool test_has_type(const void *vaddr, const struct contigmem_request *req);
void test_check_type_ends(struct kunit *test, phys_addr_t phys, size_t size);
void test_audit(struct kunit *test);
unsigned long test_settled(struct kunit *test, unsigned long frames);
void test_check_gone(struct kunit *test, const struct contigmem_info *info);
void test_check_block(struct kunit *test, const void *vaddr,
		      const struct contigmem_request *req, gfp_t gfp);

void test_query(struct kunit *test, const struct contigmem_request *req, gfp_t gfp,
		enum contigmem_reason reason, struct contigmem_answer *answer);
void test_largest(struct kunit *test, const struct contigmem_request *req, gfp_t gfp);
void test_keep(struct kunit *test, void *vaddr);
void test_forget(const void *vaddr);
void *test_alloc(struct kunit *test, const struct contigmem_request *req, gfp_t gfp);
void test_free(struct kunit *test, void *vaddr);
phys_addr_t test_phys(struct kunit *test, const void *vaddr);
void *test_alloc_near(struct kunit *test, const struct contigmem_request *shape,
		      phys_addr_t *base);
unsigned long test_mapped_by(struct kunit *test, phys_addr_t phys);
phys_addr_t test_memory_start(void);
phys_addr_t test_low_end(void);
bool test_describe_frame(unsigned long pfn, struct contigmem_info *info);
int test_node_without(phys_addr_t high);
void test_thread(struct kunit *test, int (*function)(void *data), void *data,
		 struct completion *done);
int test_suite_init(struct kunit_suite *suite);
void test_suite_exit(struct kunit_suite *suite);
void test_enter_process(struct kunit *test);
void test_leave_process(void);
int test_init(struct kunit *test);
void test_exit(struct kunit *test);

#endif /* CONTIGMEM_TESTS_SUITES_H */
