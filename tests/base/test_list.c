/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "list.h"

enum { MOST = 4 };

typedef struct item {
    char name;
    list link;
} item;

static list head;
static list other;
static item items[MOST];

static void setup(void)
{
    list_init(&head);
    list_init(&other);
    for (int i = 0; i < MOST; i++) {
        items[i].name = (char)('a' + i);
        list_init(&items[i].link);
    }
}

TestSuite(base_list, .init = setup);

/* Appends the name of the item at this link. */
static void put_name(char *names, const list *at)
{
    size_t count = strlen(names);

    cr_assert_lt(count, MOST);
    names[count] = container_of(at, item, link)->name;
}

/* Fails the test unless these are the names, and those backwards. */
static void must_hold(const list *l, const char *names, const char *backwards)
{
    char forth[MOST + 1] = "";
    char back[MOST + 1] = "";

    for (const list *at = l->next; at != l; at = at->next)
        put_name(forth, at);
    for (const list *at = l->prev; at != l; at = at->prev)
        put_name(back, at);
    cr_assert_str_eq(forth, names);
    cr_assert_str_eq(back, backwards);
    cr_assert_eq(list_empty(l), *names == '\0');
}

Test(base_list, keeps_the_order_of_adding)
{
    must_hold(&head, "", "");
    for (int i = 0; i < 3; i++)
        list_add_tail(&head, &items[i].link);
    must_hold(&head, "abc", "cba");
}

Test(base_list, removes_from_anywhere)
{
    for (int i = 0; i < MOST; i++)
        list_add_tail(&head, &items[i].link);
    list_remove(&items[1].link);
    must_hold(&head, "acd", "dca");
    list_remove(&items[0].link);
    must_hold(&head, "cd", "dc");
    list_remove(&items[3].link);
    must_hold(&head, "c", "c");
    list_remove(&items[2].link);
    must_hold(&head, "", "");
}

Test(base_list, removes_twice_harmlessly_and_takes_back)
{
    list_add_tail(&head, &items[0].link);
    list_add_tail(&head, &items[1].link);
    list_remove(&items[0].link);
    list_remove(&items[0].link);
    cr_expect(list_empty(&items[0].link));
    must_hold(&head, "b", "b");
    list_add_tail(&head, &items[0].link);
    must_hold(&head, "ba", "ab");
}

Test(base_list, splices_to_the_end)
{
    list_add_tail(&head, &items[0].link);
    list_add_tail(&other, &items[1].link);
    list_add_tail(&other, &items[2].link);
    list_splice_tail(&head, &other);
    must_hold(&head, "abc", "cba");
    must_hold(&other, "", "");
    list_add_tail(&other, &items[3].link);
    must_hold(&other, "d", "d");
}

Test(base_list, splices_empty_ones)
{
    list_splice_tail(&head, &other);
    must_hold(&head, "", "");
    list_add_tail(&other, &items[0].link);
    list_splice_tail(&head, &other);
    must_hold(&head, "a", "a");
    list_splice_tail(&head, &other);
    must_hold(&head, "a", "a");
}
