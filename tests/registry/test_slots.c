/* SPDX-License-Identifier: MIT */
/* The slot protocol, its races played out one step after another. */
#include <criterion/criterion.h>

#include "slots.h"

static gcasti_slots slots;
static gcast_entry first = {.turn = 0};
static gcast_entry second = {.turn = 1};
static gcast_entry third = {.turn = 2};

static void begin(void)
{
    gcasti_slots_init(&slots);
}

static void end(void)
{
    gcasti_slots_fini(&slots);
}

/* The entry that a slot shows, or NULL. */
static gcast_entry *shown_in(uint32_t slot)
{
    return gcasti_slot_entry(atomic_load(gcasti_slot_at(&slots, slot)));
}

TestSuite(registry_slots, .init = begin, .fini = end);

Test(registry_slots, show_an_entry_from_its_publication_on)
{
    uint32_t slot = gcasti_slot_claim(&slots, &first);

    cr_assert_null(shown_in(slot));
    gcasti_slot_publish_first(&slots, slot, &first);
    cr_assert_eq(shown_in(slot), &first);
    gcasti_slot_free(&slots, slot);
    cr_assert_null(shown_in(slot));
}

Test(registry_slots, are_numbered_in_order_and_used_again)
{
    for (uint32_t i = 0; i < 1000; i++)
        cr_assert_eq(gcasti_slot_claim(&slots, &first), i);
    gcasti_slot_free(&slots, 17);
    gcasti_slot_free(&slots, 512);
    cr_assert_eq(gcasti_slot_claim(&slots, &first), 512);
    cr_assert_eq(gcasti_slot_claim(&slots, &first), 17);
    cr_assert_eq(gcasti_slot_claim(&slots, &first), 1000);
}

Test(registry_slots, freed_before_the_publication_stay_empty)
{
    /* both parities: a link may have the bit that marks a claim */
    uint32_t even = gcasti_slot_claim(&slots, &first);
    uint32_t odd = gcasti_slot_claim(&slots, &first);

    gcasti_slot_free(&slots, odd);
    gcasti_slot_free(&slots, even);
    gcasti_slot_publish_first(&slots, even, &first);
    gcasti_slot_publish_first(&slots, odd, &first);
    cr_assert_null(shown_in(even));
    cr_assert_null(shown_in(odd));
}

Test(registry_slots, claimed_by_another_meanwhile_keep_the_other)
{
    static gcast_entry other;
    uint32_t slot = gcasti_slot_claim(&slots, &first);

    gcasti_slot_free(&slots, slot);
    cr_assert_eq(gcasti_slot_claim(&slots, &other), slot);
    gcasti_slot_publish_first(&slots, slot, &first);
    cr_assert_null(shown_in(slot));
    gcasti_slot_publish_first(&slots, slot, &other);
    cr_assert_eq(shown_in(slot), &other);
}

Test(registry_slots, take_a_replacement_in_any_order_of_publication)
{
    uint32_t slot = gcasti_slot_claim(&slots, &first);

    gcasti_slot_publish_later(&slots, slot, &second);
    cr_assert_eq(shown_in(slot), &second);
    gcasti_slot_publish_first(&slots, slot, &first);
    cr_assert_eq(shown_in(slot), &second);

    gcasti_slot_publish_later(&slots, slot, &third);
    gcasti_slot_publish_later(&slots, slot, &second);
    cr_assert_eq(shown_in(slot), &third);
}

Test(registry_slots, compare_turns_that_wrapped_around)
{
    static gcast_entry last = {.turn = UINT32_MAX};
    uint32_t slot = gcasti_slot_claim(&slots, &first);

    gcasti_slot_publish_later(&slots, slot, &last);
    gcasti_slot_publish_later(&slots, slot, &second);
    cr_assert_eq(shown_in(slot), &second);
    gcasti_slot_publish_later(&slots, slot, &last);
    cr_assert_eq(shown_in(slot), &second);
}

Test(registry_slots, cleared_take_no_late_replacement)
{
    uint32_t slot = gcasti_slot_claim(&slots, &first);

    gcasti_slot_publish_first(&slots, slot, &first);
    gcasti_slot_clear(&slots, slot);
    gcasti_slot_publish_later(&slots, slot, &second);
    gcasti_slot_publish_first(&slots, slot, &first);
    cr_assert_null(shown_in(slot));
    cr_assert_eq(gcasti_slot_claim(&slots, &first), slot + 1, "cleared is not yet free");
}

Test(registry_slots, run_to_the_end_of_their_chunk)
{
    static const uint32_t from[] = {0, 63, 64, 191, 192, 447, 448};
    static const uint32_t want[] = {64, 1, 128, 1, 256, 1, 512};
    uint32_t len = 0;

    for (uint32_t i = 0; i < 500; i++)
        (void)gcasti_slot_claim(&slots, &first);
    for (int i = 0; i < 7; i++) {
        cr_assert_not_null(gcasti_slots_run(&slots, from[i], &len));
        cr_assert_eq(len, want[i]);
    }
}
