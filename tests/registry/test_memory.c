/* SPDX-License-Identifier: MIT */
/* What the registry does when memory or randomness is refused. */
#include "fixture.h"

#include <errno.h>

#include <urcu/rculfhash.h>

#include "failing_alloc.h"

enum {
    FIRST_CHUNK = 64, /* entries until the first add that allocates */
    MANY = 640,
};

static bool no_randomness;

/* The linker's names: __wrap_x is called for x, __real_x is the true one. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_getentropy(void *buffer, size_t length);
int __wrap_getentropy(void *buffer, size_t length);

int __wrap_getentropy(void *buffer, size_t length)
{
    if (!no_randomness)
        return __real_getentropy(buffer, length);
    errno = ENOSYS;
    return -1;
}

struct cds_lfht *__real__cds_lfht_new(unsigned long init_size, unsigned long min_buckets,
                                      unsigned long max_buckets, int flags,
                                      const struct cds_lfht_mm_type *mm,
                                      const struct rcu_flavor_struct *flavor, pthread_attr_t *attr);
struct cds_lfht *__wrap__cds_lfht_new(unsigned long init_size, unsigned long min_buckets,
                                      unsigned long max_buckets, int flags,
                                      const struct cds_lfht_mm_type *mm,
                                      const struct rcu_flavor_struct *flavor, pthread_attr_t *attr);

/* liburcu allocates by itself, out of our sight. */
struct cds_lfht *__wrap__cds_lfht_new(unsigned long init_size, unsigned long min_buckets,
                                      unsigned long max_buckets, int flags,
                                      const struct cds_lfht_mm_type *mm,
                                      const struct rcu_flavor_struct *flavor, pthread_attr_t *attr)
{
    if (failing_alloc_strike())
        return NULL;
    return __real__cds_lfht_new(init_size, min_buckets, max_buckets, flags, mm, flavor, attr);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static gcast_registry *r;

static void begin(void)
{
    r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    for (uint64_t id = 1; id <= FIRST_CHUNK; id++)
        (void)add_item(r, id);
}

static void end(void)
{
    size_t count = gcast_count(r);
    unsigned before = count_released(r);

    end_registry(r);
    cr_assert_eq(atomic_load(&released), before + count);
}

/* Whether look-ups and a traversal find the ids from 1 to `count` and no others. */
static void check_holds(uint64_t count)
{
    gcast_cursor c = {0};
    uint64_t met = 0;

    gcast_read_begin(r);
    while (gcast_next(r, &c) != NULL)
        met++;
    gcast_read_end(r);
    cr_assert_eq(met, count);
    cr_assert_eq(gcast_count(r), count);
    for (uint64_t id = 1; id <= count; id++)
        cr_assert(finds(r, id), "%u", (unsigned)id);
    cr_assert(!finds(r, count + 1));
}

TestSuite(registry_memory, .init = begin, .fini = end);

Test(registry_memory_new, refused_at_any_point_is_given_back, .timeout = 10)
{
    gcast_registry_opts opts = {.on_release = free_item, .arg = &released};
    gcast_registry *made = NULL;
    gcast_err err = GCAST_ENOMEM;
    size_t refused = 0;

    for (; err != GCAST_OK; refused++) {
        failing_alloc_arm(refused);
        err = gcast_registry_new(&made, &opts);
        cr_assert_eq(failing_alloc_disarm(), err == GCAST_ENOMEM);
        cr_assert_eq(made == NULL, err != GCAST_OK);
    }
    cr_assert_eq(refused - 1, 3, "registry, hints and table");
    gcast_registry_free(made);
}

Test(registry_memory_new, needs_randomness)
{
    gcast_registry_opts opts = {.on_release = free_item, .arg = &released};
    gcast_registry *made = NULL;

    no_randomness = true;
    cr_assert_eq(gcast_registry_new(&made, &opts), GCAST_ESEED);
    cr_assert_null(made);
    no_randomness = false;
    cr_assert_eq(gcast_registry_new(&made, &opts), GCAST_OK);
    gcast_registry_free(made);
}

Test(registry_memory, refused_to_an_add_leaves_all_as_it_was)
{
    item *it = new_item(FIRST_CHUNK + 1);

    failing_alloc_arm(0);
    cr_assert_eq(gcast_add(r, &it->entry), GCAST_ENOMEM);
    cr_assert(failing_alloc_disarm());
    check_holds(FIRST_CHUNK);
    cr_assert_eq(gcast_remove(r, &it->entry), GCAST_ENOENT);
    cr_assert(!gcast_get(&it->entry));

    cr_assert_eq(gcast_add(r, &it->entry), GCAST_OK);
    check_holds(FIRST_CHUNK + 1);
}

Test(registry_memory, refused_to_a_replace_of_nothing_leaves_all_as_it_was)
{
    item *it = new_item(FIRST_CHUNK + 1);
    gcast_entry *old = &it->entry; /* anything but what it must not become */

    failing_alloc_arm(0);
    cr_assert_eq(gcast_replace(r, &it->entry, &old), GCAST_ENOMEM);
    cr_assert(failing_alloc_disarm());
    cr_assert_eq(old, &it->entry);
    check_holds(FIRST_CHUNK);
    cr_assert_eq(gcast_remove(r, &it->entry), GCAST_ENOENT);

    cr_assert_eq(gcast_replace(r, &it->entry, &old), GCAST_OK);
    cr_assert_null(old);
    check_holds(FIRST_CHUNK + 1);
}

Test(registry_memory, is_not_needed_to_replace_remove_and_find)
{
    item *it = new_item(7);
    gcast_entry *e = NULL;

    failing_alloc_arm(0);
    cr_assert_eq(gcast_replace(r, &it->entry, &e), GCAST_OK);
    gcast_put(r, e);
    check_holds(FIRST_CHUNK);
    gcast_read_begin(r);
    cr_assert_eq(gcast_remove(r, gcast_peek(r, FIRST_CHUNK)), GCAST_OK);
    gcast_read_end(r);
    check_holds(FIRST_CHUNK - 1);
    cr_assert(!failing_alloc_disarm());
}

/* The 65th entry asks for a chunk of slots, and then on liburcu's thread for larger hints. */
Test(registry_memory, refused_to_larger_hints_costs_time_only)
{
    item *it = new_item(FIRST_CHUNK + 1);

    failing_alloc_arm(1);
    cr_assert_eq(gcast_add(r, &it->entry), GCAST_OK);
    gcast_barrier(r);
    cr_assert(failing_alloc_disarm());
    check_holds(FIRST_CHUNK + 1);
    for (uint64_t id = FIRST_CHUNK + 2; id <= MANY; id++)
        (void)add_item(r, id);
    gcast_barrier(r);
    check_holds(MANY);
}
