/* SPDX-License-Identifier: MIT */
/* Channels that remember, and subscriptions that know where they are. */
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "failing_alloc.h"
#include "fake_hub.h"
#include "hub_history.h"

enum { SIZE = 10, TTL_MS = 60000, META_MS = 600000, CHECK_MS = 40000 };

static const stream_limits keep = {.size = SIZE, .ttl_ms = TTL_MS, .meta_ttl_ms = META_MS};

static fake f;

/* What a join or a question was told. */
typedef struct told {
    int times;
    bool ended; /* with no result */
    hub_joined joined;
    char publications[1000];
    gcast_err err;
    hub_position at;
} told;

typedef struct joining {
    hub_join join;
    told *told;
    bool leaves; /* unsubscribes at once */
} joining;

static void setup(void)
{
    fake_open_with(&f, &(hub_opts){.queue_max_bytes = 100000, .position_check_ms = CHECK_MS});
}

static void teardown(void)
{
    fake_close(&f);
}

TestSuite(hub_history, .init = setup, .fini = teardown);

static void copy(char *to, size_t room, view from)
{
    cr_assert_lt(from.len, room);
    if (from.len != 0)
        memcpy(to, from.ptr, from.len);
    to[from.len] = '\0';
}

static void on_joined(hub_join *j, hub_conn *c, const hub_joined *result)
{
    joining *mine = container_of(j, joining, join);
    told *t = mine->told;

    t->times++;
    t->ended = result == NULL;
    if (result == NULL)
        return;
    t->joined = *result;
    copy(t->publications, sizeof t->publications, result->publications);
    hub_conn_send(c, (view){"\1\0\0\0R", 5});
    if (mine->leaves)
        (void)hub_unsubscribe(c, VIEW_LIT("n"));
}

static joining *joining_new(told *t)
{
    joining *j = calloc(1, sizeof *j);

    cr_assert_not_null(j);
    j->told = t;
    j->join.meta_ttl_ms = META_MS;
    j->join.limit = 300;
    j->join.joined = on_joined;
    return j;
}

static void start(fake_conn *c, joining *j)
{
    cr_assert_eq(hub_subscribe_positioned(&c->conn, VIEW_LIT("n"), NULL, &j->join), GCAST_OK);
}

/* Subscribes and waits for the position. */
static void join(fake_conn *c, told *t)
{
    *t = (told){0};
    start(c, joining_new(t));
    fake_run(&f);
    cr_assert_eq(t->times, 1);
}

static void recover(fake_conn *c, told *t, uint64_t since, view epoch, bool latest)
{
    joining *j = joining_new(t);

    j->join.recover = true;
    j->join.latest = latest;
    hub_join_since(&j->join, since, epoch); /* the epoch may be in *t */
    *t = (told){0};
    start(c, j);
    fake_run(&f);
    cr_assert_eq(t->times, 1);
}

static void on_published(void *arg, gcast_err err, const hub_position *at)
{
    told *t = arg;

    t->times++;
    t->err = err;
    t->at = *at;
}

static void publish_opt(const char *data, hub_publish_opts opts, uint64_t version)
{
    publication pub = {.data = view_of(data), .version = version};

    opts.keep = keep;
    cr_assert_eq(hub_publish_opt(f.hub, VIEW_LIT("n"), &pub, &opts), GCAST_OK);
}

static void publish(const char *data)
{
    publish_opt(data, (hub_publish_opts){0}, 0);
}

/* Publishes as a worker does, and waits for the answer. */
static told publish_ask(const char *data, hub_publish_opts opts, uint64_t version)
{
    told t = {0};

    opts.published = on_published;
    opts.arg = &t;
    hub_worker_bind(f.workers[1]);
    publish_opt(data, opts, version);
    hub_worker_bind(NULL);
    fake_run(&f);
    cr_assert_eq(t.times, 1);
    cr_assert_eq(t.err, GCAST_OK);
    return t;
}

static void on_history(void *arg, gcast_err err, const hub_position *top, view publications)
{
    told *t = arg;

    on_published(arg, err, top);
    copy(t->publications, sizeof t->publications, publications);
}

static told ask(stream_range range, view epoch)
{
    hub_history_request rq = {.meta_ttl_ms = META_MS, .range = range, .epoch = epoch};
    told t = {0};

    hub_worker_bind(f.workers[1]);
    cr_assert_eq(hub_history(f.hub, VIEW_LIT("n"), &rq, on_history, &t), GCAST_OK);
    hub_worker_bind(NULL);
    fake_run(&f);
    cr_assert_eq(t.times, 1);
    return t;
}

static told ask_all(void)
{
    return ask((stream_range){.limit = UINT32_MAX}, (view){0});
}

static view epoch_of(const told *t)
{
    return stream_epoch_view(&t->joined.top.epoch);
}

/* The offsets of c's publications since the last call, and R for a reply: "R 1 2". */
static const char *offsets(fake_conn *c)
{
    static char text[500];
    char *at = text;

    *at = '\0';
    for (char *message = strtok((char *)(uintptr_t)fake_messages(c), "|"); message != NULL;
         message = strtok(NULL, "|")) {
        const char *offset = strstr(message, "\"offset\":");

        at += sprintf(at, "%s%s", at == text ? "" : " ",
                      message[0] == 'R'                ? "R"
                      : offset != NULL                 ? ""
                      : strstr(message, "unsubscribe") ? "U"
                                                       : "-");
        if (offset != NULL)
            at += sprintf(at, "%d", atoi(offset + strlen("\"offset\":")));
    }
    buf_reset(&c->wire);
    return text;
}

/* ---- publishing and asking ---- */

Test(hub_history, publications_are_kept_though_nobody_listens)
{
    publish("1");
    publish("2");
    fake_run(&f);

    told t = ask_all();

    cr_expect_str_eq(t.publications, "[{\"data\":1,\"offset\":1},{\"data\":2,\"offset\":2}]");
    cr_expect_eq(t.at.offset, 2);
    cr_expect_eq(hub_count(f.hub).channels, 0, "nobody listens");
}

Test(hub_history, live_publications_carry_their_offset_and_the_first_one_the_epoch)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    char expected[200];

    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("n"), NULL), GCAST_OK);

    told t = publish_ask("{ \"a\": 1}", (hub_publish_opts){0}, 0);

    (void)snprintf(expected, sizeof expected,
                   "{\"push\":{\"channel\":\"n\",\"pub\":{\"data\":{ \"a\": 1},\"offset\":1,"
                   "\"epoch\":\"%.8s\"}}}",
                   t.at.epoch.text);
    cr_expect_str_eq(fake_messages(c), expected);
    buf_reset(&c->wire);
    publish("2");
    fake_run(&f);
    cr_expect_str_eq(fake_messages(c),
                     "{\"push\":{\"channel\":\"n\",\"pub\":{\"data\":2,\"offset\":2}}}");
    fake_disconnect(c);
}

Test(hub_history, a_publication_that_is_not_kept_has_no_offset)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    told t;

    join(c, &t);
    publish("1");
    fake_publish(&f, "n", "2");
    publish("3");
    fake_run(&f);
    cr_expect_str_eq(offsets(c), "R 1 - 2");
    cr_expect_eq(ask_all().at.offset, 2);
    fake_disconnect(c);
}

Test(hub_history, an_answer_says_where_the_publication_is)
{
    told first = publish_ask("1", (hub_publish_opts){0}, 0);
    told second = publish_ask("2", (hub_publish_opts){0}, 0);

    cr_expect_eq(first.at.offset, 1);
    cr_expect_eq(second.at.offset, 2);
    cr_expect_arr_eq(first.at.epoch.text, second.at.epoch.text, STREAM_EPOCH_LEN);
    cr_expect_eq(hub_position_epoch(&first.at).len, STREAM_EPOCH_LEN);
}

/* A publisher that publishes the next one when it has the answer to the last. */
typedef struct patient_publisher {
    int left;
    int answers;
} patient_publisher;

static void publish_next(void *arg, gcast_err err, const hub_position *at)
{
    patient_publisher *p = arg;
    hub_publish_opts opts = {.published = publish_next, .arg = p};

    cr_assert_eq(err, GCAST_OK);
    p->answers += at != NULL ? 1 : 0;
    if (p->left-- > 0)
        publish_opt("1", opts, 0);
}

Test(hub_history, what_is_answered_at_once_goes_out_together)
{
    fake_conn *c[FAKE_WORKERS];
    int most = 0;

    for (unsigned i = 0; i < FAKE_WORKERS; i++) {
        told t;

        c[i] = fake_connect(&f, i, NULL);
        join(c[i], &t);
    }
    for (unsigned i = 0; i < FAKE_WORKERS; i++) { /* of which one is the channel's home */
        patient_publisher p = {.left = 5};
        unsigned writes = c[i]->writes;

        hub_worker_bind(f.workers[i]);
        publish_next(&p, GCAST_OK, NULL);
        hub_worker_bind(NULL);
        (void)fake_turn(&f, i);
        if (p.answers == 5)
            cr_expect_eq(c[i]->writes, writes + 1);
        most = p.answers > most ? p.answers : most;
        for (int n = 0; n < 5 && p.answers < 5; n++)
            fake_run(&f);
        cr_expect_eq(p.answers, 5);
    }
    cr_expect_eq(most, 5);
    for (unsigned i = 0; i < FAKE_WORKERS; i++)
        fake_disconnect(c[i]);
}

Test(hub_history, a_question_from_another_epoch_is_refused)
{
    publish("1");
    fake_run(&f);

    told t = ask_all();

    cr_expect_eq(ask((stream_range){.limit = 1}, stream_epoch_view(&t.at.epoch)).err, GCAST_OK);
    cr_expect_eq(ask((stream_range){.limit = 1}, VIEW_LIT("abcdefgh")).err, GCAST_ENOENT);
    cr_expect_eq(ask((stream_range){.limit = 1}, VIEW_LIT("_")).err, GCAST_ENOENT);
}

Test(hub_history, removing_keeps_the_position)
{
    publish("1");
    publish("2");
    cr_assert_eq(hub_history_remove(f.hub, VIEW_LIT("n")), GCAST_OK);
    cr_assert_eq(hub_history_remove(f.hub, VIEW_LIT("unheard of")), GCAST_OK);

    told t = ask_all();

    cr_expect_str_eq(t.publications, "[]");
    cr_expect_eq(t.at.offset, 2);
}

Test(hub_history, expires_and_is_forgotten)
{
    publish("1");
    fake_run(&f);

    told before = ask_all();

    f.now_ms = TTL_MS;
    told after = ask_all();

    cr_expect_str_eq(after.publications, "[]");
    cr_expect_eq(after.at.offset, 1);
    cr_expect(hub_position_eq(&before.at, &after.at));
    f.now_ms += META_MS;
    for (int i = 0; i < 2; i++) {
        fake_run(&f);
        f.now_ms += 1000;
    }
    after = ask_all();
    cr_expect_eq(after.at.offset, 0);
    cr_expect_not(hub_position_eq(&before.at, &after.at));
}

Test(hub_history, a_repetition_is_answered_as_the_first_and_not_published)
{
    hub_publish_opts key = {.idempotency_key = VIEW_LIT("k")};
    told first = publish_ask("1", key, 0);
    told second = publish_ask("2", (hub_publish_opts){0}, 0);
    told again = publish_ask("3", key, 0);

    cr_expect_eq(second.at.offset, 2);
    cr_expect(hub_position_eq(&first.at, &again.at));
    cr_expect_eq(ask_all().at.offset, 2);
    f.now_ms = 300000;
    cr_expect_eq(publish_ask("4", key, 0).at.offset, 3, "five minutes are over");
}

Test(hub_history, a_repetition_is_none_where_nothing_is_kept)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    hub_publish_opts key = {.idempotency_key = VIEW_LIT("k")};
    publication pub = {.data = VIEW_LIT("1")};

    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("n"), NULL), GCAST_OK);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(hub_publish_opt(f.hub, VIEW_LIT("n"), &pub, &key), GCAST_OK);
    key.idempotency_key = VIEW_LIT("k2");
    cr_assert_eq(hub_publish_opt(f.hub, VIEW_LIT("n"), &pub, &key), GCAST_OK);
    fake_run(&f);
    cr_expect_str_eq(offsets(c), "- -");
    fake_disconnect(c);
}

Test(hub_history, one_with_a_key_is_not_overtaken)
{
    hub_publish_opts opts = {.idempotency_key = VIEW_LIT("k")};
    fake_conn *c = fake_connect(&f, 0, NULL);

    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("n"), NULL), GCAST_OK);
    for (unsigned at = 0; at < FAKE_WORKERS; at++) { /* one of them is home */
        hub_worker_bind(f.workers[at]);
        cr_assert_eq(
            hub_publish_opt(f.hub, VIEW_LIT("n"), &(publication){.data = VIEW_LIT("1")}, &opts),
            GCAST_OK);
        cr_assert_eq(hub_publish(f.hub, VIEW_LIT("n"), &(publication){.data = VIEW_LIT("2")}),
                     GCAST_OK);
        hub_worker_bind(NULL);
        opts.idempotency_key = VIEW_LIT("another");
        fake_run(&f);
    }
    cr_expect_str_eq(fake_data(c), "1|2|1|2");
    fake_disconnect(c);
}

Test(hub_history, a_version_that_is_not_new_is_not_published)
{
    hub_publish_opts a = {.version_epoch = VIEW_LIT("a")};
    hub_publish_opts b = {.version_epoch = VIEW_LIT("b")};

    cr_expect_eq(publish_ask("1", a, 5).at.offset, 1);
    cr_expect_eq(publish_ask("2", a, 5).at.offset, 1);
    cr_expect_eq(publish_ask("3", a, 4).at.offset, 1);
    cr_expect_eq(publish_ask("4", a, 6).at.offset, 2);
    cr_expect_eq(publish_ask("5", b, 1).at.offset, 3);
    cr_expect_str_eq(ask((stream_range){.reverse = true, .limit = 1}, (view){0}).publications,
                     "[{\"data\":5,\"offset\":3,\"version\":1}]");
}

/* ---- subscribing at a position ---- */

Test(hub_history, a_position_is_told_before_anything_comes)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    told t;

    publish("1");
    publish("2");
    join(c, &t);
    publish("3");
    fake_run(&f);
    cr_expect_eq(t.joined.top.offset, 2);
    cr_expect_not(t.joined.recovered);
    cr_expect_str_eq(offsets(c), "R 3");
    fake_disconnect(c);
}

Test(hub_history, a_channel_without_publications_has_an_epoch)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    told t;
    told now;

    join(c, &t);
    now = ask_all();
    cr_expect_eq(t.joined.top.offset, 0);
    cr_expect(hub_position_eq(&t.joined.top, &now.at));
    fake_disconnect(c);
}

/* One publication between any two steps of a join, whatever they are: it is told or it comes. */
Test(hub_history, what_is_published_while_joining_comes_once)
{
    for (unsigned owner = 0; owner < FAKE_WORKERS; owner++) {
        for (unsigned steps = 0; steps < 8; steps++) {
            fake_conn *other = fake_connect(&f, owner, NULL); /* its part has frames that wait */
            fake_conn *c = fake_connect(&f, owner, NULL);
            joining *j;
            told t = {0};
            told o;
            char expected[50];

            cr_assert_eq(hub_history_remove(f.hub, VIEW_LIT("n")), GCAST_OK);
            join(other, &o);
            j = joining_new(&t);
            j->join.recover = true;
            hub_join_since(&j->join, o.joined.top.offset, epoch_of(&o));
            publish("0");
            start(c, j);
            publish("1");
            for (unsigned step = 0; step < steps; step++)
                (void)fake_turn(&f, (step ^ owner) % FAKE_WORKERS);
            publish("2");
            fake_run(&f);
            cr_assert_eq(t.times, 1);
            cr_assert(t.joined.recovered);

            /* the recovered ones, then the live ones: each once */
            int first = (int)t.joined.top.offset + 1;
            int last = (int)o.joined.top.offset + 3;
            char *at = expected + sprintf(expected, "R");
            const char *publications = t.publications;

            for (int i = (int)o.joined.top.offset + 1; i < first; i++) {
                char offset[30];

                (void)snprintf(offset, sizeof offset, "\"offset\":%d}", i);
                publications = strstr(publications, offset);
                cr_assert_not_null(publications, "%s is not in %s", offset, t.publications);
            }
            for (int i = first; i <= last; i++)
                at += sprintf(at, " %d", i);
            cr_expect_str_eq(offsets(c), expected, "owner %u, steps %u", owner, steps);
            fake_disconnect(c);
            fake_disconnect(other);
            fake_settle(&f);
        }
    }
}

Test(hub_history, recovers_what_was_missed)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    told t;

    join(c, &t);
    cr_assert_eq(hub_unsubscribe(&c->conn, VIEW_LIT("n")), GCAST_OK);
    publish("1");
    publish("2");
    recover(c, &t, 0, epoch_of(&t), false);
    cr_expect(t.joined.recovered);
    cr_expect_eq(t.joined.top.offset, 2);
    cr_expect_str_eq(t.publications, "[{\"data\":1,\"offset\":1},{\"data\":2,\"offset\":2}]");
    fake_disconnect(c);
}

Test(hub_history, says_so_if_it_cannot_recover)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    told t;

    for (int i = 0; i < SIZE + 5; i++)
        publish("1");
    recover(c, &t, 4, (view){0}, false);
    cr_expect_not(t.joined.recovered);
    cr_expect_str_eq(t.publications, "");
    cr_expect_eq(t.joined.top.offset, SIZE + 5);
    cr_assert_eq(hub_unsubscribe(&c->conn, VIEW_LIT("n")), GCAST_OK);
    recover(c, &t, SIZE + 5, VIEW_LIT("_"), false);
    cr_expect_not(t.joined.recovered, "another epoch");
    cr_assert_eq(hub_unsubscribe(&c->conn, VIEW_LIT("n")), GCAST_OK);
    recover(c, &t, SIZE + 5, epoch_of(&t), false);
    cr_expect(t.joined.recovered);
    cr_expect_str_eq(t.publications, "");
    fake_disconnect(c);
}

Test(hub_history, the_latest_is_enough_if_it_is_all_that_matters)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    told t;

    recover(c, &t, 0, (view){0}, true);
    cr_expect_not(t.joined.recovered, "nothing is kept");
    cr_assert_eq(hub_unsubscribe(&c->conn, VIEW_LIT("n")), GCAST_OK);
    recover(c, &t, 0, epoch_of(&t), true);
    cr_expect(t.joined.recovered, "nothing came");
    cr_assert_eq(hub_unsubscribe(&c->conn, VIEW_LIT("n")), GCAST_OK);
    for (int i = 0; i < SIZE + 5; i++)
        publish("1");
    recover(c, &t, 1, VIEW_LIT("_"), true);
    cr_expect(t.joined.recovered);
    cr_expect_str_eq(t.publications, "[{\"data\":1,\"offset\":15}]");
    cr_assert_eq(hub_unsubscribe(&c->conn, VIEW_LIT("n")), GCAST_OK);
    recover(c, &t, 15, epoch_of(&t), true);
    cr_expect(t.joined.recovered);
    cr_expect_str_eq(t.publications, "", "it has it");
    fake_disconnect(c);
}

Test(hub_history, ending_before_the_position_is_there_is_told)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    told first = {0};
    told second = {0};

    start(c, joining_new(&first));
    cr_assert_eq(hub_subscribe_positioned(&c->conn, VIEW_LIT("n"), NULL, NULL), GCAST_EEXIST);
    cr_assert_eq(hub_unsubscribe(&c->conn, VIEW_LIT("n")), GCAST_OK);
    cr_expect_eq(first.times, 1);
    cr_expect(first.ended);
    start(c, joining_new(&second));
    publish("1");
    fake_run(&f);
    cr_expect_eq(first.times, 1);
    cr_expect_eq(second.times, 1);
    cr_expect_not(second.ended);
    cr_expect_str_eq(offsets(c), "R 1");
    fake_disconnect(c);
}

Test(hub_history, a_connection_that_leaves_is_not_told)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    told t = {0};

    start(c, joining_new(&t));
    fake_disconnect(c);
    fake_settle(&f);
    cr_expect_eq(t.times, 0);
    cr_expect_eq(f.released, 1);
}

Test(hub_history, may_end_as_it_is_told)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    joining *j;
    told t = {0};

    j = joining_new(&t);
    j->leaves = true;
    start(c, j);
    fake_run(&f);
    publish("1");
    fake_run(&f);
    cr_expect_str_eq(offsets(c), "R");
    cr_expect_not(hub_is_subscribed(&c->conn, VIEW_LIT("n")));
    fake_disconnect(c);
}

/* ---- insufficient state ---- */

static void lose_stream(void)
{
    f.now_ms += 2ULL * META_MS; /* no turn has checked meanwhile */
}

Test(hub_history, a_check_prolongs_the_life_of_a_stream)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    told t;

    join(c, &t);
    for (int i = 0; i < 3 * META_MS / CHECK_MS; i++) {
        f.now_ms += CHECK_MS;
        fake_run(&f);
    }
    publish("1");
    fake_run(&f);
    cr_expect_str_eq(offsets(c), "R 1");
    fake_disconnect(c);
}

Test(hub_history, a_check_finds_that_the_stream_is_another_one)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    fake_conn *plain = fake_connect(&f, 0, NULL);
    fake_conn *many[200];
    told t;

    join(c, &t);
    cr_assert_eq(hub_subscribe(&plain->conn, VIEW_LIT("n"), NULL), GCAST_OK);
    for (int i = 0; i < 200; i++) {
        many[i] = fake_connect(&f, 0, NULL);
        join(many[i], &t);
    }
    lose_stream();
    fake_run(&f);
    cr_expect_str_eq(offsets(c), "R U");
    cr_expect_not(hub_is_subscribed(&c->conn, VIEW_LIT("n")));
    cr_expect(hub_is_subscribed(&plain->conn, VIEW_LIT("n")));
    for (int i = 0; i < 200; i++) {
        cr_expect_str_eq(offsets(many[i]), "R U");
        fake_disconnect(many[i]);
    }
    cr_expect_str_eq(offsets(plain), "");
    fake_disconnect(c);
    fake_disconnect(plain);
}

/* The publication that shows it has nobody left to come to. */
Test(hub_history, a_loss_that_ends_the_last_subscription_leaves_nothing_behind)
{
    static const hub_sub_opts gathered = {.delivery.flush_ms = UINT32_MAX};
    fake_conn *c = fake_connect(&f, 0, NULL);
    told t = {0};

    cr_assert_eq(
        hub_subscribe_positioned(&c->conn, VIEW_LIT("n"), &gathered, &joining_new(&t)->join),
        GCAST_OK);
    fake_run(&f);
    lose_stream();
    publish("1");
    (void)fake_turn(&f, 1); /* home */
    (void)fake_turn(&f, 0);
    cr_expect_str_eq(offsets(c), "R U");
    cr_expect_eq(hub_worker_due_ms(f.workers[0]), UINT64_MAX, "something waits");
    lose_stream();
    fake_run(&f);
    fake_settle(&f); /* the group goes */
    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("n"), &gathered), GCAST_OK);
    publish("2");
    fake_run(&f);
    fake_disconnect(c);
}

/* c has got 1, 2, 3 ... without a gap. Returns the last. */
static uint64_t must_be_gapless(fake_conn *c, size_t nth)
{
    const char *text = offsets(c);
    uint64_t last = 0;

    text += *text == 'R' ? strcspn(text, " ") : 0;
    while (*text != '\0' && text[strspn(text, " ")] != 'U') {
        char *end;
        uint64_t offset = strtoull(text, &end, 10);

        cr_assert_eq(offset, last + 1, "allocation %zu: %d after %d", nth, (int)offset, (int)last);
        last = offset;
        text = end;
    }
    return last;
}

/* c has everything, or knows that it has not. */
static void must_know(fake_conn *c, uint64_t top, size_t nth)
{
    uint64_t last = must_be_gapless(c, nth);

    if (c->closed_with == 0 && hub_is_subscribed(&c->conn, VIEW_LIT("n")))
        cr_expect_eq(last, top, "allocation %zu: %d of %d", nth, (int)last, (int)top);
    else
        cr_expect(c->closed_with == 0 || c->closed_with == DISCONNECT_INSUFFICIENT_STATE ||
                      c->closed_with == DISCONNECT_INTERNAL,
                  "closed with %u", c->closed_with);
}

/* Publishes with the nth allocation failing. false: there are no so many. */
static bool publish_without_memory(size_t nth)
{
    bool failed;

    publish("1");
    failing_alloc_arm(nth);
    fake_run(&f);
    failed = failing_alloc_disarm();
    fake_run(&f);
    return failed;
}

Test(hub_history, for_want_of_memory_nobody_misses_anything_unknowingly)
{
    for (int live = 0; live < 2; live++) { /* what comes next is a publication, or a check */
        for (size_t nth = 0;; nth++) {
            fake_conn *conns[2 * FAKE_WORKERS];
            fake_conn *plain[FAKE_WORKERS]; /* learn of a loss with the next publication */
            bool failed;
            told t;

            f.now_ms += 2ULL * META_MS; /* the stream begins anew */
            fake_run(&f);
            for (unsigned i = 0; i < 2 * FAKE_WORKERS; i++) {
                conns[i] = fake_connect(&f, i % FAKE_WORKERS, NULL);
                join(conns[i], &t);
                cr_assert_eq(t.joined.top.offset, 0);
            }
            for (unsigned i = 0; i < FAKE_WORKERS; i++) {
                plain[i] = fake_connect(&f, i, NULL);
                cr_assert(buf_reserve(&plain[i]->wire, 1000)); /* its socket needs no memory */
                cr_assert_eq(hub_subscribe(&plain[i]->conn, VIEW_LIT("n"), NULL), GCAST_OK);
            }
            failed = publish_without_memory(nth);
            if (live)
                publish("2");
            f.now_ms += CHECK_MS;
            fake_run(&f);
            for (unsigned i = 0; i < 2 * FAKE_WORKERS; i++) {
                must_know(conns[i], ask_all().at.offset, nth);
                fake_disconnect(conns[i]);
            }
            for (unsigned i = 0; i < FAKE_WORKERS; i++) {
                if (live)
                    must_know(plain[i], ask_all().at.offset, nth);
                fake_disconnect(plain[i]);
            }
            fake_settle(&f);
            if (!failed)
                break;
        }
    }
}

Test(hub_history, a_join_without_memory_is_refused_or_told)
{
    fake_conn *c = fake_connect(&f, 0, NULL);
    bool failed = true;

    for (size_t nth = 0; failed; nth++) {
        told t = {0};
        joining *j = joining_new(&t);
        gcast_err err;

        f.now_ms += 2ULL * META_MS;
        failing_alloc_arm(nth);
        err = hub_subscribe_positioned(&c->conn, VIEW_LIT("n"), NULL, &j->join);
        if (err == GCAST_OK)
            fake_run(&f);
        else
            free(j);
        failed = failing_alloc_disarm();
        fake_run(&f);
        cr_expect_eq(hub_is_subscribed(&c->conn, VIEW_LIT("n")), err == GCAST_OK);
        cr_expect_eq(t.times, err == GCAST_OK);
        (void)hub_unsubscribe(&c->conn, VIEW_LIT("n"));
        fake_settle(&f);
    }
    fake_disconnect(c);
}

Test(hub_history, a_version_that_could_not_be_published_is_still_new)
{
    char epoch[8];
    bool failed = true;
    uint64_t nth;

    for (nth = 0; failed; nth++) {
        hub_publish_opts opts = {.version_epoch = VIEW_LIT("always")};

        if (nth % 2 == 0) { /* a new epoch has to be remembered first */
            (void)snprintf(epoch, sizeof epoch, "%d", (int)nth);
            opts.version_epoch = view_of(epoch);
        }
        publish_opt("1", opts, nth + 1);
        failing_alloc_arm(nth / 2);
        fake_run(&f);
        failed = failing_alloc_disarm();
        cr_expect_eq(publish_ask("1", opts, nth + 1).at.offset, nth + 1, "allocation %d",
                     (int)nth / 2);
    }
    cr_expect_eq(ask_all().at.offset, nth);
}

Test(hub_history, a_publication_that_is_refused_is_not_kept)
{
    bool failed = true;
    uint64_t top = ask_all().at.offset;

    for (size_t nth = 0; failed; nth++) {
        fake_conn *c = fake_connect(&f, 0, NULL);
        told t = {0};

        cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("n"), NULL), GCAST_OK);
        hub_worker_bind(f.workers[1]);
        publish_opt("1", (hub_publish_opts){.published = on_published, .arg = &t}, 0);
        hub_worker_bind(NULL);
        failing_alloc_arm(nth);
        fake_run(&f);
        failed = failing_alloc_disarm();
        cr_assert_eq(t.times, 1);
        top += t.err == GCAST_OK ? 1 : 0;
        cr_expect_eq(ask_all().at.offset, top, "allocation %zu", nth);
        fake_disconnect(c);
    }
}

/* ---- memory ---- */

Test(hub_history, memory_is_bounded_and_positions_outlive_what_gives_way)
{
    char channel[16];
    metrics sum = {0};
    told t;

    fake_close(&f);
    fake_open_with(&f, &(hub_opts){.queue_max_bytes = 100000, .history_max_bytes = 40000});
    publish("1");
    fake_run(&f);
    for (int i = 0; i < 2000; i++) {
        publication pub = {.data = VIEW_LIT("\"0123456789012345678901234567890123456789\"")};
        hub_publish_opts opts = {.keep = keep};

        (void)snprintf(channel, sizeof channel, "c%d", i % 50);
        cr_assert_eq(hub_publish_opt(f.hub, view_of(channel), &pub, &opts), GCAST_OK);
        fake_run(&f);
    }
    hub_metrics(f.hub, &sum);
    cr_expect_leq(atomic_load(&sum.x_history_bytes), 40000);
    cr_expect_gt(atomic_load(&sum.x_history_bytes), 20000);
    cr_expect_gt(atomic_load(&sum.x_history_trimmed), 0);
    t = ask_all();
    cr_expect_str_eq(t.publications, "[]", "it was published to least recently");
    cr_expect_eq(t.at.offset, 1);
}
