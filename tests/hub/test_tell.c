/* SPDX-License-Identifier: MIT */
/* Joins and leaves. */
#include <stdio.h>

#include <criterion/criterion.h>

#include "failing_alloc.h"
#include "fake_hub.h"

static fake f;

static void setup(void)
{
    fake_open(&f, 1 << 20);
}

static void teardown(void)
{
    fake_close(&f);
}

TestSuite(hub_tell, .init = setup, .fini = teardown);

static void subscribe(fake_conn *c, uint32_t flags)
{
    hub_sub_opts opts = {.flags = flags};

    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("a"), &opts), GCAST_OK);
}

static void unsubscribe(fake_conn *c)
{
    cr_assert_eq(hub_unsubscribe(&c->conn, VIEW_LIT("a")), GCAST_OK);
}

/* Appends what the members of `a` see: '1' stands for a publication of 1, "+ann" and "-ann" for her join
 * and leave. */
static void note(buf *out, view message)
{
    char user[8] = "";
    char number = '?';
    char text[512];

    (void)snprintf(text, sizeof text, "%.*s", (int)message.len, message.ptr);
    if (sscanf(text, "{\"push\":{\"channel\":\"a\",\"pub\":{\"data\":%c}}}", &number) == 1)
        buf_append_char(out, number);
    else if (sscanf(text, "{\"push\":{\"channel\":\"a\",\"join\":{\"info\":{\"user\":\"%7[a-z]\"",
                    user) == 1)
        buf_printf(out, "+%s", user);
    else if (sscanf(text, "{\"push\":{\"channel\":\"a\",\"leave\":{\"info\":{\"user\":\"%7[a-z]\"",
                    user) == 1)
        buf_printf(out, "-%s", user);
    else
        buf_append_view(out, message);
}

/* What c has seen since the last call; good until the next. */
static const char *seen(fake_conn *c)
{
    static buf out;
    view rest;

    fake_run(&f);
    rest = view_of(fake_messages(c));
    buf_fini(&out);
    while (rest.len != 0) {
        const char *end = memchr(rest.ptr, '|', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.ptr);

        note(&out, (view){.ptr = rest.ptr, .len = len});
        rest = view_skip(rest, end == NULL ? len : len + 1);
    }
    buf_append_char(&out, '\0');
    buf_reset(&c->wire);
    return out.data;
}

#define MUST_SEE(conn, what)                                      \
    do {                                                          \
        const char *it = seen(conn);                              \
        cr_expect_str_eq(it, what, "%s instead of %s", it, what); \
    } while (0)

Test(hub_tell, joins_and_leaves_have_their_place_among_publications)
{
    for (unsigned at = 0; at < FAKE_WORKERS; at++) {
        fake_conn *told = fake_connect(&f, at, "told");
        fake_conn *plain = fake_connect(&f, at, "plain");
        fake_conn *ann = fake_connect(&f, 1, "ann");

        subscribe(told, HUB_SUB_IS_TOLD);
        subscribe(plain, 0);
        fake_publish(&f, "a", "1");
        subscribe(ann, HUB_SUB_TELLS);
        fake_publish(&f, "a", "2");
        unsubscribe(ann);
        fake_publish(&f, "a", "3");
        MUST_SEE(told, "1+ann2-ann3");
        MUST_SEE(plain, "123");
        MUST_SEE(ann, ""); /* gone before anything was written */
        fake_disconnect(told);
        fake_disconnect(plain);
        fake_disconnect(ann);
    }
}

Test(hub_tell, a_member_that_is_told_sees_its_own_join_and_not_its_leave)
{
    fake_conn *ann = fake_connect(&f, 0, "ann");
    fake_conn *bob = fake_connect(&f, 1, "bob");

    subscribe(ann, HUB_SUB_TELLS | HUB_SUB_IS_TOLD);
    MUST_SEE(ann, "+ann");
    subscribe(bob, HUB_SUB_TELLS | HUB_SUB_IS_TOLD);
    MUST_SEE(bob, "+bob");
    MUST_SEE(ann, "+bob");
    unsubscribe(ann);
    MUST_SEE(ann, "");
    MUST_SEE(bob, "-ann");
    fake_disconnect(ann);
    fake_disconnect(bob);
}

Test(hub_tell, of_every_end_of_a_subscription)
{
    hub_select ann = {.user = VIEW_LIT("ann")};
    fake_conn *told = fake_connect(&f, 0, "told");
    fake_conn *c = NULL;

    subscribe(told, HUB_SUB_IS_TOLD);
    c = fake_connect(&f, 1, "ann");
    subscribe(c, HUB_SUB_TELLS);
    MUST_SEE(told, "+ann");
    cr_assert_eq(hub_end_subscriptions(f.hub, &ann, VIEW_LIT("a"), 2000, VIEW_LIT("x")), 1);
    MUST_SEE(told, "-ann");
    subscribe(c, HUB_SUB_TELLS);
    cr_assert_eq(hub_end_subscriptions(f.hub, &ann, (view){0}, 2000, VIEW_LIT("x")), 1);
    MUST_SEE(told, "+ann-ann");
    subscribe(c, HUB_SUB_TELLS);
    cr_assert_eq(hub_disconnect(f.hub, &ann, 3000, VIEW_LIT("x")), 1);
    MUST_SEE(told, "+ann-ann");
    fake_disconnect(c);
    MUST_SEE(told, "");
    fake_disconnect(told);
}

Test(hub_tell, with_what_is_told_of_the_connection_and_the_subscription)
{
    fake_conn *told = fake_connect(&f, 0, "told");
    fake_conn *c = fake_connect(&f, 1, "ann");
    hub_client_id id = hub_conn_client_id(&c->conn);
    hub_sub_opts opts = {.info = VIEW_LIT("[2]"), .flags = HUB_SUB_TELLS};
    buf expected = {0};

    subscribe(told, HUB_SUB_IS_TOLD);
    cr_assert_eq(hub_conn_set_info(&c->conn, VIEW_LIT("{\"n\":1}")), GCAST_OK);
    cr_assert_eq(hub_subscribe(&c->conn, VIEW_LIT("a"), &opts), GCAST_OK);
    unsubscribe(c);
    fake_run(&f);
    for (int i = 0; i < 2; i++)
        buf_printf(&expected,
                   "%s{\"push\":{\"channel\":\"a\",\"%s\":{\"info\":{\"user\":\"ann\","
                   "\"client\":\"%s\",\"conn_info\":{\"n\":1},\"chan_info\":[2]}}}}",
                   i == 0 ? "" : "|", i == 0 ? "join" : "leave", id.text);
    buf_append_char(&expected, '\0');
    cr_expect_str_eq(fake_messages(told), expected.data);
    buf_fini(&expected);
    fake_disconnect(c);
    fake_disconnect(told);
}

Test(hub_tell, costs_nothing_while_nobody_is_told)
{
    fake_conn *told = fake_connect(&f, 0, "told");
    fake_conn *ann = fake_connect(&f, 0, "ann");

    subscribe(told, HUB_SUB_IS_TOLD);
    unsubscribe(told);
    subscribe(told, 0);
    subscribe(ann, HUB_SUB_TELLS);
    unsubscribe(ann);
    for (unsigned i = 0; i < FAKE_WORKERS; i++)
        cr_expect_eq(mailbox_drain(hub_worker_mailbox(f.workers[i])), 0);
    MUST_SEE(told, "");
    fake_disconnect(told);
    fake_disconnect(ann);
}

/* What is in the mailboxes goes its way, but nothing is written. */
static void open_letters(void)
{
    for (unsigned i = 0; i < FAKE_WORKERS; i++) {
        hub_worker_bind(f.workers[i]);
        (void)mailbox_drain(hub_worker_mailbox(f.workers[i]));
    }
    hub_worker_bind(NULL);
}

Test(hub_tell, nobody_of_what_was_before)
{
    fake_conn *early = fake_connect(&f, 0, "early");
    fake_conn *ann = fake_connect(&f, 0, "ann");
    fake_conn *late = fake_connect(&f, 0, "late");

    early->room = 0; /* what waits for it does so in its own queue */
    subscribe(early, HUB_SUB_IS_TOLD);
    subscribe(ann, HUB_SUB_TELLS);
    fake_publish(&f, "a", "1");
    open_letters();
    open_letters(); /* all of it waits in the part now */
    subscribe(late, HUB_SUB_IS_TOLD | HUB_SUB_TELLS);
    MUST_SEE(late, "+late");
    early->room = SIZE_MAX;
    hub_conn_writable(&early->conn);
    MUST_SEE(early, "+ann1+late");
    fake_disconnect(early);
    fake_disconnect(ann);
    fake_disconnect(late);
}

Test(hub_tell, and_does_not_count_as_deliveries)
{
    fake_conn *told = fake_connect(&f, 0, "told");
    metrics sum = {0};

    subscribe(told, HUB_SUB_IS_TOLD | HUB_SUB_TELLS);
    fake_publish(&f, "a", "1");
    MUST_SEE(told, "+told1");
    hub_metrics(f.hub, &sum);
    cr_expect_eq(atomic_load(&sum.x_deliveries), 1);
    cr_expect_eq(atomic_load(&sum.x_publications), 1);
    fake_disconnect(told);
}

/* Unlike a publication: who is there can be asked for. */
Test(hub_tell, one_that_is_lost_for_want_of_memory_closes_nobody)
{
    enum { HOME = 0, AWAY = 1 };
    fake_conn *told = fake_connect(&f, AWAY, "told");
    fake_conn *ann = fake_connect(&f, AWAY, "ann");
    fake_conn *bob = fake_connect(&f, AWAY, "bob");

    subscribe(told, HUB_SUB_IS_TOLD);
    subscribe(ann, HUB_SUB_TELLS);
    failing_alloc_arm(0);
    (void)fake_turn(&f, HOME); /* no letter to the other worker */
    cr_assert(failing_alloc_disarm());
    subscribe(bob, HUB_SUB_TELLS);
    (void)fake_turn(&f, HOME);
    failing_alloc_arm(0);
    (void)fake_turn(&f, AWAY); /* no room in the part */
    cr_assert(failing_alloc_disarm());
    fake_publish(&f, "a", "1");
    MUST_SEE(told, "1");
    cr_expect_eq(told->closed_with, 0);
    fake_disconnect(told);
    fake_disconnect(ann);
    fake_disconnect(bob);
}
