/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "http.h"

static void expect_response(const http_response *response, bool head, const char *expected)
{
    buf b = {0};

    http_write_response(&b, response, head);
    buf_append_char(&b, '\0');
    cr_expect_str_eq(b.data, expected);
    buf_fini(&b);
}

Test(http_response, is_complete)
{
    expect_response(&(http_response){.status = 200, .body = VIEW_LIT("hi")}, false,
                    "HTTP/1.1 200 OK\r\nServer: Gracecast\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nhi");
}

Test(http_response, carries_type_headers_and_close)
{
    expect_response(&(http_response){.status = 405,
                                     .content_type = "application/json",
                                     .headers = "Allow: GET\r\n",
                                     .body = VIEW_LIT("{}"),
                                     .close = true},
                    false,
                    "HTTP/1.1 405 Method Not Allowed\r\nServer: Gracecast\r\n"
                    "Content-Type: application/json\r\nContent-Length: 2\r\n"
                    "Connection: close\r\nAllow: GET\r\n\r\n{}");
}

Test(http_response, to_head_has_the_length_but_no_body)
{
    expect_response(&(http_response){.status = 200, .body = VIEW_LIT("hi")}, true,
                    "HTTP/1.1 200 OK\r\nServer: Gracecast\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\n");
}

Test(http_response, with_an_empty_body_says_so)
{
    expect_response(&(http_response){.status = 404}, false,
                    "HTTP/1.1 404 Not Found\r\nServer: Gracecast\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 0\r\n\r\n");
}

Test(http_response, of_204_304_and_100_ends_with_its_head)
{
    expect_response(&(http_response){.status = 204, .body = VIEW_LIT("x")}, false,
                    "HTTP/1.1 204 No Content\r\nServer: Gracecast\r\n\r\n");
    expect_response(&(http_response){.status = 304}, false,
                    "HTTP/1.1 304 Not Modified\r\nServer: Gracecast\r\n\r\n");
    expect_response(&(http_response){.status = 100}, false,
                    "HTTP/1.1 100 Continue\r\nServer: Gracecast\r\n\r\n");
}

Test(http_response, names_unknown_statuses)
{
    cr_expect_str_eq(http_status_text(426), "Upgrade Required");
    cr_expect_str_eq(http_status_text(299), "Unknown");
}
