/* SPDX-License-Identifier: MIT */
/*
 * From a publication to the sockets.
 *
 *   publisher ---letter---> home worker ---letter a worker---> every worker with members
 *
 * The home worker of a channel numbers its publications by taking them in the order of its mailbox,
 * encodes each once and posts it to the workers; mailboxes keep order, so every subscriber sees the
 * same order. A publication first waits in the worker's part of the channel. A *sweep* then goes
 * over the part's members and links everything that waits, joined to one run of bytes, to what is
 * due to each connection; connections with something due are *dirty* and are served in turn, each
 * with one system call for all that is due to it, a slice of them per turn of the loop.
 *
 * While dirty connections are being served new publications gather in their parts, and the next
 * sweep takes them all: the busier the server, the more messages go out in one call. A small part
 * does not wait for a large sweep: it is swept and written at once.
 *
 * Nothing here is allocated or counted per recipient: due items come from one list per worker that
 * is emptied when nobody is dirty any more, and the frames are kept by the worker until then.
 */
#include <stdlib.h>

#include "hub_internal.h"

enum {
    FIRST_ITEMS = 4,
    SLICE = 128,         /* connections served per turn: about a millisecond of system calls */
    SMALL_PART = 64,     /* members up to which a part does not wait for others */
    WRITE_FRAMES = 64,   /* frames in one call */
    BATCH_BYTES = 65536, /* messages up to this size together are joined before a sweep */
    SWEEP_STEP = 7919, /* sweeps begin at another member each time, so that nobody is always last */
};

/* ---- growing lists ---- */

static void *grown(void *items, uint32_t *cap, size_t size)
{
    uint32_t more = *cap == 0 ? FIRST_ITEMS : *cap * 2;
    void *bigger = more < *cap ? NULL : realloc(items, more * size);

    if (bigger != NULL)
        *cap = more;
    return bigger;
}

static bool push_frame(frame ***frames, uint32_t *count, uint32_t *cap, frame *f)
{
    if (*count == *cap) {
        frame **bigger = grown(*frames, cap, sizeof **frames);

        if (bigger == NULL)
            return false;
        *frames = bigger;
    }
    (*frames)[(*count)++] = f;
    return true;
}

bool worker_hold_frame(hub_worker *w, frame *f)
{
    if (push_frame(&w->held.frames, &w->held.count, &w->held.cap, f))
        return true;
    metric_add(&w->metrics.x_out_of_memory, 1);
    frame_put(f);
    return false;
}

/* The index of a new due item; 0: out of memory. */
static uint32_t new_due(due_list *l, frame *f)
{
    if (l->count == l->cap) {
        due *bigger = grown(l->items, &l->cap, sizeof *l->items);

        if (bigger == NULL)
            return 0;
        l->items = bigger;
    }
    if (l->count == 0)
        l->count = 1; /* [0] means "none" */
    l->items[l->count] = (due){.frame = f};
    return l->count++;
}

/* ---- one connection ---- */

void worker_schedule(hub_worker *w)
{
    w->hub->opts.sink->wake(w->wake_arg);
}

void conn_doom(hub_conn *c, uint32_t code)
{
    if (c->closing || c->doom_code != 0)
        return;
    c->doom_code = (uint16_t)code;
    conn_drop_due(c);
    list_add_tail(&c->worker->doomed, &c->dirty);
    worker_schedule(c->worker);
}

void conn_drop_due(hub_conn *c)
{
    c->due_first = 0; /* the items themselves go with the list */
    list_remove(&c->dirty);
}

void conn_due(hub_conn *c, frame *f)
{
    hub_worker *w = c->worker;

    if (c->closing || c->doom_code != 0)
        return;
    if (c->outbox != NULL) {
        (void)outbox_append(c, f, 0);
        return;
    }

    uint32_t item = new_due(&w->due, f);

    if (item == 0) {
        metric_add(&w->metrics.x_out_of_memory, 1);
        conn_doom(c, DISCONNECT_INTERNAL);
        return;
    }
    if (c->due_first == 0) {
        c->due_first = item;
        list_add_tail(&w->dirty, &c->dirty);
    } else {
        w->due.items[c->due_last].next = item;
    }
    c->due_last = item;
}

/* Puts what was not written of `frames` into the outbox. */
static void keep_rest(hub_conn *c, frame *const *frames, int count, size_t written)
{
    for (int i = 0; i < count; i++) {
        if (written >= frames[i]->len) {
            written -= frames[i]->len;
            continue;
        }
        if (!outbox_append(c, frames[i], (uint32_t)written))
            return;
        written = 0;
    }
}

/* Writes up to WRITE_FRAMES of the frames from item `at` on. Returns the item that follows. */
static uint32_t write_due(hub_conn *c, uint32_t at)
{
    hub_worker *w = c->worker;
    frame *frames[WRITE_FRAMES];
    struct iovec iov[WRITE_FRAMES];
    size_t total = 0;
    int count = 0;

    for (; at != 0 && count < WRITE_FRAMES; at = w->due.items[at].next) {
        frame *f = w->due.items[at].frame;

        frames[count] = f;
        iov[count] = (struct iovec){f->data, f->len};
        total += f->len;
        count++;
    }

    ssize_t written = c->outbox != NULL ? 0 : w->hub->opts.sink->write(c, iov, count);

    if (written < 0)
        return 0; /* broken: the transport closes it */
    if ((size_t)written < total)
        keep_rest(c, frames, count, (size_t)written);
    return at;
}

/* The usual case, in half of the instructions: one run of bytes is due. */
static void write_single(hub_conn *c, frame *f)
{
    struct iovec iov = {f->data, f->len};
    ssize_t written = c->outbox != NULL ? 0 : c->worker->hub->opts.sink->write(c, &iov, 1);

    if (written >= 0 && (size_t)written < f->len)
        (void)outbox_append(c, f, (uint32_t)written);
}

/* Writes all that is due to c. */
static void serve(hub_conn *c)
{
    const due *first = &c->worker->due.items[c->due_first];
    uint32_t at = c->due_first;

    conn_drop_due(c);
    if (at != 0 && first->next == 0 && c->doom_code == 0) {
        write_single(c, first->frame);
        return;
    }
    while (at != 0 && c->doom_code == 0)
        at = write_due(c, at);
}

void hub_conn_send(hub_conn *c, view bytes)
{
    if (c->doom_code != 0)
        return;
    if (c->due_first != 0)
        serve(c);

    const hub_sink *sink = c->worker->hub->opts.sink;
    struct iovec iov = {(char *)bytes.ptr, bytes.len}; /* iovec has no const; write only reads */
    ssize_t written = c->outbox != NULL ? 0 : sink->write(c, &iov, 1);

    if (written < 0 || (size_t)written == bytes.len || c->doom_code != 0)
        return;

    frame *copy = frame_copy(bytes); /* whole: the queue must know where its messages begin */

    if (copy == NULL) {
        metric_add(&c->worker->metrics.x_out_of_memory, 1);
        conn_doom(c, DISCONNECT_INTERNAL);
        return;
    }
    (void)outbox_append(c, copy, (uint32_t)written);
    frame_put(copy);
}

/* ---- sweeps ---- */

/* How many of the frames go into one run of bytes: all that are small together, at least one. */
static uint32_t batch_size(frame *const *frames, uint32_t count)
{
    size_t len = frames[0]->len;
    uint32_t taken = 1;

    while (taken < count && len + frames[taken]->len <= BATCH_BYTES)
        len += frames[taken++]->len;
    return taken;
}

/* The frames one after the other, as one; takes over their references. NULL: out of memory. */
static frame *join(frame *const *frames, uint32_t count)
{
    size_t len = 0;

    if (count == 1)
        return frames[0];
    for (uint32_t i = 0; i < count; i++)
        len += frames[i]->len;

    frame *joined = frame_new(len);
    char *at = joined == NULL ? NULL : joined->data;

    for (uint32_t i = 0; i < count; i++) {
        if (at != NULL) {
            memcpy(at, frames[i]->data, frames[i]->len);
            at += frames[i]->len;
        }
        frame_put(frames[i]);
    }
    return joined;
}

static void part_clear(hub_part *p)
{
    p->frame_count = 0;
    list_remove(&p->waiting);
}

void part_drop_frames(hub_part *p)
{
    for (uint32_t i = 0; i < p->frame_count; i++)
        frame_put(p->frames[i]);
    part_clear(p);
}

/* Every member loses the same publications when there is no memory to join them: close them all, so
 * that each notices and comes back, rather than miss something unknowingly. */
static void doom_members(hub_part *p)
{
    hub_members *m = atomic_load_explicit(&p->x_members, memory_order_relaxed); /* own writes */

    metric_add(&p->worker->metrics.x_out_of_memory, 1);
    for (uint32_t i = 0; i < m->used; i++) {
        hub_sub *s = slot_sub(atomic_load_explicit(&m->x_slots[i], memory_order_relaxed));

        if (s != NULL)
            conn_doom(s->conn, DISCONNECT_INTERNAL);
    }
}

/* Links `batch` to what is due to every member. */
static void sweep(hub_part *p, frame *batch)
{
    /* Own writes all of them; nothing in the loop changes the members (doomed ones leave later). */
    hub_members *m = atomic_load_explicit(&p->x_members, memory_order_relaxed);
    uint32_t at = p->sweep % m->used;

    for (uint32_t i = 0; i < m->used; i++) {
        hub_sub *s = slot_sub(atomic_load_explicit(&m->x_slots[at], memory_order_relaxed));

        if (s != NULL)
            conn_due(s->conn, batch);
        at = at + 1 == m->used ? 0 : at + 1;
    }
}

void part_collect(hub_part *p)
{
    hub_worker *w = p->worker;
    uint32_t messages = p->frame_count;
    uint32_t taken = 0;

    while (taken < messages) {
        uint32_t size = batch_size(p->frames + taken, messages - taken);
        frame *batch = join(p->frames + taken, size);

        taken += size;
        if (batch == NULL || !worker_hold_frame(w, batch)) {
            doom_members(p);
            continue;
        }
        sweep(p, batch);
    }
    if (messages == 0)
        return;
    part_clear(p);
    p->sweep += SWEEP_STEP;
    metric_add(&w->metrics.x_deliveries,
               (uint64_t)messages * atomic_load_explicit(&p->x_count, memory_order_relaxed));
}

/* Sweeps a part and serves its members at once, ahead of others that are due. */
static void part_deliver_now(hub_part *p)
{
    part_collect(p);

    hub_members *m = atomic_load_explicit(&p->x_members, memory_order_relaxed); /* own writes */

    for (uint32_t i = 0; i < m->used; i++) {
        hub_sub *s = slot_sub(atomic_load_explicit(&m->x_slots[i], memory_order_relaxed));

        if (s != NULL && s->conn->due_first != 0)
            serve(s->conn);
    }
}

static void collect_parts(hub_worker *w)
{
    bool busy = !list_empty(&w->dirty);
    list *next;

    for (list *l = w->waiting.next; l != &w->waiting; l = next) {
        hub_part *p = container_of(l, hub_part, waiting);

        next = l->next;
        if (!busy)
            part_collect(p);
        else if (atomic_load_explicit(&p->x_count, memory_order_relaxed) <= SMALL_PART)
            part_deliver_now(p);
    }
}

static void serve_slice(hub_worker *w)
{
    for (int i = 0; i < SLICE && !list_empty(&w->dirty); i++)
        serve(container_of(w->dirty.next, hub_conn, dirty));
}

static void drop_held(hub_worker *w)
{
    for (uint32_t i = 0; i < w->held.count; i++)
        frame_put(w->held.frames[i]);
    w->held.count = 0;
    w->due.count = 0;
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

bool hub_worker_turn(hub_worker *w)
{
    (void)mailbox_drain(&w->mailbox);
    collect_parts(w);
    serve_slice(w);
    disconnect_doomed(w);
    if (list_empty(&w->dirty))
        drop_held(w);
    return !list_empty(&w->dirty) || !list_empty(&w->waiting);
}

/* ---- letters ---- */

/* From the home worker to a worker with members. */
typedef struct delivery {
    letter letter;
    hub_part *part; /* its group is held */
    frame *frame;   /* one reference */
} delivery;

/* Owner of the part; takes over one reference. */
static void part_take(hub_part *p, frame *f)
{
    if (atomic_load_explicit(&p->x_count, memory_order_relaxed) == 0) {
        frame_put(f); /* the last member has left meanwhile */
        return;
    }
    if (!push_frame(&p->frames, &p->frame_count, &p->frame_cap, f)) {
        frame_put(f);
        doom_members(p);
        return;
    }
    if (p->frame_count == 1)
        list_add_tail(&p->worker->waiting, &p->waiting);
}

static void delivery_open(letter *l)
{
    delivery *d = container_of(l, delivery, letter);
    hub_group *g = d->part->group;

    part_take(d->part, d->frame);
    group_release(g);
    free(d);
}

/* From the home worker: one publication to one worker. */
static void post_delivery(hub_part *p, frame *f)
{
    hub_worker *home = hub_self();

    if (p->worker == home) {
        part_take(p, frame_get(f));
        worker_schedule(home);
        return;
    }

    delivery *d = malloc(sizeof *d);

    if (d == NULL) {
        metric_add(&home->metrics.x_out_of_memory, 1);
        return;
    }
    *d = (delivery){.letter.open = delivery_open, .part = p, .frame = frame_get(f)};
    /* relaxed: we hold the group already */
    atomic_fetch_add_explicit(&p->group->x_holders, 1, memory_order_relaxed);
    mailbox_post(&p->worker->mailbox, &d->letter);
}

static frame *encode(hub_worker *home, const hub_group *g, const publication *pub)
{
    buf_reset(&home->scratch);
    push_publication(&home->scratch, group_name(g), pub);

    frame *f = home->scratch.failed ? NULL : home->hub->opts.sink->frame(buf_view(&home->scratch));

    if (f == NULL)
        metric_add(&home->metrics.x_out_of_memory, 1);
    return f;
}

/* On the home worker, with a hold on g. */
static void publish_at_home(hub_group *g, const publication *pub)
{
    hub_worker *home = hub_self();
    frame *f = NULL;

    /* PAIRS part_open() */
    hub_part *p = atomic_load_explicit(&g->x_parts, memory_order_acquire);

    for (; p != NULL; p = p->next) {
        /* PAIRS group_join(): a member that was counted before this publication gets it */
        if (atomic_load_explicit(&p->x_count, memory_order_acquire) == 0)
            continue;
        if (f == NULL && (f = encode(home, g, pub)) == NULL)
            return;
        post_delivery(p, f);
    }
    frame_put(f);
}

/* From a publisher to the home worker. */
typedef struct publishing {
    letter letter;
    hub_group *group; /* held */
    publication pub;  /* its views point into bytes[] */
    client_info info;
    char bytes[];
} publishing;

static void publishing_open(letter *l)
{
    publishing *m = container_of(l, publishing, letter);

    publish_at_home(m->group, &m->pub);
    group_release(m->group);
    free(m);
}

/* Moves a view's bytes to *at. */
static void take(view *v, char **at)
{
    if (v->len != 0)
        memcpy(*at, v->ptr, v->len);
    v->ptr = *at;
    *at += v->len;
}

static publishing *publishing_new(const publication *pub)
{
    client_info info = pub->info == NULL ? (client_info){0} : *pub->info;
    size_t len = pub->data.len + pub->tags.len + pub->epoch.len + info.user.len + info.client.len +
                 info.conn_info.len + info.chan_info.len;
    publishing *m = malloc(sizeof *m + len);

    if (m == NULL)
        return NULL;
    *m = (publishing){.letter.open = publishing_open, .pub = *pub, .info = info};

    view *views[] = {&m->pub.data,    &m->pub.tags,       &m->pub.epoch,     &m->info.user,
                     &m->info.client, &m->info.conn_info, &m->info.chan_info};
    char *at = m->bytes;

    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        take(views[i], &at);
    m->pub.info = pub->info == NULL ? NULL : &m->info;
    return m;
}

/* FNV-1a, only to spread channels over workers: a peer that aims at one worker gains nothing that
 * it could not have by publishing to one channel. */
static uint64_t name_hash(view name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 32);
}

static void count_publication(hub *h)
{
    if (hub_self() != NULL)
        metric_add(&hub_self()->metrics.x_publications, 1);
    else /* relaxed: a statistic; threads outside share one counter */
        atomic_fetch_add_explicit(&h->outside.x_publications, 1, memory_order_relaxed);
}

gcast_err hub_publish(hub *h, view channel, const publication *pub)
{
    hub_group *g = group_find(h->channels, channel);

    count_publication(h);
    if (g == NULL)
        return GCAST_OK; /* nobody listens */

    hub_worker *home = hub_home(h, name_hash(channel));

    if (home == hub_self()) {
        publish_at_home(g, pub);
        group_release(g);
        return GCAST_OK;
    }

    publishing *m = publishing_new(pub);

    if (m == NULL) {
        group_release(g);
        return GCAST_ENOMEM;
    }
    m->group = g;
    mailbox_post(&home->mailbox, &m->letter);
    return GCAST_OK;
}
