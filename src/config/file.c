/* SPDX-License-Identifier: MIT */
#include "file.h"

#include <errno.h>
#include <stdio.h>

#include "foreign.h"
#include "option.h"
#include "setting.h"
#include "tree.h"
#include "unknown.h"

enum {
    FILE_MAX_BYTES = 4 << 20,
    CHUNK_BYTES = 16 << 10,
    PATH_MAX_BYTES = 256,
};

typedef struct walk {
    config *c;
    tree *t;
    view prefix; /* the section we are in, "" at the top */
} walk;

static bool visit(void *context, view key, yaml_node_t *value, const place *at);

static void enter(const walk *from, view section, const yaml_node_t *mapping, const place *at)
{
    walk within = {.c = from->c, .t = from->t, .prefix = section};

    tree_for_each(from->t, mapping, at, visit, &within);
}

/* A path that does not fit is none of ours, whatever its end. The same bound stops a document that
 * holds itself. */
static bool visit(void *context, view key, yaml_node_t *value, const place *at)
{
    const walk *w = context;
    char path[PATH_MAX_BYTES];
    int len = snprintf(path, sizeof path, "%.*s%s%.*s", (int)w->prefix.len, w->prefix.ptr,
                       w->prefix.len != 0 ? "." : "", (int)key.len, key.ptr);
    bool fits = len >= 0 && (size_t)len < sizeof path;
    place there = *at;

    there.path = fits ? (view){.ptr = path, .len = (size_t)len} : view_of(path);

    option_ref ref = option_by_name(w->c, there.path);
    bool ours = option_is_section(there.path);

    if (ref.option != NULL && ref.option->flag_only)
        place_error(&there, "is a flag only: --%s", ref.option->name);
    else if (ref.option != NULL)
        setting_from_node(ref, w->t, value, &there);
    else if (fits && value->type == YAML_MAPPING_NODE &&
             (ours || foreign_is_section(there.path) || foreign_is_section(w->prefix)))
        enter(w, there.path, value, &there);
    else if (ours && value->type == YAML_SCALAR_NODE && tree_text(value).len == 0)
        return true; /* an empty section */
    else if (ours)
        place_error(&there, "is a section: options go below it");
    else
        unknown_option(&there, there.path, tree_text(value));
    return true;
}

static void walk_text(config *c, view text, const place *at)
{
    tree t;
    walk w = {.c = c, .t = &t, .prefix = VIEW_LIT("")};

    if (!tree_init(&t, text, at))
        return;
    if (t.root != NULL && t.root->type == YAML_MAPPING_NODE)
        tree_for_each(&t, t.root, at, visit, &w);
    else if (t.root != NULL)
        place_error(at, "must be a mapping of options at the top");
    tree_fini(&t);
}

static bool read_all(FILE *file, buf *text, const place *at)
{
    size_t got;

    do {
        if (!buf_reserve(text, CHUNK_BYTES)) {
            place_error(at, "out of memory");
            return false;
        }
        got = fread(text->data + text->len, 1, CHUNK_BYTES, file);
        text->len += got;
    } while (got > 0 && text->len <= FILE_MAX_BYTES);
    if (ferror(file))
        place_error(at, "%s", strerror(errno));
    else if (text->len > FILE_MAX_BYTES)
        place_error(at, "is larger than %d bytes", FILE_MAX_BYTES);
    else
        return true;
    return false;
}

static bool is_toml(view name)
{
    static const view end = VIEW_LIT(".toml");

    return name.len > end.len && view_eq_nocase(view_skip(name, name.len - end.len), end);
}

void file_load(config *c, config_report *report)
{
    place at = {.report = report, .kind = PLACE_FILE, .source = c->file};
    buf text = {0};

    if (is_toml(c->file)) {
        place_error(&at, "TOML is not read here: write it as YAML or JSON");
        return;
    }

    FILE *file = fopen(c->file.ptr, "re");

    if (file == NULL) {
        place_error(&at, "%s", strerror(errno));
        return;
    }
    if (read_all(file, &text, &at))
        walk_text(c, buf_view(&text), &at);
    (void)fclose(file); /* only read */
    buf_fini(&text);
}
