/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between x86 and arm64 in the benchmark.
 */
#ifndef CONTIGMEM_BENCH_ARCH_H
#define CONTIGMEM_BENCH_ARCH_H

#include <linux/bits.h>
#include <linux/set_memory.h>
#include <linux/timex.h>
#include <linux/types.h>

#include "contigmem.h"

/*
 * A counter of which QEMU makes an instruction each, under -icount. That of arm64's timer counts
 * 16 of them at once, so its performance monitor counts there.
 */
#ifdef CONFIG_ARM64
#include <asm/barrier.h>
#include <asm/sysreg.h>

#define BENCH_PMCR_ENABLE	BIT(0)
#define BENCH_PMCR_LONG		BIT(6)
#define BENCH_PMCNTEN_CYCLES	BIT(31)

static inline void bench_cycles_start(void)
{
	write_sysreg(BENCH_PMCR_ENABLE | BENCH_PMCR_LONG, pmcr_el0);
	write_sysreg(0, pmccfiltr_el0);
	write_sysreg(BENCH_PMCNTEN_CYCLES, pmcntenset_el0);
	isb();
}

static inline u64 bench_cycles(void)
{
	return read_sysreg(pmccntr_el0);
}
#else
static inline void bench_cycles_start(void)
{
}

static inline u64 bench_cycles(void)
{
	return get_cycles();
}
#endif

/* Only x86 has a module change the type of the linear map. */
#ifdef CONFIG_X86
static inline int bench_set_memory(unsigned long vaddr, int nr, enum contigmem_cache cache)
{
	switch (cache) {
	case CONTIGMEM_UNCACHED:
		return set_memory_uc(vaddr, nr);
	case CONTIGMEM_WRITECOMBINE:
		return set_memory_wc(vaddr, nr);
	default:
		return set_memory_wb(vaddr, nr);
	}
}
#else
static inline int bench_set_memory(unsigned long vaddr, int nr, enum contigmem_cache cache)
{
	return -EOPNOTSUPP;
}
#endif

#endif /* CONTIGMEM_BENCH_ARCH_H */
