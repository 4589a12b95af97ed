/* SPDX-License-Identifier: MIT */
/*
 * Errands: something to be done with chosen connections. The caller's thread finds them (by id in
 * the registry, by user in the user's group, or by a traversal of the whole registry), all under
 * RCU, and posts them in batches to their owners, who do it.
 *
 * A batch holds pointers. That they are good when it is opened is shown at conn_on_release().
 */
#include <stdlib.h>

#include "hub_internal.h"

enum { BATCH = 256 }; /* connections in a letter */

/* What is to be done; shared by the letters of one errand. */
typedef struct task {
    _Atomic(uint32_t) x_refs;
    void (*run)(const struct task *t, hub_conn *c); /* owner of c */
    frame *frame;                                   /* a message to send, or NULL */
    hub_deed *deed;                                 /* of hub_do(), or NULL */
    uint32_t code;
    view channel; /* these two point into bytes[] */
    view reason;
    char bytes[];
} task;

typedef struct errand {
    letter letter;
    hub_worker *worker;
    task *task; /* one reference */
    uint32_t count;
    hub_conn *conns[BATCH];
} errand;

static task *task_new(void (*run)(const task *t, hub_conn *c), uint32_t code, view channel,
                      view reason)
{
    task *t = calloc(1, sizeof *t + channel.len + reason.len);

    if (t == NULL)
        return NULL;
    atomic_init(&t->x_refs, 1);
    t->run = run;
    t->code = code;

    char *at = t->bytes;

    t->channel = view_copy(channel, &at);
    t->reason = view_copy(reason, &at);
    return t;
}

static void task_put(task *t)
{
    /* PAIRS itself in the other workers: their reads end before the free */
    if (atomic_fetch_sub_explicit(&t->x_refs, 1, memory_order_acq_rel) != 1)
        return;
    frame_put(t->frame);
    if (t->deed != NULL)
        t->deed->free(t->deed);
    free(t);
}

static void errand_open(letter *l)
{
    errand *e = container_of(l, errand, letter);
    frame *f = e->task->frame;
    bool held = f == NULL || worker_hold_frame(e->worker, frame_get(f)); /* once for all of them */

    for (uint32_t i = 0; i < e->count; i++) {
        if (!held)
            conn_doom(e->conns[i], DISCONNECT_INTERNAL);
        else if (!e->conns[i]->closing)
            e->task->run(e->task, e->conns[i]);
    }
    task_put(e->task);
    free(e);
}

/* ---- finding them ---- */

/* One errand being sent out: a letter in the making for each worker. */
typedef struct outing {
    hub *hub;
    const hub_select *who;
    task *task;
    errand **open; /* by worker */
    int64_t sent;
    bool failed;
} outing;

static void post_errand(errand *e)
{
    mailbox_post(&e->worker->mailbox, &e->letter);
}

/* Posts the letters that are not full; inside the read section in which they were begun. */
static void post_open(outing *o)
{
    for (unsigned i = 0; i < o->hub->opts.workers; i++) {
        if (o->open[i] != NULL)
            post_errand(o->open[i]);
        o->open[i] = NULL;
    }
}

static errand *open_letter(outing *o, hub_worker *w)
{
    if (o->open[w->index] != NULL)
        return o->open[w->index];

    errand *e = malloc(sizeof *e);

    if (e == NULL)
        return NULL;
    e->letter.open = errand_open;
    e->worker = w;
    e->task = o->task;
    e->count = 0;
    /* relaxed: we hold a reference ourselves */
    atomic_fetch_add_explicit(&o->task->x_refs, 1, memory_order_relaxed);
    o->open[w->index] = e;
    return e;
}

static bool spared(const hub_select *who, const hub_conn *c)
{
    if (who->whitelist_count == 0)
        return false;

    hub_client_id id = hub_conn_client_id(c);
    view text = {.ptr = id.text, .len = HUB_CLIENT_ID_LEN};

    for (size_t i = 0; i < who->whitelist_count; i++) {
        if (view_eq(who->whitelist[i], text))
            return true;
    }
    return false;
}

/* Adds c to the letter for its owner. Inside a read section. */
static void visit(outing *o, hub_conn *c)
{
    if (!o->who->any_user &&
        (c->has_user != (o->who->user.len != 0) || !view_eq(hub_conn_user(c), o->who->user)))
        return;
    if (spared(o->who, c))
        return;

    errand *e = open_letter(o, c->worker);

    if (e == NULL) {
        o->failed = true;
        return;
    }
    e->conns[e->count++] = c;
    o->sent++;
    if (e->count == BATCH) {
        post_errand(e);
        o->open[c->worker->index] = NULL;
    }
}

static void visit_client(outing *o)
{
    uint64_t id;

    if (!client_id_parse(o->hub, o->who->client, &id))
        return;
    gcast_read_begin(o->hub->conns);
    gcast_entry *e = gcast_peek(o->hub->conns, id);

    if (e != NULL)
        visit(o, container_of(e, hub_conn, entry));
    post_open(o);
    gcast_read_end(o->hub->conns);
}

static void visit_member(void *arg, hub_sub *s)
{
    visit(arg, s->conn);
}

static void visit_user(outing *o)
{
    gcast_registry *users = o->hub->users;

    gcast_read_begin(users);
    gcast_entry *e = gcast_peek_bytes(users, o->who->user.ptr, o->who->user.len);

    if (e != NULL)
        group_each_rcu(container_of(e, hub_group, entry), visit_member, o);
    post_open(o);
    gcast_read_end(users);
}

/* A traversal of the whole registry, cut into sections so that it delays no reclamation for long.
 */
static void visit_all(outing *o)
{
    gcast_registry *conns = o->hub->conns;
    gcast_entry *e;
    gcast_cursor cursor;

    gcast_cursor_init(&cursor);
    do {
        int steps = 0;

        gcast_read_begin(conns);
        while (steps++ < SECTION_STEPS && (e = gcast_next(conns, &cursor)) != NULL)
            visit(o, container_of(e, hub_conn, entry));
        post_open(o); /* pointers leave the section only inside a posted letter */
        gcast_read_end(conns);
    } while (e != NULL);
}

static int64_t send_out(hub *h, const hub_select *who, task *t)
{
    if (t == NULL)
        return GCAST_ENOMEM;

    outing o = {.hub = h, .who = who, .task = t};

    o.open = calloc(h->opts.workers, sizeof(errand *));
    if (o.open == NULL)
        o.failed = true;
    else if (who->client.len != 0)
        visit_client(&o);
    else if (!who->any_user && who->user.len != 0)
        visit_user(&o);
    else
        visit_all(&o);
    free(o.open);
    task_put(t);
    return o.failed ? GCAST_ENOMEM : o.sent;
}

/* ---- what can be done ---- */

static void run_send(const task *t, hub_conn *c)
{
    conn_due(c, t->frame);
}

int64_t hub_send_message(hub *h, const hub_select *who, view data)
{
    task *t = task_new(run_send, 0, (view){0}, (view){0});
    buf message = {0};

    push_message(&message, data);
    if (t != NULL && !message.failed)
        t->frame = h->opts.sink->frame(buf_view(&message));
    buf_fini(&message);
    if (t != NULL && t->frame == NULL) {
        task_put(t);
        return GCAST_ENOMEM;
    }
    return send_out(h, who, t);
}

static void run_disconnect(const task *t, hub_conn *c)
{
    c->worker->hub->opts.sink->disconnect(c, t->code, t->reason);
}

int64_t hub_disconnect(hub *h, const hub_select *who, uint32_t code, view reason)
{
    return send_out(h, who, task_new(run_disconnect, code, (view){0}, reason));
}

static void run_end_subscriptions(const task *t, hub_conn *c)
{
    if (t->channel.len != 0) {
        hub_end_subscription(c, t->channel, t->code, t->reason);
        return;
    }
    while (c->subs != NULL)
        hub_end_subscription(c, group_name(c->subs->part->group), t->code, t->reason);
}

int64_t hub_end_subscriptions(hub *h, const hub_select *who, view channel, uint32_t code,
                              view reason)
{
    return send_out(h, who, task_new(run_end_subscriptions, code, channel, reason));
}

static void run_deed(const task *t, hub_conn *c)
{
    t->deed->run(t->deed, c);
}

int64_t hub_do(hub *h, const hub_select *who, hub_deed *d)
{
    task *t = d == NULL ? NULL : task_new(run_deed, 0, (view){0}, (view){0});

    if (t != NULL)
        t->deed = d;
    else if (d != NULL)
        d->free(d);
    return send_out(h, who, t);
}
