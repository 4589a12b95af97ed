/* SPDX-License-Identifier: MIT */
#include "fixture.h"

static unsigned traverse(gcast_registry *r)
{
    unsigned count = 0;
    gcast_entry *e = NULL;
    gcast_cursor c;

    gcast_cursor_init(&c);
    gcast_read_begin(r);
    while ((e = gcast_next(r, &c)) != NULL) {
        ((item *)(void *)e)->seen++;
        count++;
    }
    gcast_read_end(r);
    return count;
}

Test(registry_traverse, of_an_empty_registry_ends_at_once)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);

    cr_assert_eq(traverse(r), 0);
    end_registry(r);
}

Test(registry_traverse, meets_each_entry_once_over_many_chunks)
{
    enum { MANY = 5000 };
    static item *items[MANY];
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);

    for (unsigned i = 0; i < MANY; i++) {
        items[i] = add_item(r, i);
        if (i < 200)
            cr_assert_eq(traverse(r), i + 1);
    }
    for (unsigned i = 0; i < MANY; i++)
        items[i]->seen = 0;
    cr_assert_eq(traverse(r), MANY);
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(items[i]->seen, 1);
    end_registry(r);
}

Test(registry_traverse, passes_over_what_was_removed)
{
    static item *items[300];
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);

    for (unsigned i = 0; i < 300; i++)
        items[i] = add_item(r, i);
    for (unsigned i = 0; i < 300; i += 2)
        cr_assert_eq(gcast_remove(r, &items[i]->entry), GCAST_OK);
    cr_assert_eq(traverse(r), 150);
    for (unsigned i = 1; i < 300; i += 2)
        cr_assert_eq(items[i]->seen, 1);
    end_registry(r);
}

Test(registry_traverse, goes_on_behind_a_slice_border)
{
    enum { MANY = 1000, SLICE = 7 };
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    unsigned count = 0;
    gcast_entry *e = NULL;
    gcast_cursor c = {0};

    for (unsigned i = 0; i < MANY; i++)
        add_item(r, i);
    gcast_read_begin(r);
    while ((e = gcast_next(r, &c)) != NULL) {
        cr_assert_eq(((item *)(void *)e)->seen++, 0);
        if (++count % SLICE == 0) {
            gcast_read_end(r);
            gcast_read_begin(r);
        }
    }
    gcast_read_end(r);
    cr_assert_eq(count, MANY);
    end_registry(r);
}

Test(registry_traverse, in_batches_is_the_same)
{
    enum { MANY = 1000, BATCH = 13 };
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    gcast_entry *batch[BATCH];
    gcast_cursor c = {0};
    size_t count = 0;
    size_t got = 0;

    for (unsigned i = 0; i < MANY; i++)
        add_item(r, i);
    gcast_read_begin(r);
    while ((got = gcast_next_batch(r, &c, batch, BATCH)) > 0) {
        cr_assert(got == BATCH || count + got == MANY);
        for (size_t i = 0; i < got; i++)
            cr_assert_eq(((item *)(void *)batch[i])->seen++, 0);
        count += got;
    }
    gcast_read_end(r);
    cr_assert_eq(count, MANY);
    end_registry(r);
}

Test(registry_traverse, does_not_grow_with_entries_added_meanwhile)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    gcast_cursor c = {0};
    unsigned count = 0;

    add_item(r, 1);
    gcast_read_begin(r);
    while (gcast_next(r, &c) != NULL)
        add_item(r, 2 + count++);
    gcast_read_end(r);
    cr_assert_eq(count, 1);
    end_registry(r);
}

Test(registry_traverse, under_way_meets_a_replaced_key_once)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    gcast_cursor c = {0};
    item *new_first = new_item(1);
    item *new_second = new_item(2);

    add_item(r, 1);
    add_item(r, 2);
    gcast_read_begin(r);
    cr_assert_eq(gcast_next(r, &c)->key.id, 1);
    cr_assert_eq(gcast_replace(r, &new_first->entry, NULL), GCAST_OK);
    cr_assert_eq(gcast_replace(r, &new_second->entry, NULL), GCAST_OK);
    cr_assert_eq(gcast_next(r, &c), &new_second->entry);
    cr_assert_null(gcast_next(r, &c));
    gcast_read_end(r);
    end_registry(r);
}

Test(registry_traverse, stays_short_when_entries_come_and_go)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    gcast_cursor c = {0};

    for (unsigned round = 0; round < 20; round++) {
        item *items[50];

        for (unsigned i = 0; i < 50; i++)
            items[i] = add_item(r, i);
        for (unsigned i = 0; i < 50; i++)
            cr_assert_eq(gcast_remove(r, &items[i]->entry), GCAST_OK);
        cr_assert_eq(count_released(r), 50 * (round + 1));
    }
    gcast_read_begin(r);
    cr_assert_null(gcast_next(r, &c));
    gcast_read_end(r);
    cr_assert_leq(c.end, 50, "slots are used again");
    end_registry(r);
}
