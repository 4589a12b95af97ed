/* SPDX-License-Identifier: MIT */
#include "tree.h"

static void report_syntax(const yaml_parser_t *parser, const place *at)
{
    place there = *at;

    if (at->kind == PLACE_FILE)
        there.line = parser->problem_mark.line + 1;
    place_error(&there, "%s%s%s", parser->problem != NULL ? parser->problem : "cannot be read",
                parser->context != NULL ? ", " : "",
                parser->context != NULL ? parser->context : "");
}

/* libyaml hands over one document a call, and an empty one behind the last. */
static bool load_only(yaml_parser_t *parser, tree *t, const place *at)
{
    yaml_document_t next;

    if (!yaml_parser_load(parser, &t->document)) {
        report_syntax(parser, at);
        return false;
    }
    if (!yaml_parser_load(parser, &next)) {
        report_syntax(parser, at);
        yaml_document_delete(&t->document);
        return false;
    }

    bool only = yaml_document_get_root_node(&next) == NULL;

    yaml_document_delete(&next);
    if (only)
        return true;
    place_error(at, "holds more than one document");
    yaml_document_delete(&t->document);
    return false;
}

bool tree_init(tree *t, view text, const place *at)
{
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser)) {
        place_error(at, "out of memory");
        return false;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);

    bool loaded = load_only(&parser, t, at);

    yaml_parser_delete(&parser);
    if (loaded)
        t->root = yaml_document_get_root_node(&t->document);
    return loaded;
}

void tree_fini(tree *t)
{
    yaml_document_delete(&t->document);
    t->root = NULL;
}

static bool seen_before(tree *t, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
    view key = tree_text(yaml_document_get_node(&t->document, pair->key));

    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
        const yaml_node_t *other = yaml_document_get_node(&t->document, p->key);

        if (other->type == YAML_SCALAR_NODE && view_eq(tree_text(other), key))
            return true;
    }
    return false;
}

void tree_for_each(tree *t, const yaml_node_t *mapping, const place *at, tree_visitor *visit,
                   void *context)
{
    const yaml_node_pair_t *end = mapping->data.mapping.pairs.top;

    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < end; p++) {
        const yaml_node_t *key = yaml_document_get_node(&t->document, p->key);
        place there = tree_place(at, key);

        if (key->type != YAML_SCALAR_NODE)
            place_error(&there, "a key must be a name");
        else if (seen_before(t, mapping, p))
            place_error(&there, "%s is there twice", log_quote(tree_text(key)).text);
        else if (!visit(context, tree_text(key), yaml_document_get_node(&t->document, p->value),
                        &there))
            return;
    }
}

place tree_place(const place *source, const yaml_node_t *node)
{
    place there = *source;

    if (source->kind == PLACE_FILE)
        there.line = node->start_mark.line + 1;
    return there;
}

view tree_text(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE)
        return VIEW_LIT("");

    view text = {.ptr = (const char *)node->data.scalar.value, .len = node->data.scalar.length};
    bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    if (plain && (view_eq(text, VIEW_LIT("null")) || view_eq(text, VIEW_LIT("~"))))
        return VIEW_LIT("");
    return text;
}
