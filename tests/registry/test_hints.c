/* SPDX-License-Identifier: MIT */
/* Hints, alone and misleading on purpose. */
#include "fixture.h"

#include "registry_internal.h"

enum { ENTRIES = 64 };

static gcasti_hints *hints;
static gcast_entry entries[HINT_WAYS + 1];

static void begin(void)
{
    hints = gcasti_hints_new(ENTRIES);
    cr_assert_not_null(hints);
}

static void end(void)
{
    free(hints);
}

TestSuite(registry_hints, .init = begin, .fini = end);

/* The hash of key `n` of those that share a bucket. */
static uint64_t in_one_bucket(uint64_t n)
{
    return (n + 1) << HINT_TAG_SHIFT | 5;
}

static void set(gcasti_hints *h, uint64_t hash, const gcast_entry *e)
{
    gcasti_hint_publish(gcasti_hint_claim(h, hash, e, HINT_BY_OWNER), hash, e, HINT_BY_OWNER);
}

Test(registry_hints, lead_to_the_entry_from_publication_to_clear)
{
    uint64_t hash = in_one_bucket(1);

    gcasti_hint *place = gcasti_hint_claim(hints, hash, &entries[1], HINT_BY_OWNER);

    cr_assert_null(gcasti_hint_find(hints, hash));
    gcasti_hint_publish(place, hash, &entries[1], HINT_BY_OWNER);
    cr_assert_eq(gcasti_hint_find(hints, hash), &entries[1]);
    cr_assert_null(gcasti_hint_find(hints, in_one_bucket(2)));
    gcasti_hint_clear(hints, hash, &entries[2]);
    cr_assert_eq(gcasti_hint_find(hints, hash), &entries[1]);
    gcasti_hint_clear(hints, hash, &entries[1]);
    cr_assert_null(gcasti_hint_find(hints, hash));
}

Test(registry_hints, are_nothing_to_a_hash_whose_tag_is_zero)
{
    cr_assert_null(gcasti_hint_find(hints, 5));
    set(hints, 5, &entries[1]);
    cr_assert_eq(gcasti_hint_find(hints, 5), &entries[1]);
}

Test(registry_hints, fill_a_bucket_before_one_is_lost)
{
    unsigned found = 0;

    for (uint64_t i = 0; i < HINT_WAYS; i++)
        set(hints, in_one_bucket(i), &entries[i]);
    for (uint64_t i = 0; i < HINT_WAYS; i++)
        cr_assert_eq(gcasti_hint_find(hints, in_one_bucket(i)), &entries[i]);

    set(hints, in_one_bucket(HINT_WAYS), &entries[HINT_WAYS]);
    for (uint64_t i = 0; i <= HINT_WAYS; i++)
        found += gcasti_hint_find(hints, in_one_bucket(i)) == &entries[i];
    cr_assert_eq(found, HINT_WAYS);
    cr_assert_eq(gcasti_hint_find(hints, in_one_bucket(HINT_WAYS)), &entries[HINT_WAYS]);
}

Test(registry_hints, cleared_before_the_publication_stay_cleared)
{
    uint64_t hash = in_one_bucket(1);
    gcasti_hint *place = gcasti_hint_claim(hints, hash, &entries[1], HINT_BY_OWNER);

    gcasti_hint_clear(hints, hash, &entries[1]);
    gcasti_hint_publish(place, hash, &entries[1], HINT_BY_OWNER);
    cr_assert_null(gcasti_hint_find(hints, hash));
    cr_assert_eq(gcasti_hint_claim(hints, hash, &entries[1], HINT_BY_RESIZE), place);
    gcasti_hint_publish(place, hash, &entries[1], HINT_BY_OWNER);
    cr_assert_null(gcasti_hint_find(hints, hash), "the claim of another was published");
}

Test(registry_hints, set_twice_are_cleared_together)
{
    uint64_t hash = in_one_bucket(1);

    set(hints, hash, &entries[1]);
    set(hints, hash, &entries[1]);
    gcasti_hint_clear(hints, hash, &entries[1]);
    cr_assert_null(gcasti_hint_find(hints, hash));
}

Test(registry_hints, are_not_set_to_an_address_without_room_for_the_tag)
{
    gcast_entry *far = (gcast_entry *)((uintptr_t)1 << HINT_TAG_SHIFT); /* not followed */

    set(hints, in_one_bucket(1), far);
    for (unsigned i = 0; i < HINT_WAYS; i++)
        cr_assert_eq(atomic_load(&gcasti_hint_bucket(hints, in_one_bucket(1))[i]), 0);
}

Test(registry_hints, to_another_key_are_not_believed)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *it = add_item(r, 7);

    gcast_read_begin(r);
    set(gcasti_hints_of(r), gcasti_hash_id(&r->seed, 8), &it->entry);
    cr_assert_eq(gcasti_hint_find(gcasti_hints_of(r), gcasti_hash_id(&r->seed, 8)), &it->entry);
    cr_assert_null(gcast_peek(r, 8));
    cr_assert_eq(gcast_peek(r, 7), &it->entry);
    gcasti_hint_clear(gcasti_hints_of(r), gcasti_hash_id(&r->seed, 8), &it->entry);
    gcast_read_end(r);
    end_registry(r);
}

Test(registry_hints, to_a_removed_entry_are_cleared_and_not_believed)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    uint64_t hash = gcasti_hash_id(&r->seed, 7);
    item *it = add_item(r, 7);
    gcasti_hint *place = NULL;
    uint64_t word = 0;

    gcast_read_begin(r);
    place = &gcasti_hint_bucket(gcasti_hints_of(r), hash)[gcasti_hint_way(hash, 0)];
    word = atomic_load(place);
    cr_assert_neq(word, 0);
    cr_assert_eq(gcast_remove(r, &it->entry), GCAST_OK);
    cr_assert_eq(atomic_load(place), 0);
    atomic_store(place, word);
    cr_assert_null(gcast_peek(r, 7));
    atomic_store(place, 0);
    gcast_read_end(r);
    end_registry(r);
}

/* Whether a hint to the entry is in its bucket, be it only claimed. */
static bool is_hinted(gcast_registry *r, const gcast_entry *e)
{
    gcasti_hint *bucket = gcasti_hint_bucket(gcasti_hints_of(r), gcasti_hash_of(r, e));
    uintptr_t address = 0;

    for (unsigned i = 0; i < HINT_WAYS; i++) {
        address = (uintptr_t)(atomic_load(&bucket[i]) & ~HINT_TAG) & ~(uintptr_t)HINT_MARKS;
        if (address == (uintptr_t)e)
            return true;
    }
    return false;
}

Test(registry_hints, to_an_entry_that_was_refused_are_cleared)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *first = add_item(r, 7);
    item *second = new_item(7);

    cr_assert_eq(gcast_add(r, &second->entry), GCAST_EEXIST);
    gcast_read_begin(r);
    cr_assert(is_hinted(r, &first->entry));
    cr_assert(!is_hinted(r, &second->entry));
    gcast_read_end(r);
    free(second);
    end_registry(r);
}

Test(registry_hints, lost_are_made_up_for_by_the_table)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *it = add_item(r, 7);

    gcast_read_begin(r);
    gcasti_hint_clear(gcasti_hints_of(r), gcasti_hash_id(&r->seed, 7), &it->entry);
    cr_assert_eq(gcast_peek(r, 7), &it->entry);
    gcast_read_end(r);
    end_registry(r);
}

Test(registry_hints, follow_a_replacement)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *it = new_item(7);

    (void)add_item(r, 7);
    cr_assert_eq(gcast_replace(r, &it->entry, NULL), GCAST_OK);
    gcast_read_begin(r);
    cr_assert_eq(gcasti_hint_find(gcasti_hints_of(r), gcasti_hash_id(&r->seed, 7)), &it->entry);
    gcast_read_end(r);
    end_registry(r);
}

/* Nearly all: the target of hints.h is one of a hundred without. */
Test(registry_hints, are_there_for_nearly_all_entries_after_growing)
{
    enum { COUNT = 5000, FOUND_MIN = 4800 };
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    unsigned found = 0;

    for (uint64_t id = 1; id <= COUNT; id++)
        (void)add_item(r, id);
    gcast_barrier(r); /* for the resize */
    gcast_read_begin(r);
    for (uint64_t id = 1; id <= COUNT; id++)
        found +=
            gcasti_hint_find(gcasti_hints_of(r), gcasti_hash_id(&r->seed, id)) == gcast_peek(r, id);
    gcast_read_end(r);
    cr_assert_geq(found, FOUND_MIN, "%u of %u", found, (unsigned)COUNT);
    end_registry(r);
}
