/* SPDX-License-Identifier: MIT */
#include "unknown.h"

#include <ctype.h>
#include <stdio.h>

#include "foreign.h"
#include "option.h"

enum { NAME_MAX_BYTES = 96 };

/* Levenshtein's distance, with one row of his table; b.len < NAME_MAX_BYTES. */
static size_t distance(view a, view b)
{
    size_t row[NAME_MAX_BYTES + 1];

    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = diagonal + (foreign_fold(a.ptr[i - 1]) != foreign_fold(b.ptr[j - 1]));
            size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = replaced < shorter ? replaced : shorter;
        }
    }
    return row[b.len];
}

/* "port" of "http_server.port": how one might call it who does not know where it belongs */
static view last_part(view name)
{
    const char *dot = memrchr(name.ptr, '.', name.len);

    return dot == NULL ? name : view_skip(name, (size_t)(dot + 1 - name.ptr));
}

typedef struct search {
    view name;
    const char *prefix; /* of the nearest */
    const option *nearest;
    size_t distance;
} search;

static void consider(search *s, const char *prefix, const option *o)
{
    char full[NAME_MAX_BYTES];
    int len = snprintf(full, sizeof full, "%s%s", prefix, o->name);
    view name = {.ptr = full, .len = (size_t)len};

    if (len < 0 || len >= NAME_MAX_BYTES)
        return;

    size_t whole = distance(s->name, name);
    size_t part = distance(s->name, last_part(name));
    size_t found = whole < part ? whole : part;

    if (found >= s->distance)
        return;
    s->prefix = prefix;
    s->nearest = o;
    s->distance = found;
}

static void consider_all(search *s, const char *prefix, const option_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        consider(s, prefix, &table->items[i]);
}

/* Further away than a third of its letters, it is another word. */
static search new_search(view name)
{
    size_t limit = name.len < 9 ? 3 : name.len / 3 + 1;

    return (search){.name = name, .distance = name.len < 3 ? 2 : limit};
}

/* The name as one would write it where the unknown one stands. */
static void report_nearest(const place *at, const search *s)
{
    bool is_flag = at->kind == PLACE_FLAG && at->path.len == 0;
    bool is_variable = at->kind == PLACE_VARIABLE && at->path.len == 0;
    char name[NAME_MAX_BYTES];

    if (s->nearest == NULL) {
        place_error(at, "unknown option; --help lists those there are");
        return;
    }
    (void)snprintf(name, sizeof name, "%s%s", s->prefix, s->nearest->name);
    for (char *c = name; is_variable && *c != '\0'; c++)
        *c = (char)toupper((unsigned char)foreign_fold(*c));
    place_error(at, "unknown option; the nearest is %s%s",
                is_flag       ? "--"
                : is_variable ? "GRACECAST_"
                              : "",
                name);
}

/* true: it was one of Centrifugo's, and that is said. */
static bool report_foreign(const place *at, foreign_kind kind)
{
    if (kind == FOREIGN_HARMLESS)
        place_warn(at, "ignored: an option of Centrifugo without effect here");
    if (kind == FOREIGN_UNSUPPORTED)
        place_error(at, "known to Centrifugo, not supported here");
    return kind != FOREIGN_UNKNOWN;
}

void unknown_option(const place *at, view name, view value)
{
    search s = new_search(name);

    if (view_starts_with(at->source, VIEW_LIT("CENTRIFUGO_"))) {
        place_warn(at, "ignored: this server has no such option");
        return;
    }
    if (report_foreign(at, foreign_option(name, value)))
        return;
    consider_all(&s, "", &options_of_server);
    consider_all(&s, WITHOUT_NAMESPACE, &options_of_channel);
    report_nearest(at, &s);
}

void unknown_channel_option(const place *at, view name, view value)
{
    search s = new_search(name);

    if (report_foreign(at, foreign_channel_option(name, value)))
        return;
    consider_all(&s, "", &options_of_channel);
    report_nearest(at, &s);
}
