/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "list.h"

typedef struct item {
    char name;
    list link;
} item;

static list head;
static list other;
static item items[4];

static void setup(void)
{
    list_init(&head);
    list_init(&other);
    for (int i = 0; i < 4; i++) {
        items[i].name = (char)('a' + i);
        list_init(&items[i].link);
    }
}

TestSuite(base_list, .init = setup);

/* Forwards and backwards. */
static void must_hold(const list *l, const char *names)
{
    size_t count = strlen(names);
    size_t i = 0;

    for (const list *at = l->next; at != l; at = at->next, i++) {
        cr_assert_lt(i, count);
        cr_assert_eq(container_of(at, item, link)->name, names[i]);
    }
    cr_assert_eq(i, count);
    for (const list *at = l->prev; at != l; at = at->prev)
        cr_assert_eq(container_of(at, item, link)->name, names[--i]);
    cr_assert_eq(list_empty(l), count == 0);
}

Test(base_list, keeps_the_order_of_adding)
{
    must_hold(&head, "");
    for (int i = 0; i < 3; i++)
        list_add_tail(&head, &items[i].link);
    must_hold(&head, "abc");
}

Test(base_list, removes_from_anywhere)
{
    for (int i = 0; i < 4; i++)
        list_add_tail(&head, &items[i].link);
    list_remove(&items[1].link);
    must_hold(&head, "acd");
    list_remove(&items[0].link);
    must_hold(&head, "cd");
    list_remove(&items[3].link);
    must_hold(&head, "c");
    list_remove(&items[2].link);
    must_hold(&head, "");
}

Test(base_list, removes_twice_harmlessly_and_takes_back)
{
    list_add_tail(&head, &items[0].link);
    list_add_tail(&head, &items[1].link);
    list_remove(&items[0].link);
    list_remove(&items[0].link);
    cr_expect(list_empty(&items[0].link));
    must_hold(&head, "b");
    list_add_tail(&head, &items[0].link);
    must_hold(&head, "ba");
}

Test(base_list, splices_to_the_end)
{
    list_add_tail(&head, &items[0].link);
    list_add_tail(&other, &items[1].link);
    list_add_tail(&other, &items[2].link);
    list_splice_tail(&head, &other);
    must_hold(&head, "abc");
    must_hold(&other, "");
    list_add_tail(&other, &items[3].link);
    must_hold(&other, "d");
}

Test(base_list, splices_empty_ones)
{
    list_splice_tail(&head, &other);
    must_hold(&head, "");
    list_add_tail(&other, &items[0].link);
    list_splice_tail(&head, &other);
    must_hold(&head, "a");
    list_splice_tail(&head, &other);
    must_hold(&head, "a");
}
