/* SPDX-License-Identifier: MIT */
/*
 * The client side of Centrifugo's protocol, as far as a load needs it, and messages of plain
 * WebSocket servers. Publications of ours are found by their stamp; everything else, which is rare,
 * is parsed as JSON.
 */
#include <stdio.h>
#include <stdlib.h>

#include "helper_internal.h"
#include "json.h"
#include "member.h"

enum {
    ID_CONNECT = 1,
    ID_FIRST = 2,
    ID_SLOTS = PLAN_MAX_PER_CONNECTION,
    ID_STEP = 2 * ID_SLOTS, /* subscribe and unsubscribe for each slot */
};

/* The id of a command says which subscription it is about, so that nothing needs to be kept. */
static uint32_t command_id(conn *c, uint32_t slot, bool unsubscribe)
{
    c->commands = (c->commands + 1) % 1000000;
    return ID_FIRST + c->commands * ID_STEP + slot * 2 + (unsubscribe ? 1 : 0);
}

static void write_channel(helper *h, uint32_t channel)
{
    char name[256];

    (void)snprintf(name, sizeof name, "%s%u", h->plan->channel_prefix, channel);
    json_write_string(&h->out, view_of(name));
}

static void send_out(helper *h, conn *c)
{
    if (h->out.failed)
        conn_failed(h, c, CAUSE_NO_DESCRIPTOR);
    else
        conn_send(h, c, buf_view(&h->out));
}

void speak_greet(helper *h, conn *c)
{
    buf_reset(&h->out);
    buf_append_lit(&h->out, "{\"id\":1,\"connect\":{\"name\":\"gracecast-churn\"");
    if (h->plan->token != NULL) {
        buf_append_lit(&h->out, ",\"token\":");
        json_write_string(&h->out, view_of(h->plan->token));
    }
    buf_append_lit(&h->out, "}}");
    send_out(h, c);
}

static void write_subscribe(helper *h, conn *c, uint32_t slot)
{
    const sub *s = &helper_subs(h, c)[slot];

    buf_printf(&h->out, "{\"id\":%u,\"subscribe\":{\"channel\":", command_id(c, slot, false));
    write_channel(h, helper_channel(h, c, slot));
    if (h->plan->recover)
        buf_append_lit(&h->out, ",\"recoverable\":true");
    if (s->recoverable) {
        buf_printf(&h->out,
                   ",\"recover\":true,\"offset\":%llu,\"epoch\":", (unsigned long long)s->offset);
        json_write_string(&h->out, view_of(h->epochs[s->epoch]));
    }
    buf_append_lit(&h->out, "}}");
}

static void subscribe(helper *h, conn *c, uint32_t slot)
{
    sub *s = &helper_subs(h, c)[slot];

    if (h->out.len > 0)
        buf_append_char(&h->out, '\n');
    write_subscribe(h, c, slot);
    s->state = SUB_ASKED;
    s->asked_ns = h->now_ns;
    c->pending++;
}

static void await_answers(helper *h, conn *c)
{
    wheel_set(&h->wheel, &c->timer, h->now_ns / 1000000 + h->plan->timeout_ms);
}

/* A plain server has no subscriptions: one gets what everybody gets from the handshake on. */
static void open_raw(helper *h, conn *c)
{
    uint32_t generation = c->generation;

    if (h->plan->raw == RAW_BROADCAST || (h->plan->raw == RAW_ECHO && c->kind == KIND_STEADY))
        verify_subscribed(h, c, 0, false);
    if (h->plan->raw_send != NULL)
        conn_send(h, c, view_of(h->plan->raw_send));
    if (c->generation == generation)
        conn_ready(h, c);
}

void speak_subscribe_all(helper *h, conn *c)
{
    if (h->plan->protocol == PROTOCOL_RAW) {
        open_raw(h, c);
        return;
    }
    buf_reset(&h->out);
    for (uint32_t slot = 0; slot < h->plan->per_connection; slot++)
        subscribe(h, c, slot);
    await_answers(h, c);
    send_out(h, c);
}

void speak_unsubscribe(helper *h, conn *c, uint32_t slot)
{
    sub *s = &helper_subs(h, c)[slot];

    if (s->state != SUB_ON)
        return;
    s->state = SUB_LEAVING;
    s->asked_ns = h->now_ns;
    s->recoverable = false;
    c->pending++;
    buf_reset(&h->out);
    buf_printf(&h->out, "{\"id\":%u,\"unsubscribe\":{\"channel\":", command_id(c, slot, true));
    write_channel(h, helper_channel(h, c, slot));
    buf_append_lit(&h->out, "}}");
    await_answers(h, c);
    send_out(h, c);
}

void speak_publish(helper *h, conn *c, uint32_t channel, view payload)
{
    buf_reset(&h->out);
    if (h->plan->protocol == PROTOCOL_RAW) {
        conn_send(h, c, payload);
        return;
    }
    buf_printf(&h->out, "{\"id\":%u,\"publish\":{\"channel\":", command_id(c, 0, false));
    write_channel(h, channel);
    buf_append_lit(&h->out, ",\"data\":");
    buf_append_view(&h->out, payload);
    buf_append_lit(&h->out, "}}");
    send_out(h, c);
}

/* --- what the server says */

static uint64_t number_member(view object, view name)
{
    uint64_t number = 0;

    return json_u64(member_of(object, name), &number) ? number : 0;
}

static bool true_member(view object, view name)
{
    bool value = false;

    return json_bool(member_of(object, name), &value) && value;
}

/* The index under which an epoch is remembered; -1: no more room, or too long. */
static int epoch_index(helper *h, view raw)
{
    buf text = {0};
    int found = -1;

    if (json_string_decode(raw, &text) && text.len < EPOCH_MAX) {
        for (int i = 0; i < MAX_EPOCHS && found < 0; i++) {
            if (h->epochs[i][0] == '\0' && text.len > 0)
                memcpy(h->epochs[i], text.data, text.len);
            if (view_eq(view_of(h->epochs[i]), buf_view(&text)))
                found = i;
        }
    }
    buf_fini(&text);
    return found;
}

/* Publications that a recovery brought, oldest first. */
static void take_recovered(helper *h, conn *c, view publications)
{
    json_iter it;
    view publication = {0};

    if (!json_iter_init(&it, publications))
        return;
    while (json_iter_next(&it, NULL, &publication)) {
        stamp found = {0};
        view rest = {0};

        if (stamp_find(member_of(publication, VIEW_LIT("data")), &found, &rest)) {
            sub *s = verify_arrival(h, c, found, false);

            if (s != NULL)
                s->offset = number_member(publication, VIEW_LIT("offset"));
        }
    }
}

static void take_position(helper *h, conn *c, sub *s, view result)
{
    int epoch = epoch_index(h, member_of(result, VIEW_LIT("epoch")));

    s->recoverable = h->plan->recover && epoch >= 0 && true_member(result, VIEW_LIT("recoverable"));
    if (!s->recoverable)
        return;
    s->epoch = (uint16_t)epoch;
    s->offset = number_member(result, VIEW_LIT("offset"));
    take_recovered(h, c, member_of(result, VIEW_LIT("publications")));
}

static void answered(helper *h, conn *c)
{
    if (c->pending > 0)
        c->pending--;
    if (c->pending == 0)
        conn_ready(h, c);
}

static void on_subscribed(helper *h, conn *c, uint32_t slot, view result)
{
    sub *s = &helper_subs(h, c)[slot];

    if (s->state != SUB_ASKED) {
        counter_add(&h->tally->strange, 1);
        return;
    }
    hist_record(&h->tally->subscribe, h->now_ns - s->asked_ns);
    verify_subscribed(h, c, slot, true_member(result, VIEW_LIT("recovered")));
    take_position(h, c, s, result);
    answered(h, c);
}

static void on_unsubscribed(helper *h, conn *c, uint32_t slot)
{
    sub *s = &helper_subs(h, c)[slot];

    if (s->state != SUB_LEAVING) {
        counter_add(&h->tally->strange, 1);
        return;
    }
    s->state = SUB_OFF;
    counter_add(&h->tally->unsubscribes, 1);
    c->pending--;
    buf_reset(&h->out);
    subscribe(h, c, slot); /* only the activity `resubscribe` gives one up */
    await_answers(h, c);
    send_out(h, c);
}

static void on_connected(helper *h, conn *c, view result)
{
    if (c->state != CONN_GREETING) {
        counter_add(&h->tally->strange, 1);
        return;
    }
    c->wants_pong = true_member(result, VIEW_LIT("pong"));
    conn_opened(h, c);
}

static void on_error(helper *h, conn *c, uint64_t id, view error)
{
    tally_code(&h->tally->error_codes, number_member(error, VIEW_LIT("code")));
    if (c->kind == KIND_PUBLISHER && id != ID_CONNECT)
        courier_answered(h, c->courier, CAUSE_PUBLISH_ERROR);
    else
        conn_failed(h, c, id == ID_CONNECT ? CAUSE_GREETING_ERROR : CAUSE_SUBSCRIBE_ERROR);
}

static void on_reply(helper *h, conn *c, uint64_t id, view line)
{
    view error = member_of(line, VIEW_LIT("error"));
    uint32_t command = (uint32_t)((id - ID_FIRST) % ID_STEP);

    if (error.len > 0)
        on_error(h, c, id, error);
    else if (id == ID_CONNECT)
        on_connected(h, c, member_of(line, VIEW_LIT("connect")));
    else if (c->kind == KIND_PUBLISHER)
        courier_answered(h, c->courier, CAUSE_COUNT);
    else if (command / 2 >= h->plan->per_connection)
        counter_add(&h->tally->strange, 1);
    else if (command % 2 == 1)
        on_unsubscribed(h, c, command / 2);
    else
        on_subscribed(h, c, command / 2, member_of(line, VIEW_LIT("subscribe")));
}

/* The number of the slot whose channel has this name; per_connection: none. */
static uint32_t slot_of(helper *h, const conn *c, view raw)
{
    for (uint32_t slot = 0; slot < h->plan->per_connection; slot++) {
        buf_reset(&h->out);
        write_channel(h, helper_channel(h, c, slot));
        if (view_eq(raw, buf_view(&h->out)))
            return slot;
    }
    return h->plan->per_connection;
}

/* A push that is no publication of ours. */
static void on_push(helper *h, conn *c, view push)
{
    view end = member_of(push, VIEW_LIT("unsubscribe"));
    uint32_t slot = 0;

    counter_add(&h->tally->messages, 1);
    if (end.len == 0)
        return;
    counter_add(h->storming ? &h->tally->expected_closes : &h->tally->unsubscribed, 1);
    slot = slot_of(h, c, member_of(push, VIEW_LIT("channel")));
    if (slot == h->plan->per_connection || helper_subs(h, c)[slot].state != SUB_ON)
        return;
    buf_reset(&h->out);
    subscribe(h, c, slot);
    await_answers(h, c);
    send_out(h, c);
}

static void on_other_line(helper *h, conn *c, view line)
{
    uint64_t id = 0;
    view push = {0};

    if (!json_valid(line) || json_kind_of(line) != JSON_KIND_OBJECT) {
        counter_add(&h->tally->strange, 1);
        return;
    }
    push = member_of(line, VIEW_LIT("push"));
    if (json_u64(member_of(line, VIEW_LIT("id")), &id) && id >= ID_CONNECT)
        on_reply(h, c, id, line);
    else if (push.len > 0)
        on_push(h, c, push);
    else if (c->wants_pong)
        conn_send(h, c, VIEW_LIT("{}")); /* the server's ping */
}

/* The offset that follows the data of a publication. */
static void take_offset(sub *s, view rest)
{
    static const char name[] = "\"offset\":";
    const char *at = rest.len == 0 ? NULL : memmem(rest.ptr, rest.len, name, sizeof name - 1);
    uint64_t offset = 0;

    if (at == NULL)
        return;
    for (at += sizeof name - 1; at < rest.ptr + rest.len && *at >= '0' && *at <= '9'; at++)
        offset = offset * 10 + (uint64_t)(*at - '0');
    s->offset = offset;
}

static void on_line(helper *h, conn *c, view line)
{
    static const view push = {.ptr = "{\"push\":", .len = 8};
    stamp found = {0};
    view rest = {0};

    if (!view_starts_with(line, push) || !stamp_find(line, &found, &rest)) {
        on_other_line(h, c, line);
        return;
    }

    sub *s = verify_arrival(h, c, found, true);

    if (s != NULL && s->recoverable)
        take_offset(s, rest);
}

static void on_raw_message(helper *h, conn *c, view text)
{
    stamp found = {0};
    view rest = {0};

    if (h->plan->raw == RAW_COUNT || !stamp_find(text, &found, &rest) ||
        helper_subs(h, c)[0].state != SUB_ON)
        counter_add(&h->tally->messages, 1);
    else
        (void)verify_arrival(h, c, found, true);
}

void speak_message(helper *h, conn *c, view text)
{
    uint32_t generation = c->generation;

    if (h->plan->protocol == PROTOCOL_RAW) {
        on_raw_message(h, c, text);
        return;
    }
    while (text.len > 0 && c->generation == generation) {
        const char *newline = memchr(text.ptr, '\n', text.len);
        size_t len = newline == NULL ? text.len : (size_t)(newline - text.ptr);

        on_line(h, c, (view){.ptr = text.ptr, .len = len});
        text = view_skip(text, newline == NULL ? len : len + 1);
    }
}
