/* SPDX-License-Identifier: MIT */
/* What a good request turns into. */
#include <criterion/criterion.h>

#include "failing_alloc.h"
#include "http.h"

enum { MAX_BODY = 1000 };

static void expect_view(view got, const char *expected)
{
    cr_expect(view_eq(got, view_of(expected)), "got \"%.*s\", expected \"%s\"", (int)got.len,
              got.ptr, expected);
}

static void expect_header(const http_request *rq, const char *name, const char *expected)
{
    view value = {0};

    cr_expect(http_header_get(rq, view_of(name), &value), "no %s", name);
    expect_view(value, expected);
}

/* Feeds `step` bytes at a time until something comes of it; returns how many were used. */
static size_t feed(http_session *s, view bytes, size_t step, http_state *state)
{
    size_t total = 0;

    *state = HTTP_NEED_MORE;
    while (*state == HTTP_NEED_MORE && total < bytes.len) {
        size_t len = bytes.len - total < step ? bytes.len - total : step;
        size_t used = 0;

        *state = http_session_feed(s, (view){bytes.ptr + total, len}, &used);
        cr_assert_leq(used, len);
        if (*state == HTTP_NEED_MORE)
            cr_assert_eq(used, len);
        total += used;
    }
    return total;
}

static http_session *session_with(const char *text, size_t step, http_state *state)
{
    http_session *s = http_session_new(MAX_BODY);

    (void)feed(s, view_of(text), step, state);
    return s;
}

/* A session that has read the one request in `text`. */
static http_session *requested(const char *text)
{
    http_state state;
    http_session *s = session_with(text, SIZE_MAX, &state);

    cr_assert_eq(state, HTTP_REQUEST, "%s", text);
    return s;
}

static const size_t steps[] = {SIZE_MAX, 1, 2, 3, 7};
enum { STEPS = sizeof steps / sizeof steps[0] };

Test(http_session, reads_the_parts_of_a_request)
{
    for (size_t i = 0; i < STEPS; i++) {
        http_state state;
        http_session *s = session_with("POST /api/publish?x=1&y HTTP/1.1\r\n"
                                       "Host: a\r\nX-API-Key:  k e y \t\r\nEmpty:\r\n"
                                       "Content-Length: 5\r\n\r\nhello",
                                       steps[i], &state);
        const http_request *rq = http_session_request(s);

        cr_assert_eq(state, HTTP_REQUEST);
        expect_view(rq->method, "POST");
        expect_view(rq->target, "/api/publish?x=1&y");
        expect_view(rq->path, "/api/publish");
        expect_view(rq->query, "x=1&y");
        expect_view(rq->body, "hello");
        cr_expect_eq(rq->header_count, 4);
        expect_header(rq, "host", "a");
        expect_header(rq, "x-api-key", "k e y");
        expect_header(rq, "empty", "");
        expect_header(rq, "CONTENT-LENGTH", "5");
        cr_expect_eq(rq->minor, 1);
        cr_expect(rq->keep_alive);
        cr_expect_not(rq->upgrade);
        http_session_free(s);
    }
}

Test(http_session, joins_chunks_and_drops_the_trailer)
{
    for (size_t i = 0; i < STEPS; i++) {
        http_state state;
        http_session *s = session_with("POST / HTTP/1.1\r\nHost: a\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n"
                                       "5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n"
                                       "0\r\nHost: b\r\n\r\n",
                                       steps[i], &state);

        cr_assert_eq(state, HTTP_REQUEST);
        expect_view(http_session_request(s)->body, "hello world");
        expect_header(http_session_request(s), "host", "a");
        cr_expect_eq(http_session_request(s)->header_count, 2);
        http_session_free(s);
    }
}

Test(http_session, hands_back_what_follows_the_request)
{
    static const char first[] = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";
    static const char second[] = "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "1\r\nc\r\n0\r\n\r\n";
    static const char third[] = "\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n";

    for (size_t i = 0; i < STEPS; i++) {
        http_session *s = http_session_new(MAX_BODY);
        buf all = {0};
        http_state state;

        buf_printf(&all, "%s%s%s", first, second, third);

        size_t at = feed(s, buf_view(&all), steps[i], &state);

        cr_assert_eq(state, HTTP_REQUEST);
        cr_assert_eq(at, sizeof first - 1);
        expect_view(http_session_request(s)->path, "/1");
        expect_view(http_session_request(s)->body, "ab");
        http_session_next(s);

        at += feed(s, view_skip(buf_view(&all), at), steps[i], &state);
        cr_assert_eq(state, HTTP_REQUEST);
        cr_assert_eq(at, sizeof first - 1 + sizeof second - 1);
        expect_view(http_session_request(s)->path, "/2");
        expect_view(http_session_request(s)->body, "c");

        at += feed(s, view_skip(buf_view(&all), at), steps[i], &state); /* without next() */
        cr_assert_eq(state, HTTP_REQUEST);
        cr_assert_eq(at, all.len);
        expect_view(http_session_request(s)->path, "/3");
        expect_view(http_session_request(s)->body, "");
        buf_fini(&all);
        http_session_free(s);
    }
}

Test(http_session, hands_back_what_follows_an_upgrade)
{
    static const char head[] = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
                               "Upgrade: websocket\r\n\r\n";
    buf all = {0};

    buf_printf(&all, "%s\x81\x80mask", head);
    for (size_t i = 0; i < STEPS; i++) {
        http_session *s = http_session_new(MAX_BODY);
        http_state state;

        cr_expect_eq(feed(s, buf_view(&all), steps[i], &state), sizeof head - 1);
        cr_assert_eq(state, HTTP_REQUEST);
        cr_expect(http_session_request(s)->upgrade);
        http_session_free(s);
    }
    buf_fini(&all);
}

/* curl --http2 asks for h2c this way: when nobody takes the offer, the connection goes on. */
Test(http_session, goes_on_after_an_upgrade_that_was_not_taken)
{
    static const char all[] = "POST /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                              "Upgrade: h2c\r\nContent-Length: 2\r\n\r\nab"
                              "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";

    for (size_t i = 0; i < STEPS; i++) {
        http_session *s = http_session_new(MAX_BODY);
        http_state state;
        size_t at = feed(s, VIEW_LIT(all), steps[i], &state);

        cr_assert_eq(state, HTTP_REQUEST);
        cr_expect(http_session_request(s)->upgrade);
        expect_view(http_session_request(s)->body, "ab");
        http_session_next(s);
        at += feed(s, view_skip(VIEW_LIT(all), at), steps[i], &state);
        cr_assert_eq(state, HTTP_REQUEST);
        cr_expect_eq(at, sizeof all - 1);
        expect_view(http_session_request(s)->path, "/2");
        http_session_free(s);
    }
}

Test(http_session, tells_whether_the_connection_goes_on)
{
    static const struct {
        const char *text;
        bool keep_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive,,close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        http_session *s = requested(cases[i].text);

        cr_expect_eq(http_session_request(s)->keep_alive, cases[i].keep_alive, "%s", cases[i].text);
        http_session_free(s);
    }
}

Test(http_session, understands_every_form_of_target)
{
    static const struct {
        const char *target;
        const char *path;
        const char *query;
    } cases[] = {
        {"/", "/", ""},          {"/a/b?", "/a/b", ""},
        {"/a?b?c", "/a", "b?c"}, {"/a%20b", "/a%20b", ""},
        {"*", "*", ""},          {"http://a/b?c", "/b", "c"},
        {"http://a", "/", ""},   {"http://a:80?b", "/", "b"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf b = {0};

        buf_printf(&b, "OPTIONS %s HTTP/1.1\r\nHost: a\r\n\r\n%c", cases[i].target, '\0');

        http_session *s = requested(b.data);

        expect_view(http_session_request(s)->path, cases[i].path);
        expect_view(http_session_request(s)->query, cases[i].query);
        http_session_free(s);
        buf_fini(&b);
    }
}

Test(http_session, asks_for_the_body_that_waits_for_a_100_once)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n"
                               "Content-Length: 2\r\n\r\n";
    http_state state;
    http_session *s = session_with(head, 1, &state);

    cr_assert_eq(state, HTTP_NEED_MORE);
    cr_expect(http_session_wants_continue(s));
    cr_expect_not(http_session_wants_continue(s));
    (void)feed(s, VIEW_LIT("ab"), 1, &state);
    cr_assert_eq(state, HTTP_REQUEST);
    expect_view(http_session_request(s)->body, "ab");
    http_session_next(s);
    cr_expect_not(http_session_wants_continue(s));

    (void)feed(s, VIEW_LIT(head), SIZE_MAX, &state);
    (void)feed(s, VIEW_LIT("a"), SIZE_MAX, &state);
    cr_expect_not(http_session_wants_continue(s), "the body is already coming");
    http_session_free(s);
}

Test(http_session, is_busy_from_the_first_byte_to_the_last)
{
    static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";
    http_session *s = http_session_new(MAX_BODY);
    http_state state;

    cr_expect_not(http_session_busy(s));
    (void)feed(s, VIEW_LIT("\r\n"), 1, &state);
    cr_expect_not(http_session_busy(s), "an empty line begins nothing");
    for (size_t i = 0; i < sizeof text - 1; i++) {
        (void)feed(s, (view){text + i, 1}, 1, &state);
        cr_expect_eq(http_session_busy(s), i < sizeof text - 2);
    }
    http_session_next(s);
    cr_expect_not(http_session_busy(s));
    http_session_free(s);
}

Test(http_session, takes_nothing_after_an_error)
{
    http_state state;
    http_session *s = session_with("GET /\r\n", SIZE_MAX, &state);
    const char *reason = NULL;
    size_t used = 1;

    cr_assert_eq(state, HTTP_BAD);
    cr_expect_eq(http_session_feed(s, VIEW_LIT("GET / HTTP/1.1\r\n"), &used), HTTP_BAD);
    cr_expect_eq(used, 0);
    cr_expect_eq(http_session_status(s, &reason), 400);
    cr_expect_not_null(reason);
    http_session_free(s);
}

Test(http_session, takes_a_body_of_exactly_the_limit)
{
    char text[MAX_BODY];
    buf b = {0};

    memset(text, 'x', sizeof text);
    buf_printf(&b, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", MAX_BODY);
    buf_append(&b, text, sizeof text);
    for (size_t i = 0; i < STEPS; i++) {
        http_session *s = http_session_new(MAX_BODY);
        http_state state;

        cr_expect_eq(feed(s, buf_view(&b), steps[i], &state), b.len);
        cr_assert_eq(state, HTTP_REQUEST);
        cr_expect_eq(http_session_request(s)->body.len, MAX_BODY);
        http_session_free(s);
    }
    buf_fini(&b);
}

/* An announced length costs nothing until the bytes come: the only allocation is the head's. */
Test(http_session, allocates_no_body_in_advance)
{
    http_session *s = http_session_new(SIZE_MAX / 2);
    http_state state;

    failing_alloc_arm(1);
    (void)feed(s, VIEW_LIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n"),
               SIZE_MAX, &state);
    cr_expect_eq(state, HTTP_NEED_MORE);
    cr_expect_not(failing_alloc_disarm());
    http_session_free(s);
}

Test(http_session, survives_each_failing_allocation)
{
    static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "5\r\nhello\r\n0\r\n\r\n";
    size_t failures = 0;
    bool struck = true;

    while (struck) {
        failing_alloc_arm(failures);

        http_session *s = http_session_new(MAX_BODY);
        http_state state = HTTP_BAD;
        const char *reason = NULL;

        if (s != NULL)
            (void)feed(s, VIEW_LIT(text), 1, &state);
        struck = failing_alloc_disarm();
        if (s != NULL && struck)
            cr_expect_eq(http_session_status(s, &reason), 503);
        cr_expect_eq(state, struck ? HTTP_BAD : HTTP_REQUEST);
        http_session_free(s);
        failures += struck;
    }
    cr_expect_eq(failures, 3, "session, head and body, but %zu", failures);
}

Test(http_session, frees_nothing_harmlessly)
{
    http_session_free(NULL);
}

Test(http_header, finds_and_counts_without_regard_to_case)
{
    http_session *s = requested("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\n\r\n");
    const http_request *rq = http_session_request(s);
    view value;

    expect_header(rq, "X-a", "1");
    cr_expect_eq(http_header_count(rq, VIEW_LIT("X-A")), 2);
    cr_expect_eq(http_header_count(rq, VIEW_LIT("X")), 0);
    cr_expect_not(http_header_get(rq, VIEW_LIT("X-A-B"), &value));
    http_session_free(s);
}

Test(http_header, finds_tokens_in_lists)
{
    http_session *s = requested("GET / HTTP/1.1\r\nHost: a\r\n"
                                "L: foo,Bar ,\t baz,,\r\nL: qux\r\nM:\r\n\r\n");
    const http_request *rq = http_session_request(s);

    cr_expect(http_header_has_token(rq, VIEW_LIT("l"), VIEW_LIT("foo")));
    cr_expect(http_header_has_token(rq, VIEW_LIT("l"), VIEW_LIT("bar")));
    cr_expect(http_header_has_token(rq, VIEW_LIT("l"), VIEW_LIT("BAZ")));
    cr_expect(http_header_has_token(rq, VIEW_LIT("l"), VIEW_LIT("qux")));
    cr_expect_not(http_header_has_token(rq, VIEW_LIT("l"), VIEW_LIT("ba")));
    cr_expect_not(http_header_has_token(rq, VIEW_LIT("l"), VIEW_LIT("foobar")));
    cr_expect_not(http_header_has_token(rq, VIEW_LIT("m"), VIEW_LIT("foo")));
    http_session_free(s);
}

Test(http_query, does_not_look_beyond_the_end)
{
    buf out = {0};

    cr_expect(http_query_get((view){"k=%41", 4}, VIEW_LIT("k"), &out));
    expect_view(buf_view(&out), "%4");
    buf_fini(&out);
}

Test(http_query, decodes_the_first_parameter_of_that_name)
{
    static const struct {
        const char *query;
        const char *value; /* of "k"; NULL: not there */
    } cases[] = {
        {"k=v", "v"},        {"a=b&k=v&k=w", "v"},   {"k", ""},          {"k=", ""},
        {"&&k=1=2&", "1=2"}, {"k=a%20b+c", "a b c"}, {"k=%4a%4A", "JJ"}, {"k=%", "%"},
        {"k=%4", "%4"},      {"k=%zz", "%zz"},       {"", NULL},         {"kk=v", NULL},
        {"a=k", NULL},       {"K=v", NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf out = {0};
        bool found = http_query_get(view_of(cases[i].query), VIEW_LIT("k"), &out);

        cr_expect_eq(found, cases[i].value != NULL, "%s", cases[i].query);
        expect_view(buf_view(&out), cases[i].value == NULL ? "" : cases[i].value);
        buf_fini(&out);
    }
}
