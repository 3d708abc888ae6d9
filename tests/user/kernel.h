/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the kernel that the files of src/ proved in user space call, for one task.
 * scripts/prove includes this file before each of them, and gives them empty headers in
 * place of the kernel's and of src/compat.h.
 *
 * Written for this purpose: bits are set one by one, a page is a record of what each
 * question about it returns, and a misuse (a lock taken twice, a frame that does not exist)
 * ends the program. Another task is user_preempt(), see there.
 */
#ifndef CTGM_USER_KERNEL_H
#define CTGM_USER_KERNEL_H

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONFIG_MEMORY_FAILURE
#define CONFIG_ZONE_DMA
#define CONFIG_ZONE_DMA32

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef u64 phys_addr_t;
typedef u64 dma_addr_t;
typedef unsigned int gfp_t;
typedef unsigned long pgprot_t;

#define U64_MAX		ULLONG_MAX
#define SIZE_MAX	ULONG_MAX
#define BITS_PER_LONG	64
#define PAGE_SHIFT	12
#define PMD_SIZE	(8UL << PAGE_SHIFT)
#define SZ_64M		(64UL << 20)
#define HZ		250

#define __printf(a, b)		__attribute__((format(printf, a, b)))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define BIT(nr)			(1UL << (nr))
#define BITS_TO_LONGS(nr)	(((nr) + 63) / 64)
/* There is one task, so no barrier is needed. */
#define smp_store_release(p, value)	WRITE_ONCE(*(p), value)
#define __percpu
#define this_cpu_inc(value)	((value)++)
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define likely(x)		(x)
#define unlikely(x)		(x)
#define WRITE_ONCE(x, value)	((void)(*(volatile __typeof__(x) *)&(x) = (value)))
#define struct_size_t(type, member, n)	\
	(offsetof(type, member) + sizeof(((type *)0)->member[0]) * (n))
#define container_of(p, type, member)	((type *)((char *)(p) - offsetof(type, member)))
#define module_param(name, type, mode)
#define module_param_named(name, value, type, mode)
#define MODULE_PARM_DESC(name, text)

#define min(a, b)	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define max(a, b)	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })
#define clamp(x, low, high)	min(max(x, low), high)

/* What a test and the shims expect; prints and ends the program. */
#define user_check(ok, ...)	\
	do { if (!(ok)) user_fail(__FILE__, __LINE__, __VA_ARGS__); } while (0)

__printf(3, 4)
static inline void user_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s:%d: ", file, line);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	abort();
}

#define WARN_ONCE(bad, ...)	user_check(!(bad), __VA_ARGS__)
#define pr_err(...)		user_no_log(__VA_ARGS__)

__printf(1, 2)
static inline void user_no_log(const char *format, ...)
{
}

/* Numbers. @to and @size are powers of two; ALIGN() wraps at the top as the kernel's does. */

static inline unsigned long ALIGN_DOWN(unsigned long at, unsigned long to)
{
	return at - (at & (to - 1));
}

static inline unsigned long ALIGN(unsigned long at, unsigned long to)
{
	return ALIGN_DOWN(at + (to - 1), to);
}

static inline bool IS_ALIGNED(unsigned long at, unsigned long to)
{
	return !(at & (to - 1));
}

static inline bool time_after_eq(unsigned long a, unsigned long b)
{
	return (long)(a - b) >= 0;
}

static inline bool time_before(unsigned long a, unsigned long b)
{
	return !time_after_eq(a, b);
}

/* Random numbers from a seed: xorshift64*. */

static u64 user_seed = 1;

static inline u64 user_random(void)
{
	user_seed ^= user_seed >> 12;
	user_seed ^= user_seed << 25;
	user_seed ^= user_seed >> 27;
	return user_seed * 0x2545f4914f6cdd1d;
}

static inline unsigned long user_below(unsigned long end)
{
	return user_random() % end;
}

/* Strings */

static inline int match_string(const char * const *names, size_t nr, const char *text)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!strcmp(names[i], text))
			return i;
	}
	return -EINVAL;
}

static inline void strscpy(char *to, const char *from, size_t size)
{
	user_check(size, "no room for a string");
	snprintf(to, size, "%s", from);
}

/* Returns what it has written; snprintf() returns what it would have. */
__printf(3, 4)
static inline int scnprintf(char *to, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(to, size, format, args);
	va_end(args);
	return length < (long)size ? length : (long)size - !!size;
}

/* All of the text, but for one newline at its end, is the number; "+" may stand before it. */
static inline int kstrtou64(const char *text, unsigned int base, u64 *value)
{
	char *end;

	text += *text == '+';
	if (!(base == 16 ? isxdigit(*text) : isdigit(*text)))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, base);
	if (errno)
		return -ERANGE;
	return end[*end == '\n'] ? -EINVAL : 0;
}

static inline int kstrtoint(const char *text, unsigned int base, int *value)
{
	bool negative = *text == '-';
	u64 number;
	int error = kstrtou64(text + negative, base, &number);

	if (error)
		return error;
	if (number > (u64)INT_MAX + negative)
		return -ERANGE;
	*value = negative ? -number : number;
	return 0;
}

/* Bits */

static inline bool user_bit(const unsigned long *bits, unsigned long nr)
{
	return bits[nr / 64] >> nr % 64 & 1;
}

static inline bool __test_and_set_bit(unsigned long nr, unsigned long *bits)
{
	bool was = user_bit(bits, nr);

	bits[nr / 64] |= 1UL << nr % 64;
	return was;
}

static inline void bitmap_set(unsigned long *bits, unsigned long first, unsigned long nr)
{
	for (; nr--; first++)
		bits[first / 64] |= 1UL << first % 64;
}

static inline void bitmap_clear(unsigned long *bits, unsigned long first, unsigned long nr)
{
	for (; nr--; first++)
		bits[first / 64] &= ~(1UL << first % 64);
}

/* The bits beyond the last one of a bitmap have no meaning. */
static inline void bitmap_complement(unsigned long *to, const unsigned long *from,
				     unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < BITS_TO_LONGS(nr); i++)
		to[i] = ~from[i];
}

static inline unsigned long find_next_bit(const unsigned long *bits, unsigned long size,
					  unsigned long at)
{
	while (at < size && !user_bit(bits, at))
		at++;
	return min(at, size);
}

/* @size where there is none below. */
static inline unsigned long find_last_bit(const unsigned long *bits, unsigned long size)
{
	unsigned long at = size;

	while (at--) {
		if (user_bit(bits, at))
			return at;
	}
	return size;
}

static inline unsigned long find_next_zero_bit(const unsigned long *bits, unsigned long size,
					       unsigned long at)
{
	while (at < size && user_bit(bits, at))
		at++;
	return min(at, size);
}

/*
 * Another task, or an interrupt: called where a lock is about to be taken or was just
 * dropped, and none is held. A test sets it to do what others may do there.
 */
static void (*user_preempt)(void);
static unsigned int user_locks;	/* held now */

static inline void user_may_preempt(void)
{
	if (user_preempt && !user_locks)
		user_preempt();
}

typedef struct { bool held; } spinlock_t;
typedef spinlock_t raw_spinlock_t;
struct mutex { bool held; };

#define DEFINE_SPINLOCK(name)	spinlock_t name
#define DEFINE_MUTEX(name)	struct mutex name
#define lockdep_assert_held(lock)	user_check((lock)->held, "the lock is not held")
#define lockdep_is_held(lock)	((lock)->held)
#define preemptible()		(!user_locks)
#define in_hardirq()		false
#define IS_ENABLED(CONFIG_symbol)	false

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->held = false;
}

static inline void spin_lock_irq(spinlock_t *lock)
{
	user_may_preempt();
	user_check(!lock->held, "a lock is taken twice");
	lock->held = true;
	user_locks++;
}

static inline void spin_unlock_irq(spinlock_t *lock)
{
	user_check(lock->held, "a free lock is dropped");
	lock->held = false;
	user_locks--;
	user_may_preempt();
}

#define spin_lock_irqsave(lock, flags)		((void)((flags) = 0), spin_lock_irq(lock))
#define spin_unlock_irqrestore(lock, flags)	((void)(flags), spin_unlock_irq(lock))
#define raw_spin_lock_init(lock)	spin_lock_init(lock)
#define raw_spin_lock_irq(lock)		spin_lock_irq(lock)
#define raw_spin_unlock_irq(lock)	spin_unlock_irq(lock)
#define raw_spin_lock_irqsave(lock, flags)	spin_lock_irqsave(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags)	spin_unlock_irqrestore(lock, flags)

static inline bool mutex_trylock(struct mutex *mutex)
{
	bool was = mutex->held;

	user_check(!user_locks, "a mutex is taken under a spinlock");
	mutex->held = true;
	return !was;
}

static inline void mutex_lock(struct mutex *mutex)
{
	user_check(mutex_trylock(mutex), "a mutex is waited for that its task holds");
}

static inline void mutex_unlock(struct mutex *mutex)
{
	user_check(mutex->held, "a free mutex is dropped");
	mutex->held = false;
}

/* Counters */

typedef struct { long value; } atomic_long_t;
typedef struct { u64 value; } atomic64_t;

static inline long atomic_long_read(const atomic_long_t *counter)
{
	return counter->value;
}

static inline long atomic_long_add_return(long nr, atomic_long_t *counter)
{
	return counter->value += nr;
}

#define atomic_long_add(nr, counter)	((void)atomic_long_add_return(nr, counter))
#define atomic_long_sub(nr, counter)	((void)atomic_long_add_return(-(long)(nr), counter))
#define atomic_long_inc(counter)	((void)atomic_long_add_return(1, counter))
#define atomic_long_dec(counter)	((void)atomic_long_add_return(-1, counter))
#define atomic64_add(nr, counter)	((void)((counter)->value += (nr)))
#define atomic64_read(counter)		((counter)->value)

/* Memory for records. A record given to RCU is freed when no reader is left. */

#define __GFP_NORETRY	BIT(0)
#define __GFP_NOWARN	BIT(1)
#define __GFP_THISNODE	BIT(2)
#define __GFP_ZERO	BIT(3)
#define GFP_KERNEL	BIT(4)

struct rcu_head {
	void *record;
	struct rcu_head *next;
};

static unsigned int user_readers;
static struct rcu_head *user_waiting;

static inline void user_free_waiting(void)
{
	while (!user_readers && user_waiting) {
		void *record = user_waiting->record;

		user_waiting = user_waiting->next;
		free(record);
	}
}

static inline void rcu_read_lock(void)
{
	user_readers++;
}

static inline void rcu_read_unlock(void)
{
	user_check(user_readers--, "no reader");
	user_free_waiting();
}

#define rcu_preempt_depth()	user_readers

static inline void user_free_rcu(void *record, struct rcu_head *rcu)
{
	*rcu = (struct rcu_head){ record, user_waiting };
	user_waiting = rcu;
	user_free_waiting();
}

#define kvfree_rcu(record, rcu)		user_free_rcu(record, &(record)->rcu)
#define kvfree(record)			free(record)
#define kvzalloc(size, gfp)		((void)(gfp), calloc(1, size))
#define kvcalloc(nr, size, gfp)		((void)(gfp), calloc(nr, size))

/* Lists. A removed entry keeps its way to the next one, for readers. */

struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next; };

#define LIST_HEAD(name)		struct list_head name = { &(name), &(name) }
#define list_entry(p, type, member)	container_of(p, type, member)
#define list_for_each_entry(entry, head, member)				\
	for ((entry) = list_entry((head)->next, __typeof__(*(entry)), member);			\
	     &(entry)->member != (head);					\
	     (entry) = list_entry((entry)->member.next, __typeof__(*(entry)), member))
#define list_for_each_entry_rcu(entry, head, member, held...)			\
	list_for_each_entry(entry, head, member)
#define list_for_each_entry_safe(entry, after, head, member)			\
	for ((entry) = list_entry((head)->next, __typeof__(*(entry)), member);			\
	     (after) = list_entry((entry)->member.next, __typeof__(*(entry)), member),		\
	     &(entry)->member != (head);					\
	     (entry) = (after))

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	*entry = (struct list_head){ head->next, head };
	head->next->prev = entry;
	head->next = entry;
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	list_add(entry, head->prev);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	*entry = (struct list_head){};
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	list_del(entry);
	list_add(entry, head);
}

static inline void list_del_rcu(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->prev = NULL;
}

#define list_add_rcu(entry, head)	list_add(entry, head)

/* Work waits until the test calls user_run_work(). */

struct work_struct {
	void (*run)(struct work_struct *work);
	struct work_struct *next;
	bool queued;
};

struct delayed_work { struct work_struct work; };

#define DECLARE_WORK(name, function)	struct work_struct name = { .run = (function) }
#define DECLARE_DELAYED_WORK(name, function)	struct delayed_work name = { { .run = (function) } }
#define delayed_work_pending(work_)	((work_)->work.queued)
#define to_delayed_work(p)	container_of(p, struct delayed_work, work)

static struct work_struct *user_queue;

static inline void schedule_work(struct work_struct *work)
{
	if (work->queued)
		return;
	work->queued = true;
	work->next = user_queue;
	user_queue = work;
}

static inline void schedule_delayed_work(struct delayed_work *work, unsigned long delay)
{
	schedule_work(&work->work);
}

static inline void user_run_work(void)
{
	struct work_struct *queue = user_queue, *next;

	user_queue = NULL;
	/* A work may be queued again while it runs. */
	for (; queue; queue = next) {
		next = queue->next;
		queue->queued = false;
		queue->run(queue);
	}
}

static inline bool cancel_work_sync(struct work_struct *work)
{
	struct work_struct **at = &user_queue;

	while (*at && *at != work)
		at = &(*at)->next;
	if (*at)
		*at = work->next;
	work->queued = false;
	return false;
}

static inline bool cancel_delayed_work_sync(struct delayed_work *work)
{
	return cancel_work_sync(&work->work);
}

#define SHRINK_EMPTY	(~0UL - 1)
#define SHRINK_STOP	(~0UL)

struct shrink_control { unsigned long nr_to_scan; };

struct shrinker {
	unsigned long (*count)(struct shrinker *shrinker, struct shrink_control *control);
	unsigned long (*scan)(struct shrinker *shrinker, struct shrink_control *control);
};

/* Tasks and time */

static unsigned long jiffies;

#define ktime_get_mono_fast_ns()	((u64)jiffies)

#define memalloc_noio_save()	0U
#define memalloc_noio_restore(scope)	((void)(scope))
#define cond_resched()		user_may_preempt()
#define PTR_ERR_OR_ZERO(p)	((p) ? 0 : -ENOMEM)

/* Frames */

#define NUMA_NO_NODE		(-1)
#define PFN_PHYS(pfn)		((phys_addr_t)(pfn) << PAGE_SHIFT)
#define PHYS_PFN(phys)		((unsigned long)((phys) >> PAGE_SHIFT))

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE };

#define MAX_NR_ZONES	4

typedef struct { unsigned long nodes; } nodemask_t;

static const unsigned int nr_node_ids = 2;

#define node_isset(nid, mask)	((mask).nodes >> (nid) & 1)

/* The answers about a page. */
struct page {
	struct {
		int counter;
	} _refcount;
	bool offline;
	bool poisoned;
};

#define USER_FRAMES	256
#define pageblock_nr_pages	4UL
/* The first frame. */
#define USER_BASE	0x1000UL

static struct page user_pages[USER_FRAMES];

static inline struct page *pfn_to_page(unsigned long pfn)
{
	user_check(pfn >= USER_BASE && pfn < USER_BASE + USER_FRAMES, "no frame %#lx", pfn);
	return &user_pages[pfn - USER_BASE];
}

#define page_address(page)		((void *)(page))
#define totalram_pages()		((unsigned long)USER_FRAMES)
#define page_ref_count(page)		((page)->_refcount.counter)
/* One thread: nothing races. */
#define data_race(read)			(read)
#define page_to_nid(page)		((void)(page), 0)
#define page_zonenum(page)		((void)(page), ZONE_NORMAL)
#define PageHWPoison(page)		((page)->poisoned)
#define PageOffline(page)		((page)->offline)

static inline void __SetPageOffline(struct page *page)
{
	user_check(!page->offline, "marked twice");
	page->offline = true;
}

static inline void __ClearPageOffline(struct page *page)
{
	user_check(page->offline, "not marked");
	page->offline = false;
}

/* src/compat.h */

#define compat_unrolled_16()

#undef static_assert
#define static_assert(condition)	_Static_assert(condition, #condition)

/* src/trace.h is left out by its guard. */
#define trace_contigmem_arena(pfn, nr, node, cache, made) \
	((void)(pfn), (void)(nr), (void)(node), (void)(cache), (void)(made))

#endif /* CTGM_USER_KERNEL_H */
