/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "scenario.h"
#include "value.h"

/* An option and its value, however they were separated. */
typedef struct argument {
    view name; /* without the dashes; empty: a phase */
    const char *value;
} argument;

typedef struct walk {
    int argc;
    char **argv;
    int next;
} walk;

static bool is_flag(view name)
{
    static const char *const flags[] = {"i-own-this-host", "quiet", "help", "version", "dry-run"};

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (view_eq(name, view_of(flags[i])))
            return true;
    }
    return false;
}

/* The next argument; false at the end or when a value is missing, which is said. */
static bool take(walk *w, argument *out, buf *errors)
{
    const char *text = w->next < w->argc ? w->argv[w->next] : NULL;
    const char *equals = NULL;

    if (text == NULL)
        return false;
    w->next++;
    *out = (argument){.value = text};
    if (strcmp(text, "-h") == 0)
        text = "--help";
    if (strcmp(text, "-q") == 0)
        text = "--quiet";
    if (strncmp(text, "--", 2) != 0)
        return true;
    equals = strchr(text, '=');
    out->name = (view){.ptr = text + 2,
                       .len = equals == NULL ? strlen(text + 2) : (size_t)(equals - text - 2)};
    out->value = equals == NULL ? NULL : equals + 1;
    if (equals == NULL && !is_flag(out->name)) {
        out->value = w->next < w->argc ? w->argv[w->next++] : NULL;
        if (out->value == NULL) {
            buf_printf(errors, "--%s needs a value\n", text + 2);
            return false;
        }
    }
    return true;
}

static bool set_flag(options *o, view name)
{
    const struct {
        const char *name;
        bool *out;
    } flags[] = {
        {"i-own-this-host", &o->own_host}, {"quiet", &o->quiet},         {"help", &o->help},
        {"version", &o->version},          {"dry-run", &o->list_phases},
    };

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (view_eq(name, view_of(flags[i].name))) {
            *flags[i].out = true;
            return true;
        }
    }
    return false;
}

static bool set_string(options *o, argument a)
{
    const struct {
        const char *name;
        const char **out;
    } strings[] = {
        {"url", &o->url},
        {"api-url", &o->api_url},
        {"api-key", &o->api_key},
        {"server-cmd", &o->server_cmd},
        {"restart-cmd", &o->restart_cmd},
        {"report", &o->report},
        {"plot", &o->plot},
    };

    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        if (view_eq(a.name, view_of(strings[i].name))) {
            *strings[i].out = a.value;
            return true;
        }
    }
    return false;
}

static bool set_count(uint32_t *out, argument a, buf *errors)
{
    if (value_count(view_of(a.value), INT32_MAX, out))
        return true;
    buf_printf(errors, "--%.*s needs a number: \"%s\"\n", (int)a.name.len, a.name.ptr, a.value);
    return false;
}

static bool set_option(options *o, plan *p, argument a, buf *errors)
{
    if (is_flag(a.name))
        return set_flag(o, a.name);
    if (set_string(o, a))
        return true;
    if (view_eq(a.name, VIEW_LIT("server-pid")))
        return set_count(&o->server_pid, a, errors);
    if (view_eq(a.name, VIEW_LIT("helpers")))
        return set_count(&o->helpers, a, errors);
    if (view_eq(a.name, VIEW_LIT("scenario")))
        return true; /* read before */
    for (int i = 0; i < GATE_COUNT; i++) {
        if (view_eq(a.name, view_of(plan_gate_name((plan_gate)i))))
            return plan_set_gate(p, a.name, view_of(a.value), errors);
    }
    return plan_set(p, a.name, view_of(a.value), errors);
}

static bool load_scenarios(plan *p, walk w, buf *errors)
{
    argument a = {0};

    while (take(&w, &a, errors)) {
        if (view_eq(a.name, VIEW_LIT("scenario")) && !scenario_load(p, a.value, errors))
            return false;
    }
    return errors->len == 0;
}

static bool check(const options *o, const plan *p, buf *errors)
{
    bool restarts = false;

    for (size_t i = 0; i < p->phase_count; i++)
        restarts |= p->phases[i].has[ACT_STORM] && p->phases[i].storm.restart;
    if (o->url == NULL)
        buf_append_lit(errors, "which server? --url ws://localhost:8000/connection/websocket\n");
    else if (strncmp(o->url, "wss:", 4) == 0)
        buf_append_lit(errors,
                       "wss:// is not supported yet: test behind the TLS proxy, by ws://\n");
    if (restarts && o->server_cmd == NULL && o->restart_cmd == NULL)
        buf_append_lit(errors,
                       "this scenario restarts the server: say how, by --server-cmd (then it is "
                       "also started\nand stopped) or by --restart-cmd\n");
    if (p->publish == PUBLISH_HTTP && p->protocol == PROTOCOL_RAW && o->api_url == NULL)
        buf_append_lit(errors, "where to publish? --api-url\n");
    return errors->len == 0;
}

bool options_parse(options *o, plan *p, int argc, char **argv, buf *errors)
{
    walk w = {.argc = argc, .argv = argv, .next = 1};
    argument a = {0};

    if (!load_scenarios(p, w, errors))
        return false;
    while (take(&w, &a, errors)) {
        bool good = a.name.len > 0 ? set_option(o, p, a, errors)
                                   : plan_parse_phase(p, view_of(a.value), errors);

        if (!good)
            return false;
    }
    if (o->help || o->version)
        return true;
    if (p->publish == PUBLISH_AUTO)
        p->publish = o->api_key != NULL || o->api_url != NULL ? PUBLISH_HTTP : PUBLISH_CLIENT;
    return errors->len == 0 && plan_complete(p, errors) && (o->list_phases || check(o, p, errors));
}
