/* SPDX-License-Identifier: MIT */
#include "fixture.h"

uint64_t now_ms;

enum { MAX_FLAGS = 24 };

static fake f;
static config *cfg;
static client_tokens tokens;
static client_desk desk;
static client *clients[MAX_CLIENTS];
static size_t client_count;

void desk_open(const char *const *flags)
{
    char *argv[MAX_FLAGS] = {(char *)"gracecast"};
    char *const nothing[] = {NULL};
    config_report report = {0};
    buf error = {0};
    int argc = 1;

    for (; *flags != NULL && argc < MAX_FLAGS - 1; flags++)
        argv[argc++] = (char *)(uintptr_t)*flags;
    cr_assert_eq(config_load(argc, argv, nothing, &cfg, &report), CONFIG_OK, "%.*s",
                 (int)report.errors.len, report.errors.len == 0 ? "" : report.errors.data);
    config_report_fini(&report);
    cr_assert(client_tokens_init(&tokens, cfg, &error), "%.*s", (int)error.len, error.data);
    now_ms = OPENED_MS;
    fake_open(&f, cfg->client.queue_max_size_bytes);
    cr_assert(client_desk_init(&desk, cfg, &tokens, f.hub, f.workers[0], &fake_sink));
}

void desk_close(void)
{
    for (size_t i = 0; i < client_count; i++) {
        hub_conn_leave(&clients[i]->conn);
        client_close(clients[i]);
        hub_conn_release(&clients[i]->conn);
    }
    client_desk_fini(&desk);
    fake_close(&f);
    client_tokens_fini(&tokens);
    config_free(cfg);
    client_count = 0;
}

client *come(const char *user)
{
    client *c = container_of(&fake_accept(&f, 0, sizeof *c)->conn, client, conn);

    cr_assert_lt(client_count, MAX_CLIENTS);
    clients[client_count++] = c;
    client_open(c, &desk, view_of(user), now_ms);
    return c;
}

client *come_connected(const char *user)
{
    client *c = come(user);

    say(c, "{\"id\":1,\"connect\":{}}");
    must_be_closed(c, 0);
    cr_assert_eq(c->state, CLIENT_CONNECTED);
    (void)heard(c);
    return c;
}

void say(client *c, const char *message)
{
    client_message(c, view_of(message), now_ms);
    f.now_ms = now_ms;
    fake_run(&f);
}

void say_at_work(client *c, const char *message)
{
    hub_worker_bind(f.workers[0]);
    client_message(c, view_of(message), now_ms);
    hub_worker_bind(NULL);
}

void work(void)
{
    f.now_ms = now_ms;
    fake_run(&f);
}

void tick(client *c)
{
    client_tick(c, now_ms);
}

const char *heard(client *c)
{
    fake_conn *conn = fake_conn_of(&c->conn);
    const char *messages = fake_messages(conn);

    buf_reset(&conn->wire);
    return messages;
}

void must_answer(client *c, const char *message, const char *answer)
{
    const char *messages;

    say(c, message);
    messages = heard(c);
    cr_expect_str_eq(messages, answer, "%s\nwas answered %s\ninstead of   %s", message, messages,
                     answer);
}

void must_refuse(client *c, const char *message, uint32_t error)
{
    buf answer = {0};

    buf_printf(&answer, "{\"id\":1,\"error\":{\"code\":%u,\"message\":\"%s\"}}", error,
               protocol_error_text(error));
    buf_append_char(&answer, '\0');
    must_answer(c, message, answer.data);
    must_be_closed(c, 0);
    buf_fini(&answer);
}

void must_be_closed(client *c, uint32_t code)
{
    const fake_conn *conn = fake_conn_of(&c->conn);

    cr_expect_eq(conn->closed_with, code, "closed with %u instead of %u", conn->closed_with, code);
    cr_expect_eq(conn->closings, code == 0 ? 0 : 1, "closed %u times", conn->closings);
    cr_expect_eq(c->conn.closing, code != 0);
}

void must_close(bool connected, const char *message, uint32_t code)
{
    client *c = connected ? come_connected(NULL) : come(NULL);
    const fake_conn *conn = fake_conn_of(&c->conn);

    must_answer(c, message, "");
    cr_expect_eq(conn->closed_with, code, "%s: %u instead of %u", message, conn->closed_with, code);
    cr_expect_eq(conn->closings, 1);
}
