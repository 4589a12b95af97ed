/* SPDX-License-Identifier: MIT */
/* One thread; several of them are the affair of stress/mailbox_posts.c. */
#include <criterion/criterion.h>

#include "list.h"
#include "mailbox.h"

enum { MOST_LETTERS = 8 };

typedef struct note {
    letter letter;
    char name;
    struct note *enclosed; /* posted as this one is opened; may be itself */
} note;

static mailbox box;
static unsigned wakes;
static char opened[MOST_LETTERS + 1]; /* the names of the letters in the order of opening */
static note notes[MOST_LETTERS];

static void count_wake(void *arg)
{
    cr_assert_eq(arg, &wakes);
    wakes++;
}

static void open_note(letter *l)
{
    note *n = container_of(l, note, letter);
    size_t count = strlen(opened);

    cr_assert_lt(count, MOST_LETTERS);
    opened[count] = n->name;
    if (n->enclosed != NULL)
        mailbox_post(&box, &n->enclosed->letter);
}

static void setup(void)
{
    mailbox_init(&box, count_wake, &wakes);
    for (int i = 0; i < MOST_LETTERS; i++)
        notes[i] = (note){.letter.open = open_note, .name = (char)('a' + i)};
}

TestSuite(mailbox, .init = setup);

static void post(int which)
{
    mailbox_post(&box, &notes[which].letter);
}

Test(mailbox, opens_in_the_order_of_posting)
{
    for (int i = 0; i < 4; i++)
        post(3 - i);
    cr_expect_str_eq(opened, "", "opened before the owner came");
    cr_expect_eq(mailbox_drain(&box), 4);
    cr_expect_str_eq(opened, "dcba");
}

Test(mailbox, an_empty_one_has_nothing_to_open)
{
    cr_expect(mailbox_empty(&box));
    cr_expect_eq(mailbox_drain(&box), 0);
    post(0);
    cr_expect_not(mailbox_empty(&box));
    cr_expect_eq(mailbox_drain(&box), 1);
    cr_expect(mailbox_empty(&box));
    cr_expect_eq(mailbox_drain(&box), 0);
    cr_expect_str_eq(opened, "a");
}

Test(mailbox, wakes_only_when_it_was_empty)
{
    cr_expect_eq(wakes, 0);
    post(0);
    cr_expect_eq(wakes, 1);
    post(1);
    post(2);
    cr_expect_eq(wakes, 1);
    (void)mailbox_drain(&box);
    cr_expect_eq(wakes, 1);
    post(3);
    cr_expect_eq(wakes, 2);
    post(4);
    cr_expect_eq(wakes, 2);
}

Test(mailbox, leaves_what_arrives_meanwhile)
{
    notes[0].enclosed = &notes[2];
    post(0);
    post(1);
    cr_expect_eq(mailbox_drain(&box), 2);
    cr_expect_str_eq(opened, "ab");
    cr_expect_eq(wakes, 2, "the owner must come again");
    cr_expect_eq(mailbox_drain(&box), 1);
    cr_expect_str_eq(opened, "abc");
    cr_expect_eq(mailbox_drain(&box), 0);
}

Test(mailbox, a_letter_may_post_itself_again)
{
    notes[0].enclosed = &notes[0];
    post(0);
    post(1);
    cr_expect_eq(mailbox_drain(&box), 2, "a turn must have an end");
    cr_expect_not(mailbox_empty(&box));
    cr_expect_eq(mailbox_drain(&box), 1);
    cr_expect_eq(wakes, 3);
    notes[0].enclosed = NULL;
    cr_expect_eq(mailbox_drain(&box), 1);
    cr_expect_eq(mailbox_drain(&box), 0);
    cr_expect_str_eq(opened, "abaa");
    cr_expect_eq(wakes, 3);
}
