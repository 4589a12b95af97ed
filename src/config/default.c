/* SPDX-License-Identifier: MIT */
/* The file that says what holds without it: every option at its default, section within section. */
#include <ctype.h>

#include "config.h"
#include "option.h"

typedef struct writer {
    buf *out;
    bool json;
} writer;

static void write_indent(const writer *w, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        buf_append_lit(w->out, "  ");
}

/* What the next member of a section begins with. */
static void begin_member(const writer *w, unsigned depth, bool first, view key)
{
    if (w->json)
        buf_append_view(w->out, first ? VIEW_LIT("\n") : VIEW_LIT(",\n"));
    write_indent(w, depth);
    buf_printf(w->out, w->json ? "\"%.*s\":" : "%.*s:", (int)key.len, key.ptr);
}

static bool is_plain(const option *o)
{
    const char *text = o->preset;

    if (o->type == OPTION_BOOL)
        return true;
    while (isdigit((unsigned char)*text))
        text++;
    return o->preset[0] != '\0' && *text == '\0';
}

/* Presets are ours: nothing in them needs an escape. */
static void write_preset(const writer *w, const option *o)
{
    bool is_list = o->type == OPTION_STRINGS || o->type == OPTION_NAMESPACES;

    if (is_list && *o->preset == '\0')
        buf_append_lit(w->out, " []");
    else
        buf_printf(w->out, is_plain(o) ? " %s" : " \"%s\"", o->preset);
}

static void write_comment(const writer *w, unsigned depth, const option *o)
{
    if (w->json)
        return;
    write_indent(w, depth);
    buf_printf(w->out, "# %s", o->help);
    option_write_choices(w->out, o);
    buf_append_char(w->out, '\n');
}

/* The part of a name up to its next dot. */
static view head_of(view name)
{
    const char *dot = memchr(name.ptr, '.', name.len);

    return (view){name.ptr, dot == NULL ? name.len : (size_t)(dot - name.ptr)};
}

static bool belongs(view name, view section)
{
    return section.len == 0 || (name.len > section.len && view_starts_with(name, section) &&
                                name.ptr[section.len] == '.');
}

/* What is left of a name below a section. */
static view below(view name, view section)
{
    return section.len == 0 ? name : view_skip(name, section.len + 1);
}

/* Whether an option before this one has the same beginning. */
static bool is_begun(view beginning, size_t at)
{
    option_name name;

    for (size_t i = 0; i < at; i++) {
        const option *o = option_at(i, &name);

        if (!o->flag_only && belongs(view_of(name.text), beginning))
            return true;
    }
    return false;
}

static void write_section(const writer *w, view section, unsigned depth)
{
    bool first = true;

    for (size_t i = 0; i < option_count(); i++) {
        option_name text;
        const option *o = option_at(i, &text);
        view name = view_of(text.text);

        if (o->flag_only || !belongs(name, section))
            continue;

        view rest = below(name, section);
        view head = head_of(rest);
        view inner = {name.ptr, name.len - rest.len + head.len};

        if (head.len == rest.len) {
            write_comment(w, depth, o);
            begin_member(w, depth, first, head);
            write_preset(w, o);
            if (!w->json)
                buf_append_char(w->out, '\n');
        } else if (!is_begun(inner, i)) {
            begin_member(w, depth, first, head);
            buf_append_view(w->out, w->json ? VIEW_LIT(" {") : VIEW_LIT("\n"));
            write_section(w, inner, depth + 1);
        } else {
            continue;
        }
        first = false;
    }
    if (!w->json)
        return;
    buf_append_char(w->out, '\n');
    write_indent(w, depth - 1);
    buf_append_char(w->out, '}');
}

void config_write_default(buf *out, bool json)
{
    const writer w = {.out = out, .json = json};

    if (json)
        buf_append_char(out, '{');
    else
        buf_append_lit(out, "# Every option of Gracecast at its default.\n");
    write_section(&w, VIEW_LIT(""), json ? 1 : 0);
    if (json)
        buf_append_char(out, '\n');
}
