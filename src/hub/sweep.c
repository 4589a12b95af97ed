/* SPDX-License-Identifier: MIT */
/*
 * From a worker's part of a channel to what is due to its members: sweeps, and the turns of a worker.
 *
 * A publication first waits in the worker's part of the channel. A *sweep* goes over the part's members
 * and links everything that waits, joined to runs of bytes, to what is due to each of them. While dirty
 * connections are being served new publications gather in their parts, and the next sweep takes them
 * all: the busier the server, the more messages go out in one call. A small part does not wait for a
 * large sweep: it is swept and written at once.
 *
 * A channel may have a flush interval: its publications gather in the part until the interval ends,
 * whatever the load, so that a connection costs so many calls per second and no more.
 */
#include <stdlib.h>

#include "clock.h"
#include "hub_internal.h"

enum {
    SLICE = 128,        /* connections served per turn: about a millisecond of system calls; and as
                            many again of small parts */
    SMALL_PART = 64,    /* members up to which a part does not wait for others */
    RUN_BYTES = 65536,  /* messages up to this size together are joined before a sweep */
    DUE_MAX = 1 << 20,  /* due items at which a turn serves everybody, to empty the list... */
    HELD_MAX = 1 << 26, /* ...and bytes of what is held for them */
    LETTERS = 128,      /* opened in a turn, after which those that come wait for the next */
    SWEEP_STEP = 7919, /* sweeps begin at another member each time, so that nobody is always last */
};

void part_each(hub_part *p, void (*fn)(hub_sub *s, void *arg), void *arg)
{
    hub_members *m = atomic_load_explicit(&p->x_members, memory_order_relaxed);
    uint32_t at = p->sweep % m->used;

    for (uint32_t i = 0; i < m->used; i++) {
        hub_sub *s = slot_sub(atomic_load_explicit(&m->x_slots[at], memory_order_relaxed));

        if (s != NULL)
            fn(s, arg);
        at = at + 1 == m->used ? 0 : at + 1;
    }
}

/* ---- what waits in a part ---- */

static void doom_member(hub_sub *s, void *arg)
{
    bool positioned = (s->flags & SUB_POSITIONED) != 0;

    (void)arg;
    if (s->skip != SKIP_ALL) /* who waits for a position will find the publication before it */
        conn_doom(s->conn, positioned ? DISCONNECT_INSUFFICIENT_STATE : DISCONNECT_INTERNAL);
}

/* For want of memory the members miss a publication: close them all, so that each notices and comes
 * back, rather than miss something unknowingly. */
static void doom_members(hub_part *p)
{
    metric_add(&p->worker->metrics.x_out_of_memory, 1);
    part_each(p, doom_member, NULL);
}

void part_drop_frames(hub_part *p)
{
    frame_list_clear(&p->frames);
    list_remove(&p->waiting);
}

/* The first publication has come: when is the sweep? Flush intervals end at multiples of their length,
 * so that the channels of one interval go out together, in one call for each connection. */
static void part_wait(hub_part *p)
{
    hub_worker *w = p->worker;
    uint32_t interval = p->group->how.flush_ms;

    if (interval == 0) {
        list_add_tail(&w->waiting, &p->waiting);
        return;
    }
    p->due_ms = (clock_mono_ms() / interval + 1) * interval;
    list_add_tail(&w->gathering, &p->waiting);
    if (p->due_ms < w->gathered_ms)
        w->gathered_ms = p->due_ms;
}

/* There is no room for f. */
static void lose(hub_part *p, frame *f)
{
    if (frame_is_plain(f))
        doom_members(p);
    else /* who is there can be asked for: see tell.c */
        metric_add(&p->worker->metrics.x_out_of_memory, 1);
    frame_put(f);
}

void part_take(hub_part *p, frame *f, const hub_position *at)
{
    /* PAIRS part_note_loss() */
    if (atomic_exchange_explicit(&p->x_lost, false, memory_order_acquire))
        doom_members(p);
    if (at->offset != 0 && p->track != NULL && !track_follow(p->track, at))
        track_lost(p->track); /* perhaps nobody is left after that */
    if (atomic_load_explicit(&p->x_count, memory_order_relaxed) == 0 ||
        (!frame_is_plain(f) && !p->has_told)) {
        frame_put(f); /* the last member has left meanwhile, or it is for others */
        return;
    }
    if (!frame_list_add(&p->frames, f)) {
        lose(p, f);
        return;
    }
    if (p->frames.count == 1)
        part_wait(p);
}

void part_note_loss(hub_part *p)
{
    /* PAIRS acquire in part_take(); the owner has no letter to open, so it acts on the next one */
    atomic_store_explicit(&p->x_lost, true, memory_order_release);
}

/* ---- sweeps ---- */

/* Some of what waits, joined: messages [first, first + count) of the part. */
typedef struct run {
    frame *const *frames; /* all of the part's */
    uint32_t first;
    uint32_t count;
    uint32_t item;  /* of worker->due: joined */
    uint32_t plain; /* the same for members who are told nothing; 0: nothing for them */
} run;

static uint32_t count_plain(frame *const *frames, uint32_t count)
{
    uint32_t plain = 0;

    for (uint32_t i = 0; i < count; i++)
        plain += frame_is_plain(frames[i]) ? 1 : 0;
    return plain;
}

/* As many messages from `first` on as are small together, at least one; where a run may have to be
 * taken apart again it is all plain or not at all. */
static uint32_t run_length(const hub_part *p, uint32_t first)
{
    frame *const *frames = p->frames.frames + first;
    uint32_t most = p->frames.count - first;
    size_t len = frames[0]->len;
    uint32_t count = 1;

    while (count < most && len + frames[count]->len <= RUN_BYTES &&
           (!p->group->how.latest || frame_is_plain(frames[count]) == frame_is_plain(frames[0])))
        len += frames[count++]->len;
    return count;
}

/* The frames one after the other, or the plain ones of them, as one, with a reference. NULL: out of
 * memory. */
static frame *join(frame *const *frames, uint32_t count, bool plain_only)
{
    size_t len = 0;

    if (count == 1)
        return frame_get(frames[0]);
    for (uint32_t i = 0; i < count; i++)
        len += plain_only && !frame_is_plain(frames[i]) ? 0 : frames[i]->len;

    frame *joined = frame_new(len);

    for (uint32_t i = 0, at = 0; joined != NULL && i < count; i++) {
        if (plain_only && !frame_is_plain(frames[i]))
            continue;
        memcpy(joined->data + at, frames[i]->data, frames[i]->len);
        at += frames[i]->len;
    }
    return joined;
}

/* A member that joined while messages waited gets only those that came after it. */
static void link_late(hub_sub *s, const run *r)
{
    bool told = (s->flags & HUB_SUB_IS_TOLD) != 0;

    for (uint32_t i = r->first; i < r->first + r->count; i++) {
        if (i >= s->skip && (told || frame_is_plain(r->frames[i])))
            conn_due(s->conn, r->frames[i]);
    }
}

static void link_paced(hub_sub *s, const run *r)
{
    uint32_t first = s->skip > r->first ? s->skip : r->first;

    if (first < r->first + r->count) /* not so while it waits for its position: SKIP_ALL */
        pace_take(s, r->frames + first, r->first + r->count - first);
}

static void link_run(hub_sub *s, void *arg)
{
    const run *r = arg;

    if (s->pace != 0)
        link_paced(s, r);
    else if (s->skip > r->first)
        link_late(s, r);
    else
        conn_due_item(s->conn, r->item);
}

/* The same, for a run with something that is not for all. */
static void link_mixed(hub_sub *s, void *arg)
{
    const run *r = arg;
    bool told = (s->flags & HUB_SUB_IS_TOLD) != 0;

    if (s->pace != 0)
        link_paced(s, r);
    else if (s->skip > r->first)
        link_late(s, r);
    else if (told || r->plain != 0)
        conn_due_item(s->conn, told ? r->item : r->plain);
}

static void forget_skip(hub_sub *s, void *arg)
{
    (void)arg;
    if (s->skip != SKIP_ALL)
        s->skip = 0;
}

/* Moves the part's references to the worker, which keeps them until they are written. */
static bool hold_frames(hub_part *p)
{
    bool good = true;

    for (uint32_t i = 0; i < p->frames.count; i++)
        good = worker_hold_frame(p->worker, p->frames.frames[i]) && good;
    return good;
}

/* An item for these frames, or the plain ones of them, joined; the worker holds them. 0: out of
 * memory. */
static uint32_t join_item(hub_worker *w, const run *r, bool plain_only, uint32_t parts)
{
    frame *f = join(r->frames + r->first, r->count, plain_only);

    return f != NULL && worker_hold_frame(w, f) ? worker_due_item(w, f, parts) : 0;
}

/* The part's messages are worker->held from index `held` on. */
static bool set_items(hub_part *p, run *r, uint32_t held)
{
    uint32_t plain = count_plain(r->frames + r->first, r->count);
    bool splits = p->group->how.latest && r->count != 1 && plain == r->count;

    r->item = join_item(p->worker, r, false, splits ? held + r->first + 1 : 0);
    r->plain = plain == r->count ? r->item : 0;
    if (r->item == 0 || plain == r->count || plain == 0)
        return r->item != 0;
    r->plain = join_item(p->worker, r, true, 0);
    return r->plain != 0;
}

static bool sweep_runs(hub_part *p, uint32_t held)
{
    for (uint32_t first = 0; first < p->frames.count;) {
        run r = {.frames = p->frames.frames, .first = first};

        r.count = run_length(p, first);
        if (!set_items(p, &r, held))
            return false;
        part_each(p, r.plain == r.item ? link_run : link_mixed, &r);
        first += r.count;
    }
    return true;
}

static void part_sweep(hub_part *p)
{
    uint32_t messages = count_plain(p->frames.frames, p->frames.count);
    uint32_t members = atomic_load_explicit(&p->x_count, memory_order_relaxed); /* own writes */
    uint32_t held = p->worker->held.count;

    if (!hold_frames(p) || !sweep_runs(p, held))
        doom_members(p);
    if (p->has_late)
        part_each(p, forget_skip, NULL);
    p->has_late = false;
    p->sweep += SWEEP_STEP;
    p->frames.count = 0;
    list_remove(&p->waiting);
    metric_add(&p->worker->metrics.x_deliveries, (uint64_t)messages * members);
}

static void serve_member(hub_sub *s, void *arg)
{
    (void)arg;
    if (s->conn->due_first != 0)
        worker_serve(s->conn->worker, s->conn);
}

/* ---- turns ---- */

/* The parts whose flush interval has ended wait for a sweep from now on. */
static void end_gathering(hub_worker *w, uint64_t now_ms)
{
    list *next;

    if (now_ms < w->gathered_ms)
        return;
    w->gathered_ms = UINT64_MAX;
    for (list *l = w->gathering.next; l != &w->gathering; l = next) {
        hub_part *p = container_of(l, hub_part, waiting);

        next = l->next;
        if (p->due_ms <= now_ms) {
            list_remove(l);
            list_add_tail(&w->waiting, l);
        } else if (p->due_ms < w->gathered_ms) {
            w->gathered_ms = p->due_ms;
        }
    }
}

static bool is_small(const hub_part *p)
{
    return atomic_load_explicit(&p->x_count, memory_order_relaxed) <= SMALL_PART; /* own writes */
}

static void sweep_all(hub_worker *w, bool small)
{
    list *next;

    for (list *l = w->waiting.next; l != &w->waiting; l = next) {
        hub_part *p = container_of(l, hub_part, waiting);

        next = l->next;
        if (is_small(p) == small)
            part_sweep(p);
    }
}

/* Sweeps small parts and serves their members at once, up to a slice of them. */
static void serve_small_parts(hub_worker *w)
{
    uint32_t served = 0;
    list *next;

    for (list *l = w->waiting.next; l != &w->waiting && served < SLICE; l = next) {
        hub_part *p = container_of(l, hub_part, waiting);

        next = l->next;
        if (!is_small(p))
            continue;
        served += atomic_load_explicit(&p->x_count, memory_order_relaxed); /* own writes */
        part_sweep(p);
        part_each(p, serve_member, NULL);
        worker_flush(w);
    }
}

/* Sweeps what waits: everything, the small parts first so that they need not wait for the large ones; or,
 * while those are being served who were dirty after that was done last, the small parts only. Who becomes
 * dirty meanwhile does not put it off: so nothing waits for ever, however much is sent besides. */
static void sweep_parts(hub_worker *w)
{
    if (!list_empty(&w->serving)) {
        serve_small_parts(w);
        return;
    }
    sweep_all(w, true);
    sweep_all(w, false);
    list_splice_tail(&w->serving, &w->dirty);
}

static bool any_dirty(const hub_worker *w)
{
    return !list_empty(&w->serving) || !list_empty(&w->dirty);
}

static void serve_slice(hub_worker *w)
{
    for (int i = 0; i < SLICE && any_dirty(w); i++) {
        const list *next = list_empty(&w->serving) ? &w->dirty : &w->serving;

        worker_serve(w, container_of(next->next, hub_conn, dirty));
    }
    worker_flush(w);
}

static void disconnect_doomed(hub_worker *w)
{
    while (!list_empty(&w->doomed)) {
        hub_conn *c = container_of(w->doomed.next, hub_conn, dirty);
        uint32_t code = c->doom_code;

        list_remove(&c->dirty);
        c->doom_code = 0;
        hub_conn_drop_queue(c);
        w->hub->opts.sink->disconnect(c, code, view_of(disconnect_text(code)));
    }
}

void worker_schedule(hub_worker *w)
{
    w->hub->opts.sink->wake(w->wake_arg);
}

uint64_t hub_worker_due_ms(const hub_worker *w)
{
    uint64_t due_ms = w->gathered_ms < w->sweep_ms ? w->gathered_ms : w->sweep_ms;
    uint64_t check_ms = tracks_due_ms(w);

    due_ms = due_ms < w->paces.due_ms ? due_ms : w->paces.due_ms;
    return due_ms < check_ms ? due_ms : check_ms;
}

/* Opens letters, and those that they lead to: a publication that is kept, its answer, and what waits
 * for that at the publisher are to reach the same sweep, or load would not make runs longer. */
static void open_letters(hub_worker *w)
{
    size_t opened = 0;
    size_t count = 0;

    (void)mailbox_drain(&w->later);
    do {
        count = mailbox_drain(&w->mailbox);
        opened += count;
    } while (count != 0 && opened < LETTERS);
}

bool hub_worker_turn(hub_worker *w, uint64_t now_ms)
{
    w->now_ms = now_ms;
    open_letters(w);
    paces_end_intervals(w, now_ms);
    end_gathering(w, now_ms);
    home_sweep(w);
    tracks_check(w);
    sweep_parts(w);
    do
        serve_slice(w);
    while ((w->due.count > DUE_MAX || w->held_bytes > HELD_MAX) && any_dirty(w));
    disconnect_doomed(w);
    if (!any_dirty(w))
        worker_forget_due(w);
    /* a letter to ourselves wakes a loop that is in its turn already */
    return any_dirty(w) || !list_empty(&w->waiting) || !mailbox_empty(&w->mailbox) ||
           !mailbox_empty(&w->later);
}

void hub_worker_settle(hub_worker *w, uint64_t now_ms)
{
    w->now_ms = now_ms;
    open_letters(w);
    end_gathering(w, UINT64_MAX);
    while (!list_empty(&w->waiting)) {
        sweep_parts(w);
        serve_slice(w);
    }
    paces_end_intervals(w, UINT64_MAX);
    while (any_dirty(w))
        serve_slice(w);
    disconnect_doomed(w);
    if (!any_dirty(w))
        worker_forget_due(w);
}
