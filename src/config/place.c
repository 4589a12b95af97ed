/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 1024 }; /* two quoted values and a sentence */

static void put_line(buf *out, const place *at, const char *text)
{
    buf_append_view(out, at->source);
    if (at->kind == PLACE_FILE && at->line != 0)
        buf_printf(out, ":%zu", at->line);
    if (at->source.len != 0)
        buf_append_lit(out, ": ");
    if (at->path.len != 0) {
        buf_append_view(out, at->path);
        buf_append_lit(out, ": ");
    }
    buf_append_view(out, view_of(text));
    buf_append_char(out, '\n');
}

void place_error(const place *at, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_line(&at->report->errors, at, text);
    at->report->error_count++;
}

void place_warn(const place *at, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_line(&at->report->warnings, at, text);
}

void config_report_fini(config_report *report)
{
    buf_fini(&report->errors);
    buf_fini(&report->warnings);
    report->error_count = 0;
}
