/* SPDX-License-Identifier: MIT */
#include "http.h"

const char *http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } known[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].status == status)
            return known[i].text;
    }
    return "Unknown";
}

/* RFC 9110 sections 8.6 and 15: these end with their head. */
static bool has_no_content(int status)
{
    return status < 200 || status == 204 || status == 304;
}

void http_write_response(buf *out, const http_response *response, bool head)
{
    const char *type = response->content_type;
    bool bare = has_no_content(response->status);

    buf_append_lit(out, "HTTP/1.1 ");
    buf_append_u64(out, (uint64_t)response->status);
    buf_append_char(out, ' ');
    buf_append_view(out, view_of(http_status_text(response->status)));
    buf_append_lit(out, "\r\nServer: Gracecast\r\n");
    if (!bare) {
        buf_append_lit(out, "Content-Type: ");
        buf_append_view(out, view_of(type != NULL ? type : "text/plain; charset=utf-8"));
        buf_append_lit(out, "\r\nContent-Length: ");
        buf_append_u64(out, response->body.len);
        buf_append_lit(out, "\r\n");
    }
    if (response->close)
        buf_append_lit(out, "Connection: close\r\n");
    buf_append_view(out, view_of(response->headers));
    buf_append_lit(out, "\r\n");
    if (!bare && !head)
        buf_append_view(out, response->body);
}
