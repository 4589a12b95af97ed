/* SPDX-License-Identifier: MIT */
#include "namespace.h"

#include <stdio.h>
#include <stdlib.h>

#include "option.h"
#include "setting.h"
#include "unknown.h"
#include "value.h"

static const option name_option = {.name = "name", .type = OPTION_STRING, .preset = ""};

enum { PATH_MAX_BYTES = 256 };

/* "channel.namespaces[2].name" */
typedef struct item_path {
    char text[PATH_MAX_BYTES];
} item_path;

static item_path path_of(size_t index, view key)
{
    item_path path;

    (void)snprintf(path.text, sizeof path.text, "channel.namespaces[%zu]%s%.*s", index,
                   key.len != 0 ? "." : "", (int)(key.len < 128 ? key.len : 128), key.ptr);
    return path;
}

typedef struct reading {
    tree *t;
    channel_namespace *ns;
    size_t index;
} reading;

static bool set_one(void *context, view key, yaml_node_t *value, const place *at)
{
    const reading *r = context;
    item_path path = path_of(r->index, key);
    place there = *at;
    option_ref ref = {.option = &name_option, .field = &r->ns->name};

    there.path = view_of(path.text);
    if (!view_eq(key, VIEW_LIT("name"))) {
        ref.option = option_in(&options_of_channel, key);
        if (ref.option == NULL) {
            unknown_channel_option(&there, key, tree_text(value));
            return true;
        }
        ref.field = option_field(ref.option, &r->ns->options);
    }
    setting_from_node(ref, r->t, value, &there);
    return true;
}

/* ^[-a-zA-Z0-9_.]{2,}$ */
static bool good_name(view name)
{
    static const char letters[] = "-_.0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return name.len >= 2 && strspn(name.ptr, letters) == name.len;
}

static void read_one(reading *r, const yaml_node_t *node, const place *at)
{
    item_path path = path_of(r->index, VIEW_LIT(""));
    place there = tree_place(at, node);

    there.path = view_of(path.text);
    if (node->type != YAML_MAPPING_NODE) {
        place_error(&there, "must be {name: ..., options}");
        return;
    }
    setting_presets(&options_of_channel, &r->ns->options, &there);
    tree_for_each(r->t, node, &there, set_one, r);
    if (r->ns->name.ptr == NULL)
        place_error(&there, "has no name");
    else if (!good_name(r->ns->name))
        place_error(&there, "the name %s is not two or more of a-z A-Z 0-9 - _ .",
                    log_quote(r->ns->name).text);
}

static int compare_names(view a, view b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_namespaces(const void *a, const void *b)
{
    return compare_names(((const channel_namespace *)a)->name,
                         ((const channel_namespace *)b)->name);
}

static void namespace_fini(channel_namespace *ns)
{
    value_fini((option_ref){.option = &name_option, .field = &ns->name});
    setting_finis(&options_of_channel, &ns->options);
}

static void drop_nameless(config_namespaces *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].name.ptr != NULL)
            list->items[kept++] = list->items[i];
        else
            namespace_fini(&list->items[i]);
    }
    list->count = kept;
}

/* Names are few bytes and each of them was reported already if missing or bad. */
static void sort(config_namespaces *list, const place *at)
{
    drop_nameless(list);
    if (list->count == 0)
        return;
    qsort(list->items, list->count, sizeof *list->items, compare_namespaces);
    for (size_t i = 1; i < list->count; i++)
        if (view_eq(list->items[i - 1].name, list->items[i].name))
            place_error(at, "two namespaces are called %s", log_quote(list->items[i].name).text);
}

void namespaces_set(config_namespaces *out, tree *t, const yaml_node_t *list, const place *at)
{
    bool none = list->type == YAML_SCALAR_NODE && tree_text(list).len == 0;

    if (list->type != YAML_SEQUENCE_NODE && !none) {
        place_error(at, "must be a list of {name: ..., options}");
        return;
    }

    const yaml_node_item_t *start = none ? NULL : list->data.sequence.items.start;
    size_t count = none ? 0 : (size_t)(list->data.sequence.items.top - start);
    config_namespaces fresh = {.items = calloc(count + 1, sizeof *fresh.items), .count = count};

    if (fresh.items == NULL) {
        place_error(at, "out of memory");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        reading r = {.t = t, .ns = &fresh.items[i], .index = i};

        read_one(&r, yaml_document_get_node(&t->document, start[i]), at);
    }
    sort(&fresh, at);
    namespaces_fini(out);
    *out = fresh;
}

void namespaces_add_demo(config_namespaces *list, const place *at)
{
    static const view name = VIEW_LIT("demo");

    for (size_t i = 0; i < list->count; i++)
        if (view_eq(list->items[i].name, name))
            return;

    channel_namespace *items = reallocarray(list->items, list->count + 1, sizeof *items);
    const char *copy = strdup(name.ptr);

    if (items != NULL)
        list->items = items;
    if (items == NULL || copy == NULL) {
        free((char *)copy);
        place_error(at, "out of memory");
        return;
    }

    channel_namespace *demo = &items[list->count++];

    *demo = (channel_namespace){.name = {copy, name.len}};
    setting_presets(&options_of_channel, &demo->options, at);
    demo->options.presence = true;
    demo->options.allow_subscribe_for_client = true;
    demo->options.allow_subscribe_for_anonymous = true;
    sort(list, at);
}

void namespaces_fini(config_namespaces *namespaces)
{
    for (size_t i = 0; i < namespaces->count; i++)
        namespace_fini(&namespaces->items[i]);
    free(namespaces->items);
    *namespaces = (config_namespaces){0};
}

static int compare_to_entry(const void *name, const void *entry)
{
    return compare_names(*(const view *)name, ((const channel_namespace *)entry)->name);
}

const channel_options *config_channel_options(const config *c, view channel)
{
    const config_namespaces *list = &c->channel.namespaces;
    const char *end = channel.len == 0 ? NULL : memchr(channel.ptr, ':', channel.len);

    if (end == NULL)
        return &c->channel.without_namespace;
    if (list->count == 0)
        return NULL;

    view name = {.ptr = channel.ptr, .len = (size_t)(end - channel.ptr)};

    if (view_starts_with(name, VIEW_LIT("$")))
        name = view_skip(name, 1);

    const channel_namespace *found =
        bsearch(&name, list->items, list->count, sizeof *list->items, compare_to_entry);

    return found != NULL ? &found->options : NULL;
}
