/* SPDX-License-Identifier: MIT */
/*
 * A doubly linked ring with its links inside the elements. One thread at a time. A link that is in
 * no list points to itself, so that removing it twice is harmless.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct list {
    struct list *next;
    struct list *prev;
} list;

/* The structure that holds `member` at address `ptr`. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void list_init(list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const list *l)
{
    return l->next == l;
}

static inline void list_add_tail(list *head, list *item)
{
    item->prev = head->prev;
    item->next = head;
    head->prev->next = item;
    head->prev = item;
}

static inline void list_remove(list *item)
{
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item);
}

/* Moves all of `from` to the end of `to`; `from` is empty afterwards. */
static inline void list_splice_tail(list *to, list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#endif
