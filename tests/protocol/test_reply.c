/* SPDX-License-Identifier: MIT */
/* Exact bytes: clients and their test suites compare them. */
#include <criterion/criterion.h>

#include "json.h"
#include "reply.h"

static buf out;

static void drop_out(void)
{
    buf_fini(&out);
}

TestSuite(protocol_reply, .fini = drop_out);

/* Checks what was written and makes the buffer empty for the next. */
static void expect(const char *text)
{
    cr_assert(json_valid(buf_view(&out)), "%.*s", (int)out.len, out.data);
    cr_assert(view_eq(buf_view(&out), view_of(text)), "\n%.*s\nis not\n%s", (int)out.len, out.data,
              text);
    buf_reset(&out);
}

static const client_info alice = {
    .user = {"alice", 5},
    .client = {"c1", 2},
};

Test(protocol_reply, errors_carry_temporary_only_when_they_are)
{
    reply_error(&out, 7, PROTOCOL_PERMISSION_DENIED);
    expect("{\"id\":7,\"error\":{\"code\":103,\"message\":\"permission denied\"}}");
    reply_error(&out, 8, PROTOCOL_INTERNAL);
    expect("{\"id\":8,\"error\":{\"code\":100,\"message\":\"internal server "
           "error\",\"temporary\":true}}");
    reply_error(&out, UINT32_MAX, PROTOCOL_TOO_MANY_REQUESTS);
    expect("{\"id\":4294967295,\"error\":{\"code\":111,\"message\":\"too many requests\","
           "\"temporary\":true}}");
}

Test(protocol_reply, success_with_nothing_to_tell_still_has_its_result)
{
    reply_empty(&out, 2, COMMAND_UNSUBSCRIBE);
    expect("{\"id\":2,\"unsubscribe\":{}}");
    reply_empty(&out, 3, COMMAND_PUBLISH);
    expect("{\"id\":3,\"publish\":{}}");
    reply_empty(&out, 4, COMMAND_RPC);
    expect("{\"id\":4,\"rpc\":{}}");
}

Test(protocol_reply, connect_as_the_transcript_has_it)
{
    connect_result result = {
        .client = VIEW_LIT("3f6d"), .version = VIEW_LIT("0.1.0"), .ping_s = 25, .pong = true};

    reply_connect(&out, 1, &result);
    expect("{\"id\":1,\"connect\":{\"client\":\"3f6d\",\"version\":\"0.1.0\",\"ping\":25,\"pong\":"
           "true}}");
}

Test(protocol_reply, connect_with_everything)
{
    connect_sub subs[] = {
        {.channel = VIEW_LIT("#42"),
         .result = {.recoverable = true, .positioned = true, .epoch = VIEW_LIT("abcd")}},
        {.channel = VIEW_LIT("a\"b")},
    };
    connect_result result = {
        .client = VIEW_LIT("c"),
        .version = VIEW_LIT("v"),
        .expires = true,
        .ttl_s = 60,
        .data = VIEW_LIT("{\n\"a\":1}"),
        .subs = subs,
        .sub_count = 2,
        .ping_s = 25,
        .pong = true,
        .time_ms = 1725000000123,
    };

    reply_connect(&out, 1, &result);
    expect(
        "{\"id\":1,\"connect\":{\"client\":\"c\",\"version\":\"v\",\"expires\":true,\"ttl\":60,"
        "\"data\":{\"a\":1},\"subs\":{\"#42\":{\"recoverable\":true,\"epoch\":\"abcd\","
        "\"positioned\":true},\"a\\\"b\":{}},\"ping\":25,\"pong\":true,\"time\":1725000000123}}");
}

Test(protocol_reply, connect_with_nothing_is_an_empty_object)
{
    reply_connect(&out, 1, &(connect_result){0});
    expect("{\"id\":1,\"connect\":{}}");
}

Test(protocol_reply, subscribe_with_nothing_is_an_empty_object)
{
    reply_subscribe(&out, 2, &(subscribe_result){0});
    expect("{\"id\":2,\"subscribe\":{}}");
}

Test(protocol_reply, subscribe_recovered_as_the_transcript_has_it)
{
    subscribe_result result = {
        .recoverable = true,
        .positioned = true,
        .recovered = true,
        .was_recovering = true,
        .epoch = VIEW_LIT("xYzAbCdE"),
        .offset = 7,
        .publications = VIEW_LIT("[{\"data\":{\"v\":8},\"offset\":8}]"),
    };

    reply_subscribe(&out, 3, &result);
    expect(
        "{\"id\":3,\"subscribe\":{\"recoverable\":true,\"epoch\":\"xYzAbCdE\",\"publications\":[{"
        "\"data\":{\"v\":8},\"offset\":8}],\"recovered\":true,\"offset\":7,\"positioned\":true,"
        "\"was_recovering\":true}}");
}

Test(protocol_reply, subscribe_with_expiry_and_data)
{
    subscribe_result result = {.expires = true, .ttl_s = 30, .data = VIEW_LIT("[1,\n2]")};

    reply_subscribe(&out, 3, &result);
    expect("{\"id\":3,\"subscribe\":{\"expires\":true,\"ttl\":30,\"data\":[1,2]}}");
}

Test(protocol_reply, presence_of_nobody_is_written_out)
{
    reply_presence(&out, 5, VIEW_LIT("{}"));
    expect("{\"id\":5,\"presence\":{\"presence\":{}}}");
    reply_presence_stats(&out, 6, 0, 0);
    expect("{\"id\":6,\"presence_stats\":{\"num_clients\":0,\"num_users\":0}}");
}

Test(protocol_reply, presence_is_keyed_by_client)
{
    client_info infos[] = {
        alice,
        {.client = VIEW_LIT("c2"),
         .conn_info = VIEW_LIT("{\"n\":\n1}"),
         .chan_info = VIEW_LIT("2")},
    };

    buf entries = {0};

    buf_append_char(&entries, '{');
    for (size_t i = 0; i < sizeof infos / sizeof *infos; i++)
        write_presence_entry(&entries, &infos[i]);
    buf_append_char(&entries, '}');
    reply_presence(&out, 5, buf_view(&entries));
    buf_fini(&entries);
    expect("{\"id\":5,\"presence\":{\"presence\":{\"c1\":{\"user\":\"alice\",\"client\":\"c1\"},"
           "\"c2\":{\"user\":\"\",\"client\":\"c2\",\"conn_info\":{\"n\":1},\"chan_info\":2}}}}");
    reply_presence_stats(&out, 6, 2, 1);
    expect("{\"id\":6,\"presence_stats\":{\"num_clients\":2,\"num_users\":1}}");
}

Test(protocol_reply, history_with_nothing_stored_has_all_its_members)
{
    reply_history(&out, 4, VIEW_LIT("[]"),
                  (stream_position){.offset = 9, .epoch = VIEW_LIT("xYzAbCdE")});
    expect("{\"id\":4,\"history\":{\"publications\":[],\"epoch\":\"xYzAbCdE\",\"offset\":9}}");
    reply_history(&out, 4, VIEW_LIT("[]"), (stream_position){0});
    expect("{\"id\":4,\"history\":{\"publications\":[],\"epoch\":\"\",\"offset\":0}}");
}

Test(protocol_reply, history_passes_its_publications_on)
{
    stream_position top = {.offset = 2, .epoch = VIEW_LIT("e")};
    view publications = VIEW_LIT("[{\"data\":1,\"offset\":1},{\"data\":2,\"offset\":2}]");

    reply_history(&out, 4, publications, top);
    expect("{\"id\":4,\"history\":{\"publications\":[{\"data\":1,\"offset\":1},{\"data\":2,"
           "\"offset\":2}],\"epoch\":\"e\",\"offset\":2}}");
    write_history(&out, publications, top);
    expect("{\"publications\":[{\"data\":1,\"offset\":1},{\"data\":2,\"offset\":2}],"
           "\"epoch\":\"e\",\"offset\":2}");
}

Test(protocol_reply, a_publication_that_was_kept_is_pushed_as_any_other)
{
    publication pub = {.data = VIEW_LIT("{ \"a\" :1}"),
                       .info = &alice,
                       .offset = 7,
                       .tags = VIEW_LIT("{\"k\":\"v\"}"),
                       .version = 3};
    buf kept = {0};
    buf pushed = {0};

    push_publication(&pushed, VIEW_LIT("a\"b"), &pub);
    buf_append_char(&pushed, '\0');
    write_publication(&kept, &pub);
    push_written_publication(&out, VIEW_LIT("a\"b"), buf_view(&kept));
    expect(pushed.data);
    buf_fini(&kept);
    buf_fini(&pushed);
}

Test(protocol_reply, refreshes_answer_under_their_own_names)
{
    reply_refresh(&out, 9, COMMAND_REFRESH, true, 3600);
    expect("{\"id\":9,\"refresh\":{\"expires\":true,\"ttl\":3600}}");
    reply_refresh(&out, 9, COMMAND_SUB_REFRESH, false, 0);
    expect("{\"id\":9,\"sub_refresh\":{}}");
}

Test(protocol_reply, a_live_publication_as_the_transcript_has_it)
{
    push_publication(&out, VIEW_LIT("b"),
                     &(publication){.data = VIEW_LIT("{\"v\":9}"), .offset = 9});
    expect("{\"push\":{\"channel\":\"b\",\"pub\":{\"data\":{\"v\":9},\"offset\":9}}}");
}

Test(protocol_reply, a_publication_with_everything)
{
    publication pub = {
        .data = VIEW_LIT("[1,\r\n2]"),
        .tags = VIEW_LIT("{\"k\":\n\"v\"}"),
        .info = &alice,
        .offset = 1,
        .epoch = VIEW_LIT("abcd"),
        .version = UINT64_MAX,
    };

    push_publication(&out, VIEW_LIT("a<b"), &pub);
    expect(
        "{\"push\":{\"channel\":\"a\\u003cb\",\"pub\":{\"data\":[1,2],\"info\":{\"user\":\"alice\","
        "\"client\":\"c1\"},\"offset\":1,\"tags\":{\"k\":\"v\"},\"epoch\":\"abcd\","
        "\"version\":18446744073709551615}}}");
    write_publication(&out, &pub);
    expect("{\"data\":[1,2],\"info\":{\"user\":\"alice\",\"client\":\"c1\"},\"offset\":1,"
           "\"tags\":{\"k\":\"v\"},\"epoch\":\"abcd\",\"version\":18446744073709551615}");
}

Test(protocol_reply, a_publication_without_history_has_data_only)
{
    write_publication(&out, &(publication){.data = VIEW_LIT("null")});
    expect("{\"data\":null}");
}

Test(protocol_reply, user_and_client_are_always_in_a_client_info)
{
    write_client_info(&out, &(client_info){0});
    expect("{\"user\":\"\",\"client\":\"\"}");
}

Test(protocol_reply, joins_and_leaves_carry_who)
{
    push_join(&out, VIEW_LIT("a"), &alice);
    expect("{\"push\":{\"channel\":\"a\",\"join\":{\"info\":{\"user\":\"alice\",\"client\":\"c1\"}}"
           "}}");
    push_leave(&out, VIEW_LIT("a"), &alice);
    expect("{\"push\":{\"channel\":\"a\",\"leave\":{\"info\":{\"user\":\"alice\",\"client\":\"c1\"}"
           "}}}");
}

Test(protocol_reply, unsubscribe_by_the_server_as_the_transcript_has_it)
{
    push_unsubscribe(&out, VIEW_LIT("b"), UNSUBSCRIBE_INSUFFICIENT_STATE,
                     view_of(unsubscribe_text(UNSUBSCRIBE_INSUFFICIENT_STATE)));
    expect("{\"push\":{\"channel\":\"b\",\"unsubscribe\":{\"code\":2500,\"reason\":\"insufficient "
           "state\"}}}");
    push_unsubscribe(&out, VIEW_LIT("b"), 2000, (view){0});
    expect("{\"push\":{\"channel\":\"b\",\"unsubscribe\":{\"code\":2000}}}");
}

Test(protocol_reply, a_pushed_subscription_tells_its_position)
{
    subscribe_result result = {
        .recoverable = true,
        .positioned = true,
        .epoch = VIEW_LIT("e"),
        .offset = 3,
        .data = VIEW_LIT("{}"),
        .expires = true,
        .recovered = true,
        .was_recovering = true,
    };

    push_subscribe(&out, VIEW_LIT("a"), &result);
    expect("{\"push\":{\"channel\":\"a\",\"subscribe\":{\"recoverable\":true,\"epoch\":\"e\","
           "\"offset\":3,\"positioned\":true,\"data\":{}}}}");
    push_subscribe(&out, VIEW_LIT("a"), &(subscribe_result){0});
    expect("{\"push\":{\"channel\":\"a\",\"subscribe\":{}}}");
}

Test(protocol_reply, pushes_to_the_connection_have_no_channel)
{
    push_message(&out, VIEW_LIT("\"hi\""));
    expect("{\"push\":{\"message\":{\"data\":\"hi\"}}}");
    push_refresh(&out, true, 60);
    expect("{\"push\":{\"refresh\":{\"expires\":true,\"ttl\":60}}}");
    push_refresh(&out, false, 0);
    expect("{\"push\":{\"refresh\":{}}}");
}

Test(protocol_reply, replies_are_appended_to_what_is_there)
{
    reply_empty(&out, 1, COMMAND_PUBLISH);
    buf_append_char(&out, '\n');
    reply_empty(&out, 2, COMMAND_PUBLISH);
    cr_assert(
        view_eq(buf_view(&out), VIEW_LIT("{\"id\":1,\"publish\":{}}\n{\"id\":2,\"publish\":{}}")));
}

Test(protocol_reply, out_of_memory_shows_in_the_buffer)
{
    out.failed = true;
    reply_connect(&out, 1, &(connect_result){.client = VIEW_LIT("c"), .data = VIEW_LIT("[\n]")});
    push_publication(&out, VIEW_LIT("a"), &(publication){.data = VIEW_LIT("1"), .info = &alice});
    cr_assert(out.failed);
    cr_assert_eq(out.len, 0u);
}
