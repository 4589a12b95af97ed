/* SPDX-License-Identifier: MIT */
/*
 * Joins and leaves: those who asked are told of subscriptions that begin and end.
 *
 * The message is made by the subscription's owner and goes the way of publications, through the
 * channel's home worker, so that everybody sees it at the same place among them. It is marked: a sweep
 * gives it to those who are told and to nobody else. The group counts these; while there are none,
 * nothing is made and nothing sent.
 *
 * A message that is lost for want of memory is counted, and that is all: unlike publications, who is
 * there can be asked for at any time.
 */
#include <stdlib.h>

#include "hub_internal.h"

/* From a member's owner to the home worker. */
typedef struct telling {
    letter letter;
    hub_group *group; /* held */
    frame *frame;     /* one reference */
} telling;

/* On the home worker, with a hold on g. */
static void spread(hub_group *g, frame *f)
{
    /* PAIRS part_open() */
    hub_part *p = atomic_load_explicit(&g->x_parts, memory_order_acquire);

    for (; p != NULL; p = p->next) {
        /* PAIRS group_join(): a member that was counted before this has its count seen */
        if (atomic_load_explicit(&p->x_count, memory_order_acquire) != 0)
            part_post(p, f, &hub_nowhere);
    }
}

static void telling_open(letter *l)
{
    telling *t = container_of(l, telling, letter);

    spread(t->group, t->frame);
    frame_put(t->frame);
    group_release(t->group);
    free(t);
}

/* Sends f to the members of g who are told; takes over the reference. */
static void send(hub_group *g, hub_worker *owner, frame *f)
{
    hub_worker *home = group_home(owner->hub, g);
    telling *t = NULL;

    f->mark = FRAME_FOR_THE_TOLD;
    if (home == hub_self()) {
        spread(g, f);
        frame_put(f);
        return;
    }
    t = malloc(sizeof *t);
    if (t == NULL) {
        metric_add(&owner->metrics.x_out_of_memory, 1);
        frame_put(f);
        return;
    }
    *t = (telling){.letter.open = telling_open, .group = g, .frame = f};
    group_hold(g);
    mailbox_post(&home->mailbox, &t->letter);
}

/* s has begun or ended. Its group is held, and it is still there to be read. */
static void tell(const hub_sub *s, void (*push)(buf *out, view channel, const client_info *info))
{
    hub_group *g = s->part->group;
    hub_worker *w = s->conn->worker;
    hub_client_id id;

    /*
     * ORDER  the change of membership -> the look at who is told.
     * PAIRS  count_told(): if we do not count a member, it sees what we have changed.
     * ELSE   as there.
     */
    if (atomic_fetch_add_explicit(&g->x_told, 0, memory_order_acq_rel) == 0)
        return;

    client_info info = hub_client_info(s->conn, s, &id);

    buf_reset(&w->scratch);
    push(&w->scratch, group_name(g), &info);

    frame *f = w->scratch.failed ? NULL : w->hub->opts.sink->frame(buf_view(&w->scratch));

    if (f == NULL)
        metric_add(&w->metrics.x_out_of_memory, 1);
    else
        send(g, w, f);
}

void tell_join(const hub_sub *s)
{
    if ((s->flags & HUB_SUB_TELLS) != 0)
        tell(s, push_join);
}

void tell_leave(hub_sub *s)
{
    hub_group *g = s->part->group;

    if ((s->flags & HUB_SUB_TELLS) == 0) {
        group_leave(s);
        return;
    }
    group_hold(g);
    gcast_read_begin(g->registry); /* the section keeps s to be read from */
    group_leave(s);
    tell(s, push_leave);
    gcast_read_end(g->registry);
    group_release(g);
}
