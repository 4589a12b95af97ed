/* SPDX-License-Identifier: MIT */
/* Roll calls. */
#include <stdio.h>

#include <criterion/criterion.h>

#include "fake_hub.h"

enum { MANY = 2000 };

static fake f;
static fake_conn *conns[MANY];
static unsigned completions;

static void setup(void)
{
    fake_open(&f, 1 << 20);
}

static void teardown(void)
{
    fake_close(&f);
}

TestSuite(hub_roll, .init = setup, .fini = teardown);

static void note_completion(void *arg)
{
    cr_assert_eq(arg, &f);
    completions++;
}

static void subscribe_many(unsigned worker, const char *user)
{
    for (int i = 0; i < MANY; i++) {
        conns[i] = fake_connect(&f, worker, user);
        cr_assert_eq(hub_subscribe(&conns[i]->conn, VIEW_LIT("a"), NULL), GCAST_OK);
    }
}

static void disconnect_from(int first)
{
    for (int i = first; i < MANY; i++)
        fake_disconnect(conns[i]);
}

/* On worker 0: what a roll call says at once. */
static bool call(hub_roll *r)
{
    bool complete;

    hub_worker_bind(f.workers[0]);
    complete = hub_roll_call(r, note_completion, &f);
    hub_worker_bind(NULL);
    return complete;
}

/* How often `text` is in the names. */
static unsigned times(const hub_roll *r, const char *text)
{
    view names = hub_roll_names(r);
    size_t len = strlen(text);
    unsigned count = 0;

    for (size_t i = 0; i + len <= names.len; i++)
        count += memcmp(names.ptr + i, text, len) == 0 ? 1 : 0;
    return count;
}

static void must_name_once(const hub_roll *r, const fake_conn *c)
{
    char key[HUB_CLIENT_ID_LEN + 4];
    hub_client_id id = hub_conn_client_id(&c->conn);

    (void)snprintf(key, sizeof key, "\"%s\":", id.text);
    cr_assert_eq(times(r, key), 1, "%s", id.text);
}

Test(hub_roll, does_not_name_the_hidden)
{
    fake_conn *shown = fake_connect(&f, 0, "ann");
    fake_conn *hidden = fake_connect(&f, 1, "bob");
    hub_sub_opts how = {.flags = HUB_SUB_IS_HIDDEN};
    hub_roll *r;

    cr_assert_eq(hub_subscribe(&shown->conn, VIEW_LIT("a"), NULL), GCAST_OK);
    cr_assert_eq(hub_subscribe(&hidden->conn, VIEW_LIT("a"), &how), GCAST_OK);
    cr_assert_eq(hub_sub_refresh(hub_sub_find(&hidden->conn, VIEW_LIT("a")), VIEW_LIT("1"), 0),
                 GCAST_OK);
    r = hub_roll_new(f.hub, VIEW_LIT("a"), true);
    cr_assert_not_null(r);
    cr_assert(call(r));
    cr_assert_eq(hub_roll_stats(r).clients, 1);
    cr_assert_eq(hub_roll_stats(r).users, 1);
    must_name_once(r, shown);
    cr_assert_eq(times(r, "\"user\":"), 1);
    hub_roll_free(r);
    fake_publish(&f, "a", "1"); /* it is a subscription like any other */
    fake_run(&f);
    cr_assert_eq(fake_count(hidden), 1);
    fake_disconnect(shown);
    fake_disconnect(hidden);
}

Test(hub_roll, of_nobody_is_empty)
{
    hub_roll *r = hub_roll_new(f.hub, VIEW_LIT("a"), true);

    cr_assert(call(r));
    cr_expect(view_eq(hub_roll_names(r), VIEW_LIT("{}")));
    cr_expect_eq(hub_roll_stats(r).clients, 0);
    cr_expect_eq(hub_roll_stats(r).users, 0);
    hub_roll_free(r);
}

Test(hub_roll, names_each_with_what_is_told_of_it)
{
    fake_conn *c = fake_connect(&f, 1, "ann");
    hub_sub_opts opts = {.info = VIEW_LIT("[2]")};
    hub_client_id id = hub_conn_client_id(&c->conn);
    hub_roll *r = NULL;
    buf expected = {0};

    cr_assert_eq(hub_conn_set_info(&c->conn, VIEW_LIT("{\"n\":1}")), GCAST_OK);
    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("a"), &opts), GCAST_OK);
    r = hub_roll_new(f.hub, VIEW_LIT("a"), true);
    cr_assert(call(r));
    buf_printf(&expected,
               "{\"%s\":{\"user\":\"ann\",\"client\":\"%s\",\"conn_info\":{\"n\":1},"
               "\"chan_info\":[2]}}",
               id.text, id.text);
    cr_expect(view_eq(hub_roll_names(r), buf_view(&expected)), "%.*s", (int)hub_roll_names(r).len,
              hub_roll_names(r).ptr);
    buf_fini(&expected);
    hub_roll_free(r);
    fake_disconnect(c);
}

Test(hub_roll, counts_users_once)
{
    char user[16];

    for (int i = 0; i < MANY; i++) {
        (void)snprintf(user, sizeof user, "u%d", i % 700);
        conns[i] = fake_connect(&f, (unsigned)i % 2, i % 700 == 0 ? NULL : user);
        cr_assert_eq(hub_subscribe(&conns[i]->conn, VIEW_LIT("a"), NULL), GCAST_OK);
    }

    hub_roll *r = hub_roll_new(f.hub, VIEW_LIT("a"), false);

    cr_assert(hub_roll_call(r, NULL, NULL), "this thread is no worker's");
    cr_expect_eq(hub_roll_stats(r).clients, MANY);
    cr_expect_eq(hub_roll_stats(r).users, 700); /* one of them: those without a name */
    hub_roll_free(r);
    disconnect_from(0);
}

Test(hub_roll, of_many_takes_several_turns)
{
    hub_roll *r = NULL;
    unsigned turns = 0;

    subscribe_many(0, "u");
    r = hub_roll_new(f.hub, VIEW_LIT("a"), true);
    cr_assert_not(call(r));
    while (completions == 0 && turns++ < MANY)
        cr_assert(fake_turn(&f, 0) || completions == 1, "there is more to do");
    cr_assert_eq(completions, 1);
    cr_expect_gt(turns, 1);
    fake_run(&f);
    cr_assert_eq(completions, 1);
    cr_assert_not(hub_roll_failed(r));
    cr_expect_eq(hub_roll_stats(r).clients, MANY);
    cr_expect_eq(hub_roll_stats(r).users, 1);
    for (int i = 0; i < MANY; i += 97)
        must_name_once(r, conns[i]);
    hub_roll_free(r);
    disconnect_from(0);
}

Test(hub_roll, names_nobody_twice_and_forgets_nobody_when_members_move)
{
    enum { STAY_FROM = 600, STAY_TO = 700 };
    hub_roll *r = NULL;

    subscribe_many(1, NULL);
    r = hub_roll_new(f.hub, VIEW_LIT("a"), true);
    cr_assert_not(call(r)); /* the first slice has been read */
    for (int i = 0; i < MANY; i++) {
        if (i < STAY_FROM || i >= STAY_TO)
            fake_disconnect(conns[i]);
    }
    while (completions == 0)
        (void)fake_turn(&f, 0);
    for (int i = STAY_FROM; i < STAY_TO; i++) {
        must_name_once(r, conns[i]);
        fake_disconnect(conns[i]);
    }
    cr_expect_eq(hub_roll_stats(r).clients, STAY_TO - STAY_FROM);
    cr_expect_eq(times(r, "{\"user\""), STAY_TO - STAY_FROM);
    hub_roll_free(r);
}

Test(hub_roll, forgets_nobody_when_members_come)
{
    hub_roll *r = NULL;

    subscribe_many(0, NULL); /* 2000 in an array of 2048 */
    r = hub_roll_new(f.hub, VIEW_LIT("a"), true);
    cr_assert_not(call(r));
    fake_conn *more[100];

    for (int i = 0; i < 100; i++) {
        more[i] = fake_connect(&f, 0, NULL);
        cr_assert_eq(hub_subscribe(&more[i]->conn, VIEW_LIT("a"), NULL), GCAST_OK);
    }
    while (completions == 0)
        (void)fake_turn(&f, 0);
    cr_expect_geq(hub_roll_stats(r).clients, MANY);
    for (int i = 0; i < MANY; i += 97)
        must_name_once(r, conns[i]);
    for (int i = 0; i < 100; i++)
        fake_disconnect(more[i]);
    hub_roll_free(r);
    disconnect_from(0);
}

Test(hub_roll, that_nobody_waits_for_ends)
{
    hub_roll *r = NULL;

    subscribe_many(0, NULL);
    r = hub_roll_new(f.hub, VIEW_LIT("a"), true);
    cr_assert_not(call(r));
    hub_roll_free(r);
    fake_run(&f);
    cr_assert_eq(completions, 0);
    disconnect_from(0);
}

Test(hub_roll, keeps_a_channel_that_has_been_left)
{
    hub_roll *r = NULL;

    subscribe_many(0, NULL);
    r = hub_roll_new(f.hub, VIEW_LIT("a"), true);
    cr_assert_not(call(r));
    disconnect_from(0);
    while (completions == 0)
        (void)fake_turn(&f, 0);
    cr_expect_eq(hub_count(f.hub).channels, 0);
    hub_roll_free(r);
}
