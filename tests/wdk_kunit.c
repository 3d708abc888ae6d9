// SPDX-License-Identifier: GPL-2.0
/*
 * What contigmem_wdk.h adds: pool, IRQLs, spin locks, assertions.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "suites.h"
#include "contigmem_wdk.h"

#define TAG	0x6f6d6544	/* "Demo" */

static const SIZE_T sizes[] = {
	1, 15, 16, 17, 96, 100, 192, 200, 1000, 2049, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1,
	3 * PAGE_SIZE, SZ_64K + 1, SZ_1M, SZ_8M,
};

static bool has_place(PVOID memory, SIZE_T bytes)
{
	if (bytes >= PAGE_SIZE)
		return PAGE_ALIGNED(memory);
	return !((ULONG_PTR)memory % 16) && BYTE_OFFSET(memory) + bytes <= PAGE_SIZE;
}

static void pool_is_aligned_and_crosses_no_page(struct kunit *test)
{
	PVOID memory[64];
	int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int nr = sizes[i] > PAGE_SIZE ? 2 : ARRAY_SIZE(memory);

		for (j = 0; j < nr; j++) {
			memory[j] = ExAllocatePoolWithTag(NonPagedPool, sizes[i], TAG);
			KUNIT_EXPECT_NOT_NULL_MSG(test, memory[j], "%#zx", sizes[i]);
			if (memory[j]) {
				KUNIT_EXPECT_TRUE_MSG(test, has_place(memory[j], sizes[i]), "%#zx",
						      sizes[i]);
				RtlFillMemory(memory[j], sizes[i], j);
			}
		}
		while (j--) {
			if (memory[j])
				KUNIT_EXPECT_NULL(test, memchr_inv(memory[j], j, sizes[i]));
			if (j % 2)
				ExFreePoolWithTag(memory[j], TAG);
			else
				ExFreePool(memory[j]);
		}
	}
}

static void pool_is_zeroed_as_documented(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		PUCHAR memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizes[i], TAG);

		KUNIT_ASSERT_NOT_NULL(test, memory);
		KUNIT_EXPECT_NULL(test, memchr_inv(memory, 0, sizes[i]));
		memset(memory, 0x5a, sizes[i]);
		ExFreePoolWithTag(memory, TAG);

		memory = ExAllocatePoolWithTag((POOL_TYPE)(PagedPool | POOL_ZERO_ALLOCATION),
					       sizes[i], TAG);
		KUNIT_ASSERT_NOT_NULL(test, memory);
		KUNIT_EXPECT_NULL(test, memchr_inv(memory, 0, sizes[i]));
		ExFreePool(memory);

		memory = ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_UNINITIALIZED |
					 POOL_FLAG_CACHE_ALIGNED, sizes[i], TAG);
		KUNIT_ASSERT_NOT_NULL(test, memory);
		KUNIT_EXPECT_EQ(test, (ULONG_PTR)memory % L1_CACHE_BYTES, 0UL);
		ExFreePool(memory);
	}
}

static void pool_is_refused(struct kunit *test)
{
	static const ULONG64 flags[] = {
		0, POOL_FLAG_UNINITIALIZED, POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED,
		POOL_FLAG_NON_PAGED_EXECUTE, POOL_FLAG_NON_PAGED | POOL_FLAG_RAISE_ON_FAILURE,
		POOL_FLAG_NON_PAGED | POOL_FLAG_SESSION, POOL_FLAG_NON_PAGED | BIT_ULL(63),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		KUNIT_EXPECT_NULL_MSG(test, ExAllocatePool2(flags[i], 64, TAG), "%#llx", flags[i]);
	KUNIT_EXPECT_NULL(test, ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, 0));
	KUNIT_EXPECT_NULL(test, ExAllocatePool2(POOL_FLAG_NON_PAGED, 0, TAG));
	KUNIT_EXPECT_NULL(test, ExAllocatePoolWithTag(NonPagedPoolNx, 0, TAG));
	KUNIT_EXPECT_NULL(test, ExAllocatePoolWithTag(NonPagedPoolNx, SIZE_MAX, TAG));
	KUNIT_EXPECT_NULL(test, ExAllocatePoolWithTag((POOL_TYPE)POOL_RAISE_IF_ALLOCATION_FAILURE,
						      64, TAG));
	ExFreePool(NULL);
	ExFreePoolWithTag(NULL, TAG);
}

static void pool_under_a_lock(struct kunit *test)
{
	PVOID area = ExAllocatePoolWithTag(NonPagedPool, SZ_8M, TAG), memory;
	KSPIN_LOCK lock;
	KIRQL irql;

	KUNIT_ASSERT_NOT_NULL(test, area);
	KeInitializeSpinLock(&lock);
	KeAcquireSpinLock(&lock, &irql);
	memory = ExAllocatePoolWithTag(NonPagedPool, 1000, TAG);
	ExFreePool(memory);
	/* This one is vmalloc()'s: a worker frees it. */
	ExFreePool(area);
	KeReleaseSpinLock(&lock, irql);
	KUNIT_EXPECT_NOT_NULL(test, memory);
}

static void irql_is_raised_and_lowered(struct kunit *test)
{
	static const KIRQL levels[] = { PASSIVE_LEVEL, DISPATCH_LEVEL, HIGH_LEVEL };
	KIRQL seen[ARRAY_SIZE(levels)], old, before, again;
	bool softirqs, interrupts;
	int i;

	KUNIT_ASSERT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		KeRaiseIrql(levels[i], &old);
		seen[i] = KeGetCurrentIrql();
		softirqs = !in_softirq();
		interrupts = !irqs_disabled();
		KeLowerIrql(old);
		KUNIT_EXPECT_EQ(test, seen[i], levels[i]);
		KUNIT_EXPECT_EQ(test, softirqs, levels[i] < DISPATCH_LEVEL);
		KUNIT_EXPECT_EQ(test, interrupts, levels[i] < HIGH_LEVEL);
		KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	}
	/* One inside of the other, and the same level twice. */
	old = KeRaiseIrqlToDpcLevel();
	KeRaiseIrql(DISPATCH_LEVEL, &again);
	KeRaiseIrql(HIGH_LEVEL, &before);
	KeLowerIrql(before);
	seen[0] = KeGetCurrentIrql();
	KeLowerIrql(again);
	seen[1] = KeGetCurrentIrql();
	KeLowerIrql(old);
	KUNIT_EXPECT_EQ(test, seen[0], DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, seen[1], DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static DECLARE_COMPLETION(dpc_done);
static KIRQL dpc_irql;

static void dpc(struct tasklet_struct *unused)
{
	dpc_irql = KeGetCurrentIrql();
	complete(&dpc_done);
}

static void a_tasklet_is_at_dispatch_level(struct kunit *test)
{
	struct tasklet_struct tasklet;

	reinit_completion(&dpc_done);
	tasklet_setup(&tasklet, dpc);
	tasklet_schedule(&tasklet);
	wait_for_completion(&dpc_done);
	tasklet_kill(&tasklet);
	KUNIT_EXPECT_EQ(test, dpc_irql, DISPATCH_LEVEL);
}

/* A machine with one processor has nothing to lock. */
static void spin_locks_are_held(struct kunit *test)
{
	KSPIN_LOCK lock;
	KIRQL irql, inside;
	bool held, free;

	KeInitializeSpinLock(&lock);
	KeAcquireSpinLock(&lock, &irql);
	held = spin_is_locked(&lock) || !IS_ENABLED(CONFIG_SMP);
	inside = KeGetCurrentIrql();
	KeReleaseSpinLock(&lock, irql);
	free = !spin_is_locked(&lock);
	KUNIT_EXPECT_TRUE(test, held && free);
	KUNIT_EXPECT_EQ(test, irql, PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, inside, DISPATCH_LEVEL);

	irql = KeRaiseIrqlToDpcLevel();
	KeAcquireSpinLockAtDpcLevel(&lock);
	held = spin_is_locked(&lock) || !IS_ENABLED(CONFIG_SMP);
	KeReleaseSpinLockFromDpcLevel(&lock);
	KeLowerIrql(irql);
	KUNIT_EXPECT_TRUE(test, held);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* Not a checked build: the condition is compiled and not evaluated. */
static void assertions_say_nothing_in_a_free_build(struct kunit *test)
{
	int evaluated = 0;

	ASSERT(evaluated++);
	NT_ASSERT(evaluated++);
	KdPrint(("%d\n", evaluated++));
	KUNIT_EXPECT_EQ(test, evaluated, 0);
	PAGED_CODE();
	KeMemoryBarrier();
	KeStallExecutionProcessor(1);
	KUNIT_EXPECT_EQ(test, KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS),
			num_online_cpus());
	KUNIT_EXPECT_LT(test, KeGetCurrentProcessorNumber(), (ULONG)nr_cpu_ids);
}

static struct kunit_case wdk_cases[] = {
	KUNIT_CASE(pool_is_aligned_and_crosses_no_page),
	KUNIT_CASE(pool_is_zeroed_as_documented),
	KUNIT_CASE(pool_is_refused),
	KUNIT_CASE(pool_under_a_lock),
	KUNIT_CASE(irql_is_raised_and_lowered),
	KUNIT_CASE(a_tasklet_is_at_dispatch_level),
	KUNIT_CASE(spin_locks_are_held),
	KUNIT_CASE(assertions_say_nothing_in_a_free_build),
	{}
};

struct kunit_suite wdk_suite = {
	.name = "contigmem_wdk",
	.init = test_init,
	.exit = test_exit,
	.test_cases = wdk_cases,
};
