/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <string.h>

Test(registry_entry, is_found_from_add_to_remove)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *it = NULL;

    cr_assert(!finds(r, 7));
    it = add_item(r, 7);
    cr_assert(finds(r, 7));
    cr_assert(!finds(r, 8));
    cr_assert_eq(gcast_count(r), 1);

    cr_assert_eq(gcast_remove(r, &it->entry), GCAST_OK);
    cr_assert(!finds(r, 7));
    cr_assert_eq(gcast_count(r), 0);
    cr_assert_eq(count_released(r), 1);
    end_registry(r);
}

Test(registry_entry, with_a_taken_key_stays_the_callers)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *first = add_item(r, 7);
    item *second = new_item(7);
    gcast_cursor c = {0};

    cr_assert_eq(gcast_add(r, &second->entry), GCAST_EEXIST);
    cr_assert_eq(gcast_remove(r, &second->entry), GCAST_ENOENT);
    cr_assert(!gcast_get(&second->entry));
    free(second);

    gcast_read_begin(r);
    cr_assert_eq(gcast_next(r, &c), &first->entry);
    cr_assert_null(gcast_next(r, &c));
    cr_assert_eq(gcast_peek(r, 7), &first->entry);
    gcast_read_end(r);
    cr_assert_eq(gcast_count(r), 1);
    end_registry(r);
}

Test(registry_entry, is_removed_only_once)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *it = add_item(r, 7);

    gcast_read_begin(r);
    cr_assert_eq(gcast_remove(r, &it->entry), GCAST_OK);
    cr_assert_eq(gcast_remove(r, &it->entry), GCAST_ENOENT);
    gcast_read_end(r);
    cr_assert_eq(count_released(r), 1);
    end_registry(r);
}

Test(registry_entry, never_added_cannot_be_removed)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *it = new_item(7);

    cr_assert_eq(gcast_remove(r, &it->entry), GCAST_ENOENT);
    free(it);
    end_registry(r);
}

Test(registry_entry, is_kept_by_a_reference_and_released_after_it)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *it = add_item(r, 7);

    cr_assert(gcast_get(&it->entry));
    cr_assert_eq(gcast_remove(r, &it->entry), GCAST_OK);
    cr_assert_eq(count_released(r), 0);
    cr_assert(!finds(r, 7));

    gcast_put(r, &it->entry);
    cr_assert_eq(count_released(r), 1);
    end_registry(r);
}

Test(registry_entry, cannot_be_got_after_its_last_put)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *it = add_item(r, 7);

    gcast_read_begin(r);
    cr_assert_eq(gcast_remove(r, &it->entry), GCAST_OK);
    cr_assert(!gcast_get(&it->entry));
    gcast_read_end(r);
    end_registry(r);
}

Test(registry_entry, replaces_another_and_hands_it_over)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *first = add_item(r, 7);
    item *second = new_item(7);
    gcast_entry *old = NULL;
    gcast_cursor c = {0};

    cr_assert_eq(gcast_replace(r, &second->entry, &old), GCAST_OK);
    cr_assert_eq(old, &first->entry);
    cr_assert_eq(gcast_count(r), 1);
    cr_assert_eq(gcast_remove(r, old), GCAST_ENOENT);
    cr_assert_eq(count_released(r), 0, "the caller has its reference");
    gcast_put(r, old);
    cr_assert_eq(count_released(r), 1);

    gcast_read_begin(r);
    cr_assert_eq(gcast_peek(r, 7), &second->entry);
    cr_assert_eq(gcast_next(r, &c), &second->entry);
    cr_assert_null(gcast_next(r, &c));
    gcast_read_end(r);
    end_registry(r);
}

Test(registry_entry, replaces_another_and_drops_it)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *second = new_item(7);

    add_item(r, 7);
    cr_assert_eq(gcast_replace(r, &second->entry, NULL), GCAST_OK);
    cr_assert_eq(count_released(r), 1);
    cr_assert_eq(gcast_remove(r, &second->entry), GCAST_OK);
    cr_assert_eq(count_released(r), 2);
    end_registry(r);
}

Test(registry_entry, replacing_nothing_is_added)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *it = new_item(7);
    gcast_entry *old = &it->entry;

    cr_assert_eq(gcast_replace(r, &it->entry, &old), GCAST_OK);
    cr_assert_null(old);
    cr_assert(finds(r, 7));
    cr_assert_eq(gcast_count(r), 1);
    end_registry(r);
}

Test(registry_entry, has_a_byte_key_of_any_content)
{
    static const char *const keys[] = {"", "a", "b", "news", "news:1", "a\0b", "a\0c"};
    static const size_t lens[] = {0, 1, 1, 4, 6, 3, 3};
    gcast_registry *r = new_registry(GCAST_KEYS_BYTES, GCAST_FLAVOR_MEMB);
    item *items[7];

    for (size_t i = 0; i < 7; i++) {
        items[i] = new_item(0);
        gcast_entry_init_bytes(&items[i]->entry, keys[i], lens[i]);
        cr_assert_eq(gcast_add(r, &items[i]->entry), GCAST_OK);
    }
    gcast_read_begin(r);
    for (size_t i = 0; i < 7; i++)
        cr_assert_eq(gcast_peek_bytes(r, keys[i], lens[i]), &items[i]->entry);
    cr_assert_eq(gcast_peek_bytes(r, NULL, 0), &items[0]->entry);
    cr_assert_null(gcast_peek_bytes(r, "new", 3));
    cr_assert_null(gcast_peek_bytes(r, "a\0d", 3));
    gcast_read_end(r);
    end_registry(r);
}

Test(registry_entry, is_refused_by_a_closed_registry)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *in = add_item(r, 7);
    item *late = new_item(8);

    gcast_registry_close(r);
    gcast_registry_close(r);
    cr_assert_eq(gcast_add(r, &late->entry), GCAST_ECLOSED);
    cr_assert_eq(gcast_replace(r, &late->entry, NULL), GCAST_ECLOSED);
    free(late);

    cr_assert(finds(r, 7), "what is in stays in");
    cr_assert_eq(gcast_remove(r, &in->entry), GCAST_OK);
    end_registry(r);
    cr_assert_eq(atomic_load(&released), 1);
}

Test(registry_entry, left_behind_is_released_by_free)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);

    for (uint64_t id = 1; id <= 1000; id++)
        add_item(r, id);
    end_registry(r);
    cr_assert_eq(atomic_load(&released), 1000);
}

Test(registry_entry, lives_under_qsbr_too)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_QSBR);
    item *it = add_item(r, 7);
    item *next = new_item(7);

    cr_assert(finds(r, 7));
    gcast_quiescent(r);
    cr_assert_eq(gcast_replace(r, &next->entry, NULL), GCAST_OK);
    (void)it;
    gcast_thread_offline(r);
    gcast_thread_online(r);
    cr_assert_eq(gcast_remove(r, &next->entry), GCAST_OK);
    cr_assert_eq(count_released(r), 2);
    end_registry(r);
}

Test(registry_entry, can_be_used_again_after_its_release)
{
    gcast_registry *r = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);
    item *it = add_item(r, 7);
    gcast_registry *other = new_registry(GCAST_KEYS_ID, GCAST_FLAVOR_MEMB);

    cr_assert_eq(gcast_remove(r, &it->entry), GCAST_OK);
    cr_assert_eq(count_released(other), 1, "registries of one flavour share grace periods");
    end_registry(other);
    end_registry(r);
}

Test(registry_ids, are_never_zero_and_never_twice)
{
    uint64_t last = 0;

    for (int i = 0; i < 1000; i++) {
        uint64_t id = gcast_id_new();

        cr_assert_gt(id, last);
        last = id;
    }
}

Test(registry_errors, have_texts)
{
    cr_assert_str_eq(gcast_strerror(GCAST_OK), "success");
    cr_assert_not_null(strstr(gcast_strerror(GCAST_EEXIST), "already"));
    cr_assert_str_eq(gcast_strerror((gcast_err)-999), "unknown error");
}
