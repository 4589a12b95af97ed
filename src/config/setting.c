/* SPDX-License-Identifier: MIT */
#include "setting.h"

#include <stdlib.h>

#include "namespace.h"
#include "value.h"

static void set_list(option_ref ref, tree *t, const yaml_node_t *sequence, const place *at)
{
    const yaml_node_item_t *start = sequence->data.sequence.items.start;
    size_t count = (size_t)(sequence->data.sequence.items.top - start);
    view *items = calloc(count + 1, sizeof *items);
    size_t good = 0;

    if (items == NULL) {
        place_error(at, "out of memory");
        return;
    }
    for (; good < count; good++) {
        const yaml_node_t *item = yaml_document_get_node(&t->document, start[good]);

        if (item->type != YAML_SCALAR_NODE)
            break;
        items[good] = tree_text(item);
    }
    if (good == count)
        (void)value_set_strings(ref, items, count, at);
    else
        place_error(at, "must be a list of texts");
    free(items);
}

void setting_from_node(option_ref ref, tree *t, yaml_node_t *value, const place *at)
{
    option_type type = ref.option->type;

    if (type == OPTION_NAMESPACES)
        namespaces_set(ref.field, t, value, at);
    else if (type == OPTION_STRINGS && value->type == YAML_SEQUENCE_NODE)
        set_list(ref, t, value, at);
    else if (value->type != YAML_SCALAR_NODE)
        place_error(at, "must be a single value");
    else
        (void)value_set(ref, tree_text(value), at);
}

static bool is_json_list(option_type type, view text)
{
    return type == OPTION_NAMESPACES ||
           (type == OPTION_STRINGS && text.len > 0 && text.ptr[0] == '[');
}

void setting_from_text(option_ref ref, view text, const place *at)
{
    tree t;

    if (!is_json_list(ref.option->type, text)) {
        (void)value_set(ref, text, at);
        return;
    }
    if (!tree_init(&t, text, at))
        return;
    if (t.root != NULL)
        setting_from_node(ref, &t, t.root, at);
    tree_fini(&t);
}

void setting_presets(const option_table *table, void *object, const place *at)
{
    for (size_t i = 0; i < table->count; i++) {
        const option *o = &table->items[i];
        option_ref ref = {.option = o, .field = option_field(o, object)};

        if (o->type != OPTION_NAMESPACES)
            (void)value_set(ref, view_of(o->preset), at);
    }
}

void setting_finis(const option_table *table, void *object)
{
    for (size_t i = 0; i < table->count; i++) {
        const option *o = &table->items[i];

        value_fini((option_ref){.option = o, .field = option_field(o, object)});
    }
}
