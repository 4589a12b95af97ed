/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "command.h"
#include "json.h"

static buf scratch;

static void drop_scratch(void)
{
    buf_fini(&scratch);
}

TestSuite(protocol_command, .fini = drop_scratch);

static command decoded(const char *line)
{
    command c;

    cr_assert(command_decode(view_of(line), &c, &scratch), "%s", line);
    return c;
}

static void expect_view(view actual, const char *expected)
{
    cr_assert(view_eq(actual, view_of(expected)), "'%.*s' is not '%s'", (int)actual.len, actual.ptr,
              expected);
}

static void expect_kind(const char *line, command_kind kind, uint32_t id)
{
    command c = decoded(line);

    cr_assert_eq(c.kind, kind, "%s", line);
    cr_assert_eq(c.id, id, "%s", line);
}

static void expect_refused(const char *line)
{
    command c;

    cr_assert_not(command_decode(view_of(line), &c, &scratch), "%s", line);
}

Test(protocol_command, names_are_those_of_the_wire)
{
    cr_assert_str_eq(command_name(COMMAND_CONNECT), "connect");
    cr_assert_str_eq(command_name(COMMAND_SUBSCRIBE), "subscribe");
    cr_assert_str_eq(command_name(COMMAND_UNSUBSCRIBE), "unsubscribe");
    cr_assert_str_eq(command_name(COMMAND_PUBLISH), "publish");
    cr_assert_str_eq(command_name(COMMAND_PRESENCE), "presence");
    cr_assert_str_eq(command_name(COMMAND_PRESENCE_STATS), "presence_stats");
    cr_assert_str_eq(command_name(COMMAND_HISTORY), "history");
    cr_assert_str_eq(command_name(COMMAND_RPC), "rpc");
    cr_assert_str_eq(command_name(COMMAND_SEND), "send");
    cr_assert_str_eq(command_name(COMMAND_REFRESH), "refresh");
    cr_assert_str_eq(command_name(COMMAND_SUB_REFRESH), "sub_refresh");
    cr_assert_str_eq(command_name(COMMAND_PONG), "");
    cr_assert_str_eq(command_name(COMMAND_NONE), "");
}

Test(protocol_command, without_an_id_it_is_a_pong_or_a_send)
{
    expect_kind("{}", COMMAND_PONG, 0);
    expect_kind("{\"id\":0}", COMMAND_PONG, 0);
    expect_kind("{\"id\":null}", COMMAND_PONG, 0);
    expect_kind("{\"connect\":{}}", COMMAND_PONG, 0);
    expect_kind("{\"subscribe\":{\"channel\":\"a\"},\"unknown\":[1]}", COMMAND_PONG, 0);
    expect_kind("{\"send\":null}", COMMAND_PONG, 0);
    expect_kind("{\"send\":{}}", COMMAND_SEND, 0);
    expect_kind("{\"connect\":{},\"send\":{}}", COMMAND_SEND, 0);
}

Test(protocol_command, with_an_id_and_nothing_known_it_is_none)
{
    expect_kind("{\"id\":1}", COMMAND_NONE, 1);
    expect_kind("{\"id\":2,\"ping\":{}}", COMMAND_NONE, 2);
    expect_kind("{\"id\":3,\"shout\":{\"channel\":\"a\"}}", COMMAND_NONE, 3);
    expect_kind("{\"id\":4,\"publish\":null}", COMMAND_NONE, 4);
    expect_kind("{\"id\":5,\"ping\":7}", COMMAND_NONE, 5);
}

Test(protocol_command, ids_are_unsigned_32_bit_integers)
{
    expect_kind("{\"id\":4294967295,\"rpc\":{}}", COMMAND_RPC, UINT32_MAX);
    expect_kind("{\"id\":1,\"id\":2,\"rpc\":{}}", COMMAND_RPC, 2);
    expect_kind("{\"id\":2,\"id\":null,\"rpc\":{}}", COMMAND_RPC, 2);
    expect_refused("{\"id\":4294967296}");
    expect_refused("{\"id\":99999999999999999999}");
    expect_refused("{\"id\":-1}");
    expect_refused("{\"id\":1.0}");
    expect_refused("{\"id\":1.5,\"rpc\":{}}");
    expect_refused("{\"id\":1e3}");
    expect_refused("{\"id\":\"1\"}");
    expect_refused("{\"id\":true}");
    expect_refused("{\"id\":{}}");
}

Test(protocol_command, the_first_of_several_members_in_the_fixed_order_is_taken)
{
    /* Written in the opposite order, taken away from the end one by one. */
    const char *members[] = {"sub_refresh", "refresh",        "send",     "rpc",
                             "history",     "presence_stats", "presence", "publish",
                             "unsubscribe", "subscribe",      "connect"};
    const command_kind kinds[] = {COMMAND_SUB_REFRESH, COMMAND_REFRESH, COMMAND_SEND,
                                  COMMAND_RPC,         COMMAND_HISTORY, COMMAND_PRESENCE_STATS,
                                  COMMAND_PRESENCE,    COMMAND_PUBLISH, COMMAND_UNSUBSCRIBE,
                                  COMMAND_SUBSCRIBE,   COMMAND_CONNECT};

    for (size_t count = 1; count <= 11; count++) {
        buf line = {0};

        buf_append_lit(&line, "{\"id\":9");
        for (size_t i = 0; i < count; i++)
            buf_printf(&line, ",\"%s\":{}", members[i]);
        buf_append(&line, "}", 2); /* with its NUL */
        expect_kind(line.data, kinds[count - 1], 9);
        buf_fini(&line);
    }
}

Test(protocol_command, connect_with_everything)
{
    command c = decoded(
        "{\"connect\":{\"token\":\"t\",\"data\":{\"a\": 1},\"subs\":{\"x\":{\"offset\":3}},"
        "\"name\":\"js\",\"version\":\"1.2\",\"headers\":{\"H\":\"v\"},\"flag\":1},\"id\":1}");

    cr_assert_eq(c.kind, COMMAND_CONNECT);
    cr_assert_eq(c.id, 1u);
    expect_view(c.connect.token, "t");
    expect_view(c.connect.data, "{\"a\": 1}");
    expect_view(c.connect.subs, "{\"x\":{\"offset\":3}}");
    expect_view(c.connect.name, "js");
    expect_view(c.connect.version, "1.2");
    expect_view(c.connect.headers, "{\"H\":\"v\"}");
}

Test(protocol_command, first_line_of_the_javascript_client)
{
    command c = decoded("{\"connect\":{\"name\":\"js\"},\"id\":1}");

    cr_assert_eq(c.kind, COMMAND_CONNECT);
    expect_view(c.connect.name, "js");
    expect_view(c.connect.token, "");
    expect_view(c.connect.data, "");
    expect_view(c.connect.subs, "");
}

Test(protocol_command, subscribe_with_everything)
{
    command c =
        decoded("{\"id\":3,\"subscribe\":{\"channel\":\"b\",\"token\":\"t\",\"recover\":true,"
                "\"epoch\":\"xYzAbCdE\",\"offset\":18446744073709551615,\"data\":[1],"
                "\"positioned\":true,\"recoverable\":true,\"join_leave\":true,"
                "\"delta\":\"fossil\",\"tf\":{\"op\":\"and\"},\"flag\":3,\"type\":1}}");

    cr_assert_eq(c.kind, COMMAND_SUBSCRIBE);
    expect_view(c.subscribe.channel, "b");
    expect_view(c.subscribe.token, "t");
    expect_view(c.subscribe.since.epoch, "xYzAbCdE");
    cr_assert_eq(c.subscribe.since.offset, UINT64_MAX);
    expect_view(c.subscribe.data, "[1]");
    expect_view(c.subscribe.delta, "fossil");
    expect_view(c.subscribe.tf, "{\"op\":\"and\"}");
    cr_assert_eq(c.subscribe.flag, 3);
    cr_assert_eq(c.subscribe.type, 1);
    cr_assert(c.subscribe.recover && c.subscribe.positioned);
    cr_assert(c.subscribe.recoverable && c.subscribe.join_leave);
}

Test(protocol_command, each_flag_of_subscribe_lands_in_its_own_place)
{
    const char *names[] = {"recover", "positioned", "recoverable", "join_leave"};

    for (size_t i = 0; i < 4; i++) {
        buf line = {0};

        buf_printf(&line, "{\"id\":1,\"subscribe\":{\"%s\":true}}", names[i]);
        buf_append_char(&line, '\0');

        subscribe_request s = decoded(line.data).subscribe;

        cr_assert_eq(s.recover, i == 0);
        cr_assert_eq(s.positioned, i == 1);
        cr_assert_eq(s.recoverable, i == 2);
        cr_assert_eq(s.join_leave, i == 3);
        buf_fini(&line);
    }
}

Test(protocol_command, subscribe_with_nothing_is_all_zero)
{
    command c = decoded("{\"id\":2,\"subscribe\":{}}");

    expect_view(c.subscribe.channel, "");
    expect_view(c.subscribe.since.epoch, "");
    cr_assert_eq(c.subscribe.since.offset, 0u);
    cr_assert_eq(c.subscribe.flag, 0);
    cr_assert_not(c.subscribe.recover);
}

Test(protocol_command, publish_keeps_its_payload_byte_for_byte)
{
    command c = decoded(
        "{\"id\":4,\"publish\":{\"channel\":\"a\",\"data\": { \"b\":1.0, \"a\":\"\\u0041\" } }}");

    cr_assert_eq(c.kind, COMMAND_PUBLISH);
    expect_view(c.publish.channel, "a");
    expect_view(c.publish.data, "{ \"b\":1.0, \"a\":\"\\u0041\" }");
}

Test(protocol_command, null_data_is_no_data)
{
    expect_view(decoded("{\"id\":4,\"publish\":{\"channel\":\"a\",\"data\":null}}").publish.data,
                "");
    expect_view(decoded("{\"id\":4,\"publish\":{\"channel\":\"a\"}}").publish.data, "");
    expect_view(decoded("{\"id\":4,\"rpc\":{\"data\":null}}").rpc.data, "");
    expect_view(decoded("{\"id\":4,\"publish\":{\"data\":\"\"}}").publish.data, "\"\"");
    expect_view(decoded("{\"id\":4,\"publish\":{\"data\":0}}").publish.data, "0");
    expect_view(decoded("{\"id\":4,\"publish\":{\"data\":false}}").publish.data, "false");
}

Test(protocol_command, the_commands_of_a_channel_only)
{
    command c = decoded("{\"id\":5,\"unsubscribe\":{\"channel\":\"a\"}}");

    cr_assert_eq(c.kind, COMMAND_UNSUBSCRIBE);
    expect_view(c.unsubscribe.channel, "a");
    c = decoded("{\"id\":5,\"presence\":{\"channel\":\"b\"}}");
    cr_assert_eq(c.kind, COMMAND_PRESENCE);
    expect_view(c.presence.channel, "b");
    c = decoded("{\"id\":5,\"presence_stats\":{\"channel\":\"c\"}}");
    cr_assert_eq(c.kind, COMMAND_PRESENCE_STATS);
    expect_view(c.presence_stats.channel, "c");
}

Test(protocol_command, history_with_and_without_since)
{
    command c = decoded("{\"history\":{\"channel\":\"b\",\"limit\":10},\"id\":4}");

    cr_assert_eq(c.kind, COMMAND_HISTORY);
    expect_view(c.history.channel, "b");
    cr_assert_eq(c.history.limit, 10);
    cr_assert_not(c.history.has_since);
    cr_assert_not(c.history.reverse);

    c = decoded("{\"history\":{\"channel\":\"b\",\"limit\":-1,\"reverse\":true,"
                "\"since\":{\"offset\":7,\"epoch\":\"e\"}},\"id\":4}");
    cr_assert_eq(c.history.limit, -1);
    cr_assert(c.history.reverse);
    cr_assert(c.history.has_since);
    cr_assert_eq(c.history.since.offset, 7u);
    expect_view(c.history.since.epoch, "e");

    c = decoded("{\"id\":4,\"history\":{\"since\":{}}}");
    cr_assert(c.history.has_since);
    cr_assert_eq(c.history.since.offset, 0u);
    cr_assert_not(decoded("{\"id\":4,\"history\":{\"since\":null}}").history.has_since);
}

Test(protocol_command, a_second_since_does_not_mix_with_the_first)
{
    command c =
        decoded("{\"id\":4,\"history\":{\"since\":{\"offset\":7},\"since\":{\"epoch\":\"e\"}}}");

    cr_assert_eq(c.history.since.offset, 0u);
    expect_view(c.history.since.epoch, "e");
}

Test(protocol_command, history_limits_are_signed_32_bit_integers)
{
    cr_assert_eq(decoded("{\"id\":1,\"history\":{\"limit\":2147483647}}").history.limit, INT32_MAX);
    cr_assert_eq(decoded("{\"id\":1,\"history\":{\"limit\":-2147483648}}").history.limit,
                 INT32_MIN);
    expect_refused("{\"id\":1,\"history\":{\"limit\":2147483648}}");
    expect_refused("{\"id\":1,\"history\":{\"limit\":-2147483649}}");
    expect_refused("{\"id\":1,\"history\":{\"limit\":1.5}}");
}

Test(protocol_command, rpc_send_and_the_two_refreshes)
{
    command c = decoded("{\"id\":6,\"rpc\":{\"method\":\"m\",\"data\":[1, 2]}}");

    cr_assert_eq(c.kind, COMMAND_RPC);
    expect_view(c.rpc.method, "m");
    expect_view(c.rpc.data, "[1, 2]");
    c = decoded("{\"send\":{\"data\":\"x\"}}");
    cr_assert_eq(c.kind, COMMAND_SEND);
    expect_view(c.send.data, "\"x\"");
    c = decoded("{\"id\":6,\"refresh\":{\"token\":\"t\"}}");
    cr_assert_eq(c.kind, COMMAND_REFRESH);
    expect_view(c.refresh.token, "t");
    c = decoded("{\"id\":6,\"sub_refresh\":{\"channel\":\"a\",\"token\":\"t\"}}");
    cr_assert_eq(c.kind, COMMAND_SUB_REFRESH);
    expect_view(c.sub_refresh.channel, "a");
    expect_view(c.sub_refresh.token, "t");
}

Test(protocol_command, unknown_members_are_ignored_whatever_they_hold)
{
    command c = decoded("{\"x\":[{\"id\":9}],\"id\":1,\"publish\":{\"key\":{},\"channel\":\"a\","
                        "\"Channel\":5,\"chan\":6,\"channels\":7,\"data\":1}}");

    cr_assert_eq(c.id, 1u);
    expect_view(c.publish.channel, "a");
    expect_view(c.publish.data, "1");
}

Test(protocol_command, of_duplicate_members_the_last_counts)
{
    command c = decoded(
        "{\"publish\":{\"channel\":\"x\",\"data\":1},\"id\":1,\"publish\":{\"channel\":\"a\","
        "\"channel\":\"b\"}}");

    expect_view(c.publish.channel, "b");
    expect_view(c.publish.data, "");
    c = decoded("{\"id\":1,\"subscribe\":{\"channel\":\"a\",\"channel\":null}}");
    expect_view(c.subscribe.channel, "a");
}

Test(protocol_command, white_space_is_allowed_between_tokens)
{
    command c =
        decoded(" {\t\"id\" : 1 ,\r\"publish\" : { \"channel\" : \"a b\" , \"data\" : [ 1 ] } } ");

    cr_assert_eq(c.id, 1u);
    expect_view(c.publish.channel, "a b");
    expect_view(c.publish.data, "[ 1 ]");
}

Test(protocol_command, escapes_are_resolved_in_names_and_strings)
{
    command c =
        decoded("{\"\\u0069d\":7,\"sub\\u0073cribe\":{\"ch\\u0061nnel\":\"\\u0061\\n\",\"token\":"
                "\"\\\"t\\\"\",\"epoch\":\"plain\",\"data\":\"\\u0061\"}}");

    cr_assert_eq(c.id, 7u);
    cr_assert_eq(c.kind, COMMAND_SUBSCRIBE);
    expect_view(c.subscribe.channel, "a\n");
    expect_view(c.subscribe.token, "\"t\"");
    expect_view(c.subscribe.since.epoch, "plain");
    expect_view(c.subscribe.data, "\"\\u0061\"");
}

/* Strings are decoded one after another into a buffer that grows: earlier ones must not move. */
Test(protocol_command, views_stay_good_however_much_is_decoded_after_them)
{
    buf line = {0};

    buf_append_lit(&line, "{\"id\":1,\"subscribe\":{\"channel\":\"\\u0061bc\",\"token\":\"");
    for (int i = 0; i < 5000; i++)
        buf_append_lit(&line, "\\u20ac");
    buf_append_lit(&line, "\",\"epoch\":\"\\u0078\"}}");

    command c;
    buf own = {0};

    cr_assert(command_decode(buf_view(&line), &c, &own));
    expect_view(c.subscribe.channel, "abc");
    expect_view(c.subscribe.since.epoch, "x");
    cr_assert_eq(c.subscribe.token.len, 15000u);
    buf_fini(&own);
    buf_fini(&line);
}

Test(protocol_command, scratch_is_used_for_escapes_only_and_again_for_each_line)
{
    (void)decoded("{\"id\":1,\"rpc\":{\"method\":\"plain\",\"data\":{}}}");
    cr_assert_null(scratch.data);
    (void)decoded("{\"id\":1,\"rpc\":{\"method\":\"\\u0061\"}}");
    cr_assert_eq(scratch.len, 1u);
    (void)decoded("{\"id\":1,\"rpc\":{\"method\":\"\\u0061\\u0062\"}}");
    cr_assert_eq(scratch.len, 2u);
    scratch.failed = true;
    (void)decoded("{\"id\":1,\"rpc\":{\"method\":\"\\u0061\"}}");
}

Test(protocol_command, what_is_no_json_object_is_refused)
{
    const char *lines[] = {"",
                           " ",
                           "[]",
                           "1",
                           "null",
                           "\"{}\"",
                           "{",
                           "{}{}",
                           "{\"id\":1,}",
                           "{}x",
                           "{\"id\":01}",
                           "{'id':1}",
                           "{\"id\":1}\n{\"id\":2}",
                           "\xFF",
                           "{\"\xFF\":1}"};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect_refused(lines[i]);
}

Test(protocol_command, a_member_of_the_wrong_type_is_refused)
{
    const char *bodies[] = {
        "\"connect\":5",
        "\"connect\":[]",
        "\"connect\":\"{}\"",
        "\"connect\":{\"token\":5}",
        "\"connect\":{\"subs\":[]}",
        "\"connect\":{\"headers\":\"h\"}",
        "\"connect\":{\"name\":{}}",
        "\"connect\":{\"version\":1}",
        "\"subscribe\":true",
        "\"subscribe\":{\"channel\":5}",
        "\"subscribe\":{\"token\":[]}",
        "\"subscribe\":{\"recover\":1}",
        "\"subscribe\":{\"recover\":\"true\"}",
        "\"subscribe\":{\"epoch\":1}",
        "\"subscribe\":{\"offset\":-1}",
        "\"subscribe\":{\"offset\":\"1\"}",
        "\"subscribe\":{\"offset\":1.0}",
        "\"subscribe\":{\"offset\":18446744073709551616}",
        "\"subscribe\":{\"positioned\":0}",
        "\"subscribe\":{\"recoverable\":{}}",
        "\"subscribe\":{\"join_leave\":[]}",
        "\"subscribe\":{\"delta\":true}",
        "\"subscribe\":{\"tf\":\"x\"}",
        "\"subscribe\":{\"flag\":\"1\"}",
        "\"subscribe\":{\"flag\":9223372036854775808}",
        "\"subscribe\":{\"type\":\"map\"}",
        "\"unsubscribe\":{\"channel\":5}",
        "\"publish\":{\"channel\":null,\"channel\":{}}",
        "\"presence\":{\"channel\":5}",
        "\"presence_stats\":{\"channel\":5}",
        "\"history\":{\"channel\":5}",
        "\"history\":{\"limit\":\"1\"}",
        "\"history\":{\"since\":5}",
        "\"history\":{\"since\":[]}",
        "\"history\":{\"since\":{\"offset\":-1}}",
        "\"history\":{\"since\":{\"epoch\":1}}",
        "\"history\":{\"reverse\":1}",
        "\"rpc\":{\"method\":5}",
        "\"send\":5",
        "\"refresh\":{\"token\":5}",
        "\"sub_refresh\":{\"channel\":5}",
        "\"sub_refresh\":{\"token\":5}",
        "\"rpc\":{},\"refresh\":5",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        buf line = {0};

        buf_printf(&line, "{\"id\":1,%s}", bodies[i]);
        buf_append_char(&line, '\0');
        expect_refused(line.data);
        buf_fini(&line);
    }
}

Test(protocol_command, every_request_member_may_be_null)
{
    command c = decoded("{\"id\":1,\"subscribe\":{\"channel\":null,\"token\":null,\"recover\":null,"
                        "\"epoch\":null,\"offset\":null,\"data\":null,\"delta\":null,\"tf\":null,"
                        "\"flag\":null,\"type\":null}}");

    cr_assert_eq(c.kind, COMMAND_SUBSCRIBE);
    expect_view(c.subscribe.channel, "");
    expect_view(c.subscribe.tf, "");
}

Test(protocol_command, every_truncation_of_a_line_is_refused)
{
    view line = VIEW_LIT(
        "{\"id\":3,\"subscribe\":{\"channel\":\"\\u0062\",\"recover\":true,\"offset\":7}}");
    command c;

    for (size_t len = 0; len < line.len; len++)
        cr_assert_not(command_decode((view){.ptr = line.ptr, .len = len}, &c, &scratch), "%zu",
                      len);
    cr_assert(command_decode(line, &c, &scratch));
}

Test(protocol_command, resumed_subscriptions_are_decoded_one_by_one)
{
    command c = decoded(
        "{\"id\":1,\"connect\":{\"name\":\"\\u006as\",\"subs\":{\"#4\\u0032\":{\"recover\":true,"
        "\"epoch\":\"\\u0065\",\"offset\":7},\"n\":{\"delta\":\"\\u0066ossil\"}}}}");
    json_iter it;
    view channel;
    view body;
    subscribe_request first;
    subscribe_request second;

    cr_assert(json_iter_init(&it, c.connect.subs));
    cr_assert(json_iter_next(&it, &channel, &body));
    cr_assert(json_string_is(channel, VIEW_LIT("#42")));
    cr_assert(subscribe_request_decode(body, &first, &scratch));
    cr_assert(json_iter_next(&it, &channel, &body));
    cr_assert(subscribe_request_decode(body, &second, &scratch));
    cr_assert_not(json_iter_next(&it, &channel, &body));

    cr_assert(first.recover);
    cr_assert_eq(first.since.offset, 7u);
    expect_view(first.since.epoch, "e");
    expect_view(first.channel, "");
    cr_assert_not(second.recover);
    expect_view(second.delta, "fossil");
    expect_view(c.connect.name, "js");
}

Test(protocol_command, a_subscribe_request_must_be_an_object)
{
    subscribe_request s;

    cr_assert(subscribe_request_decode(VIEW_LIT("{}"), &s, &scratch));
    cr_assert_not(subscribe_request_decode(VIEW_LIT("[]"), &s, &scratch));
    cr_assert_not(subscribe_request_decode(VIEW_LIT("5"), &s, &scratch));
    cr_assert_not(subscribe_request_decode(VIEW_LIT("null"), &s, &scratch));
    cr_assert_not(subscribe_request_decode((view){0}, &s, &scratch));
    cr_assert_not(subscribe_request_decode(VIEW_LIT("{\"offset\":\"1\"}"), &s, &scratch));
}

static void expect_lines(view frame, const char *joined)
{
    buf seen = {0};
    view rest = frame;
    view line;

    while (command_next_line(&rest, &line)) {
        buf_append_char(&seen, '<');
        buf_append_view(&seen, line);
        buf_append_char(&seen, '>');
    }
    cr_assert_not(command_next_line(&rest, &line));
    cr_assert(view_eq(buf_view(&seen), view_of(joined)), "%.*s is not %s", (int)seen.len, seen.data,
              joined);
    buf_fini(&seen);
}

Test(protocol_command, frames_are_cut_at_line_feeds)
{
    expect_lines(VIEW_LIT("{}"), "<{}>");
    expect_lines(VIEW_LIT("{}\n"), "<{}>");
    expect_lines(VIEW_LIT("a\nb"), "<a><b>");
    expect_lines(VIEW_LIT("a\nb\n"), "<a><b>");
}

Test(protocol_command, an_empty_line_is_a_line_and_an_empty_frame_has_none)
{
    expect_lines((view){0}, "");
    expect_lines(VIEW_LIT(""), "");
    expect_lines(VIEW_LIT("\n"), "<>");
    expect_lines(VIEW_LIT("a\n\nb"), "<a><><b>");
    expect_lines(VIEW_LIT("a\n\n"), "<a><>");
    expect_lines(VIEW_LIT("\na"), "<><a>");
}
