/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "check.h"
#include "config.h"
#include "file.h"
#include "namespace.h"
#include "option.h"
#include "setting.h"
#include "unknown.h"
#include "value.h"

/* The two passes over the flags: --config and its like are wanted before the file is read. */
typedef enum pass {
    PASS_FIRST,
    PASS_ALL_OTHERS,
} pass;

/* One argument taken apart: "--name=value" or "-n=value". */
typedef struct flag {
    view whole; /* without "=value" */
    view name;  /* without its dashes */
    bool is_letter;
    const char *value; /* NULL: none behind a '=' */
} flag;

static bool split_flag(const char *arg, flag *out)
{
    size_t dashes = strspn(arg, "-");
    size_t len = strcspn(arg, "=");

    if (dashes == 0 || dashes > 2 || len <= dashes)
        return false;
    *out = (flag){
        .whole = {.ptr = arg, .len = len},
        .name = {.ptr = arg + dashes, .len = len - dashes},
        .is_letter = dashes == 1,
        .value = arg[len] == '=' ? arg + len + 1 : NULL,
    };
    return true;
}

/* Is the next argument the value of this flag? Switches take none; of flags we do not know we can
 * but guess, so that one mistake is one error. */
static bool takes_next(const flag *f, const option *o, const char *next)
{
    if (f->value != NULL || next == NULL || strncmp(next, "--", 2) == 0)
        return false;
    return o != NULL ? o->type != OPTION_BOOL : next[0] != '-';
}

/* Reads the flag at the front of argv; returns how many arguments it took. */
static int take_flag(config *c, char *const *argv, pass turn, config_report *report)
{
    place at = {.report = report, .kind = PLACE_FLAG, .source = view_of(argv[0])};
    flag f;

    if (!split_flag(argv[0], &f)) {
        if (turn == PASS_ALL_OTHERS)
            place_error(&at, "is no flag; values of switches follow a '=', as in --demo=false");
        return 1;
    }
    at.source = f.whole;

    option_ref ref = option_by_flag(c, f.name, f.is_letter);
    bool two = takes_next(&f, ref.option, argv[1]);
    const char *value = two ? argv[1] : f.value;

    if (value == NULL && ref.option != NULL && ref.option->type == OPTION_BOOL)
        value = "true";
    if (ref.option == NULL) {
        if (turn == PASS_ALL_OTHERS)
            unknown_option(&at, f.name, view_of(value));
    } else if (ref.option->flag_only == (turn == PASS_FIRST)) {
        if (value != NULL)
            setting_from_text(ref, view_of(value), &at);
        else
            place_error(&at, "needs a value");
    }
    return two ? 2 : 1;
}

static void load_flags(config *c, int argc, char *const *argv, pass turn, config_report *report)
{
    for (int i = 1; i < argc;)
        i += take_flag(c, argv + i, turn, report);
}

/* Kubernetes gives the pods of a service called "gracecast" variables of these names. */
static bool is_service_link(view name, view value)
{
    return view_starts_with(name, VIEW_LIT("SERVICE_")) ||
           view_starts_with(name, VIEW_LIT("PORT_")) ||
           (view_eq(name, VIEW_LIT("PORT")) && strstr(value.ptr, "://") != NULL);
}

static void load_variable(config *c, const char *entry, view prefix, config_report *report)
{
    size_t len = strcspn(entry, "=");
    view whole = {.ptr = entry, .len = len};

    if (entry[len] != '=' || entry[len + 1] == '\0' || !view_starts_with(whole, prefix))
        return; /* an empty variable counts as unset, as in Centrifugo */

    place at = {.report = report, .kind = PLACE_VARIABLE, .source = whole};
    view name = view_skip(whole, prefix.len);
    view value = view_of(entry + len + 1);
    option_ref ref = option_by_variable(c, name);

    if (ref.option != NULL && ref.option->flag_only)
        place_error(&at, "is a flag only: --%s", ref.option->name);
    else if (ref.option != NULL)
        setting_from_text(ref, value, &at);
    else if (is_service_link(name, value))
        place_warn(&at, "ignored: it describes a service, not an option");
    else
        unknown_option(&at, name, value);
}

static void load_environment(config *c, char *const *envp, view prefix, config_report *report)
{
    for (; *envp != NULL; envp++)
        load_variable(c, *envp, prefix, report);
}

/* The demo's page connects without a token and watches the demo's channels. */
static void allow_demo(config *c, config_report *report)
{
    const place at = {.report = report, .kind = PLACE_DEFAULT, .path = VIEW_LIT("demo")};

    c->client.allow_anonymous_connect_without_token = true;
    namespaces_add_demo(&c->channel.namespaces, &at);
}

static void load_all(config *c, int argc, char *const *argv, char *const *envp,
                     config_report *report)
{
    if (c->file.len != 0)
        file_load(c, report);
    load_environment(c, envp, VIEW_LIT("CENTRIFUGO_"), report);
    load_environment(c, envp, VIEW_LIT("GRACECAST_"), report);
    load_flags(c, argc, argv, PASS_ALL_OTHERS, report);
    if (c->demo)
        allow_demo(c, report);
    config_check(c, report);
}

config_result config_load(int argc, char *const *argv, char *const *envp, config **out,
                          config_report *report)
{
    const place at = {.report = report, .kind = PLACE_DEFAULT};
    config *c = calloc(1, sizeof *c);
    config_result result = CONFIG_INVALID;

    if (c == NULL) {
        place_error(&at, "out of memory");
        return CONFIG_INVALID;
    }
    setting_presets(&options_of_server, c, &at);
    setting_presets(&options_of_channel, &c->channel.without_namespace, &at);
    load_flags(c, argc, argv, PASS_FIRST, report);
    if (c->help)
        result = CONFIG_HELP;
    else if (c->version)
        result = CONFIG_VERSION;
    else {
        load_all(c, argc, argv, envp, report);
        if (report->error_count == 0)
            result = CONFIG_OK;
    }
    if (result == CONFIG_OK)
        *out = c;
    else
        config_free(c);
    return result;
}

void config_free(config *c)
{
    if (c == NULL)
        return;
    setting_finis(&options_of_server, c);
    setting_finis(&options_of_channel, &c->channel.without_namespace);
    namespaces_fini(&c->channel.namespaces);
    free(c);
}
