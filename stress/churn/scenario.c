/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <yaml.h>

typedef struct reader {
    yaml_document_t document;
    const char *path;
    plan *plan;
    buf *errors;
    buf message; /* of the setting just tried */
} reader;

static yaml_node_t *node_at(reader *r, int index)
{
    return yaml_document_get_node(&r->document, index);
}

static view text_of(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE)
        return (view){0};
    return (view){.ptr = (const char *)node->data.scalar.value, .len = node->data.scalar.length};
}

static bool complain(reader *r, const yaml_node_t *node, const char *what)
{
    buf_printf(r->errors, "%s:%zu: %s\n", r->path, node->start_mark.line + 1, what);
    return false;
}

/* Passes on what a setter said, with the place in front. */
static bool outcome(reader *r, const yaml_node_t *node, bool good)
{
    if (!good) {
        buf_printf(r->errors, "%s:%zu: ", r->path, node->start_mark.line + 1);
        buf_append_view(r->errors, buf_view(&r->message));
    }
    buf_reset(&r->message);
    return good;
}

/* "clean:70/reset:30" of {clean: 70, reset: 30} */
static void join_mapping(reader *r, const yaml_node_t *node, buf *out)
{
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        if (out->len > 0)
            buf_append_char(out, '/');
        buf_append_view(out, text_of(node_at(r, pair->key)));
        buf_append_char(out, ':');
        buf_append_view(out, text_of(node_at(r, pair->value)));
    }
}

static bool read_setting(reader *r, plan_phase *phase, view activity, const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = node_at(r, pair->key);
    const yaml_node_t *value = node_at(r, pair->value);
    buf joined = {0};
    bool good = false;

    if (value->type == YAML_MAPPING_NODE)
        join_mapping(r, value, &joined);
    good = plan_phase_set(phase, activity, text_of(key),
                          joined.len > 0 ? buf_view(&joined) : text_of(value), &r->message);
    buf_fini(&joined);
    return outcome(r, key, good);
}

/* ramp: {connections: 100, rate: 50} */
static bool read_activity(reader *r, plan_phase *phase, const yaml_node_t *key,
                          const yaml_node_t *settings)
{
    view activity = text_of(key);

    if (!outcome(r, key, plan_phase_begin(phase, activity, &r->message)))
        return false;
    if (settings->type == YAML_SCALAR_NODE && text_of(settings).len == 0)
        return true;
    if (settings->type != YAML_MAPPING_NODE)
        return complain(r, settings, "an activity takes a mapping of settings, or nothing");
    for (yaml_node_pair_t *pair = settings->data.mapping.pairs.start;
         pair < settings->data.mapping.pairs.top; pair++) {
        if (!read_setting(r, phase, activity, pair))
            return false;
    }
    return true;
}

static bool read_phase(reader *r, const yaml_node_t *node)
{
    plan_phase *phase = NULL;

    if (node->type != YAML_MAPPING_NODE)
        return complain(r, node, "a phase is a mapping of activities");
    phase = plan_add_phase(r->plan, &r->message);
    if (!outcome(r, node, phase != NULL))
        return false;
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_at(r, pair->key);
        const yaml_node_t *value = node_at(r, pair->value);
        view name = text_of(key);
        bool option = view_eq(name, VIEW_LIT("for")) || view_eq(name, VIEW_LIT("name"));

        if (option && !outcome(r, key, plan_phase_option(phase, name, text_of(value), &r->message)))
            return false;
        if (!option && !read_activity(r, phase, key, value))
            return false;
    }
    return true;
}

static bool read_phases(reader *r, const yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return complain(r, node, "phases is a list");
    for (yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        if (!read_phase(r, node_at(r, *item)))
            return false;
    }
    return true;
}

static bool read_gates(reader *r, const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE)
        return complain(r, node, "gates is a mapping");
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_at(r, pair->key);
        view value = text_of(node_at(r, pair->value));

        if (!outcome(r, key, plan_set_gate(r->plan, text_of(key), value, &r->message)))
            return false;
    }
    return true;
}

static bool read_top(reader *r)
{
    const yaml_node_t *top = yaml_document_get_root_node(&r->document);

    if (top == NULL || top->type != YAML_MAPPING_NODE) {
        buf_printf(r->errors, "%s: a scenario is a mapping of settings\n", r->path);
        return false;
    }
    for (yaml_node_pair_t *pair = top->data.mapping.pairs.start; pair < top->data.mapping.pairs.top;
         pair++) {
        const yaml_node_t *key = node_at(r, pair->key);
        const yaml_node_t *value = node_at(r, pair->value);
        view name = text_of(key);
        bool good = false;

        if (view_eq(name, VIEW_LIT("phases")))
            good = read_phases(r, value);
        else if (view_eq(name, VIEW_LIT("gates")))
            good = read_gates(r, value);
        else
            good = outcome(r, key, plan_set(r->plan, name, text_of(value), &r->message));
        if (!good)
            return false;
    }
    return true;
}

static bool parse(reader *r, FILE *file)
{
    yaml_parser_t parser;
    bool good = yaml_parser_initialize(&parser) == 1;

    if (!good) {
        buf_append_lit(r->errors, "out of memory\n");
        return false;
    }
    yaml_parser_set_input_file(&parser, file);
    good = yaml_parser_load(&parser, &r->document) == 1;
    if (!good)
        buf_printf(r->errors, "%s:%zu: %s\n", r->path, parser.problem_mark.line + 1,
                   parser.problem == NULL ? "not YAML" : parser.problem);
    yaml_parser_delete(&parser);
    return good;
}

bool scenario_load(plan *p, const char *path, buf *errors)
{
    reader r = {.path = path, .plan = p, .errors = errors};
    FILE *file = fopen(path, "re");
    bool good = false;

    if (file == NULL) {
        buf_printf(errors, "%s: %s\n", path, strerror(errno));
        return false;
    }
    good = parse(&r, file);
    (void)fclose(file);
    if (good) {
        good = read_top(&r);
        yaml_document_delete(&r.document);
    }
    buf_fini(&r.message);
    return good;
}
