/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stands beside the memory calls in nearly every Windows driver: pool, IRQLs, spin
 * locks, assertions, messages. Written from Microsoft's public documentation, thin over
 * what the kernel has.
 */
#ifndef CONTIGMEM_WDK_H
#define CONTIGMEM_WDK_H

#include <linux/bottom_half.h>
#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <asm/barrier.h>

#include "contigmem_wdm.h"

/* Kernel memory of Linux is never paged, and never executable: all types are the same. */
typedef enum _POOL_TYPE {
	NonPagedPool = 0,
	NonPagedPoolExecute = 0,
	PagedPool = 1,
	NonPagedPoolCacheAligned = 4,
	PagedPoolCacheAligned = 5,
	NonPagedPoolNx = 512,
	NonPagedPoolNxCacheAligned = 516
} POOL_TYPE;

#define POOL_RAISE_IF_ALLOCATION_FAILURE	16
#define POOL_COLD_ALLOCATION			256
#define POOL_NX_ALLOCATION			512
#define POOL_ZERO_ALLOCATION			1024

#define POOL_FLAG_USE_QUOTA			0x001ULL
#define POOL_FLAG_UNINITIALIZED			0x002ULL
#define POOL_FLAG_SESSION			0x004ULL
#define POOL_FLAG_CACHE_ALIGNED			0x008ULL
#define POOL_FLAG_RAISE_ON_FAILURE		0x020ULL
#define POOL_FLAG_NON_PAGED			0x040ULL
#define POOL_FLAG_NON_PAGED_EXECUTE		0x080ULL
#define POOL_FLAG_PAGED				0x100ULL

PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
PVOID ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag);
void ExFreePoolWithTag(PVOID Memory, ULONG Tag);
#define ExAllocatePool(type, bytes)		ExAllocatePoolWithTag(type, bytes, 0)

/*
 * A checked build (DBG=1) has assertions and messages. Formats are printk()'s: %I64x is %llx,
 * %wZ has no equal.
 */
#ifndef DBG
#define DBG					0
#endif
#if DBG
#define ASSERT(condition)			WARN_ON_ONCE(!(condition))
#define KdPrint(arguments)			DbgPrint arguments
#else
#define ASSERT(condition)			((void)sizeof(!(condition)))
#define KdPrint(arguments)			((void)0)
#endif
#define NT_ASSERT(condition)			ASSERT(condition)
#define DbgPrint(format, ...)			printk(KERN_DEBUG format, ##__VA_ARGS__)
#define DbgPrintEx(component, level, format, ...)	DbgPrint(format, ##__VA_ARGS__)

typedef UCHAR KIRQL, *PKIRQL;

#define PASSIVE_LEVEL				0
#define APC_LEVEL				1
#define DISPATCH_LEVEL				2
#define HIGH_LEVEL				15

/*
 * What the processor may do, in the words of Windows: HIGH_LEVEL where interrupts are off,
 * DISPATCH_LEVEL where softirqs or preemption are, or in a softirq, else PASSIVE_LEVEL. There
 * are no APCs and no levels of devices. Without CONFIG_PREEMPT_COUNT a Linux spinlock is not
 * seen, KSPIN_LOCK is.
 */
static inline KIRQL KeGetCurrentIrql(void)
{
	if (in_hardirq() || irqs_disabled())
		return HIGH_LEVEL;
	if (in_softirq() || (IS_ENABLED(CONFIG_PREEMPT_COUNT) && preempt_count()))
		return DISPATCH_LEVEL;
	return PASSIVE_LEVEL;
}

/*
 * To DISPATCH_LEVEL: no softirq, and no other task without PREEMPT_RT, runs here. Above: no
 * interrupt. Must be lowered again by the same task, in reverse order.
 */
static inline void KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql)
{
	KIRQL old = KeGetCurrentIrql();

	*OldIrql = old;
	WARN_ON_ONCE(NewIrql < old);
	if (NewIrql >= DISPATCH_LEVEL && old < DISPATCH_LEVEL)
		local_bh_disable();
	if (NewIrql > DISPATCH_LEVEL && old <= DISPATCH_LEVEL)
		local_irq_disable();
}

static inline void KeLowerIrql(KIRQL NewIrql)
{
	KIRQL now = KeGetCurrentIrql();

	WARN_ON_ONCE(NewIrql > now);
	if (now > DISPATCH_LEVEL && NewIrql <= DISPATCH_LEVEL)
		local_irq_enable();
	if (now >= DISPATCH_LEVEL && NewIrql < DISPATCH_LEVEL)
		local_bh_enable();
}

static inline KIRQL KeRaiseIrqlToDpcLevel(void)
{
	KIRQL old = KeGetCurrentIrql();

	if (old < DISPATCH_LEVEL)
		local_bh_disable();
	return old;
}

#define PAGED_CODE()				might_sleep()

/* To be initialised: zeros are no lock for lockdep. */
typedef spinlock_t KSPIN_LOCK, *PKSPIN_LOCK;

#define KeInitializeSpinLock(lock)		spin_lock_init(lock)

static inline KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock) __acquires(SpinLock)
{
	KIRQL old = KeRaiseIrqlToDpcLevel();

	spin_lock(SpinLock);
	return old;
}

static inline void KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL OldIrql) __releases(SpinLock)
{
	spin_unlock(SpinLock);
	if (OldIrql < DISPATCH_LEVEL)
		local_bh_enable();
}

#define KeAcquireSpinLock(lock, old)		(*(old) = KeAcquireSpinLockRaiseToDpc(lock))
#define KeAcquireSpinLockAtDpcLevel(lock)	spin_lock(lock)
#define KeReleaseSpinLockFromDpcLevel(lock)	spin_unlock(lock)

#define KeMemoryBarrier()			mb()
#define KeStallExecutionProcessor(us)		udelay(us)

static inline ULONG KeGetCurrentProcessorNumber(void)
{
	return raw_smp_processor_id();
}

#define ALL_PROCESSOR_GROUPS			0xffff

/* All processors are of one group. */
static inline ULONG KeQueryActiveProcessorCountEx(USHORT GroupNumber)
{
	return GroupNumber && GroupNumber != ALL_PROCESSOR_GROUPS ? 0 : num_online_cpus();
}

#endif /* CONTIGMEM_WDK_H */
