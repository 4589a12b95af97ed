/* SPDX-License-Identifier: MIT */
/* gracecast-churn: arguments in, load out, a verdict as the exit status. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "conductor.h"
#include "options.h"

enum {
    STATUS_KEPT = 0,
    STATUS_BROKEN = 1,
    STATUS_USAGE = 2,
};

/* Everything that main() has to clean up. */
typedef struct session {
    options options;
    plan plan;
    target ws;
    target api;
    bool has_api;
    subject subject;
    run run;
    buf errors;
} session;

static void print(FILE *to, const buf *b)
{
    if (b->len > 0)
        (void)fwrite(b->data, 1, b->len, to); /* nowhere to report a failure to */
}

static int complain(session *s)
{
    (void)fputs("gracecast-churn: ", stderr);
    print(stderr, &s->errors);
    return STATUS_USAGE;
}

static int print_help(session *s)
{
    buf text = {0};

    if (s->options.version)
        buf_append_lit(&text, "gracecast-churn " GRACECAST_VERSION "\n");
    else
        options_help(&text);
    print(stdout, &text);
    buf_fini(&text);
    return STATUS_KEPT;
}

static int print_phases(const plan *p)
{
    for (size_t i = 0; i < p->phase_count; i++)
        (void)printf("%2zu  %-24s %g s\n", i + 1, p->phases[i].name, p->phases[i].for_ms / 1000.0);
    (void)printf("up to %u connections at a time\n", plan_peak(p));
    return STATUS_KEPT;
}

static bool find_targets(session *s)
{
    const options *o = &s->options;
    bool centrifugo = s->plan.protocol == PROTOCOL_CENTRIFUGO;

    if (!target_parse(&s->ws, "ws", view_of(o->url), &s->errors))
        return false;
    if (o->api_url != NULL) {
        if (!target_parse(&s->api, "http", view_of(o->api_url), &s->errors))
            return false;
        s->has_api = true;
    } else if (centrifugo && o->api_key != NULL) {
        s->api = target_sibling(&s->ws, VIEW_LIT("/api"));
        s->has_api = true;
    }
    if (!o->own_host && (!s->ws.loopback || (s->has_api && !s->api.loopback))) {
        buf_append_lit(&s->errors,
                       "this is not a loopback address. A load like this hurts whoever gets it: "
                       "add --i-own-this-host\nif the host is yours to break.\n");
        return false;
    }
    return true;
}

/* false with a message when the file cannot be written. */
static bool write_file(const char *path, const buf *content, buf *errors)
{
    FILE *file = fopen(path, "we");
    bool good = file != NULL && fwrite(content->data, 1, content->len, file) == content->len;

    if (file != NULL && fclose(file) != 0)
        good = false;
    if (!good)
        buf_printf(errors, "%s: %s\n", path, strerror(errno));
    return good;
}

static int report(session *s)
{
    verdict v = verdict_of(&s->run);
    buf out = {0};
    bool written = true;

    report_text(&out, &s->run, &v);
    print(stdout, &out);
    (void)fflush(stdout);
    if (s->options.report != NULL) {
        buf_reset(&out);
        report_json(&out, &s->run, &v);
        written = write_file(s->options.report, &out, &s->errors);
    }
    buf_fini(&out);
    if (s->options.plot != NULL)
        (void)plot_write(&s->run, s->options.plot, &s->errors); /* a plot decides nothing */
    print(stderr, &s->errors);
    return v.good && written ? STATUS_KEPT : STATUS_BROKEN;
}

static int run_all(session *s)
{
    const conductor_opts opts = {
        .plan = &s->plan,
        .ws = &s->ws,
        .api = s->has_api ? &s->api : NULL,
        .api_key = s->options.api_key,
        .subject = &s->subject,
        .helpers = s->options.helpers,
        .quiet = s->options.quiet,
    };
    int status = STATUS_BROKEN;

    s->subject = (subject){
        .command = s->options.server_cmd,
        .restart = s->options.restart_cmd,
        .ws = &s->ws,
        .api = s->has_api && s->plan.protocol == PROTOCOL_CENTRIFUGO ? &s->api : NULL,
        .api_key = s->options.api_key,
        .pid = (pid_t)s->options.server_pid,
    };
    s->run.plan = &s->plan;
    s->run.url = s->options.url;
    if ((s->subject.command == NULL || subject_start(&s->subject, &s->errors)) &&
        conductor_run(&opts, &s->run, &s->errors))
        status = report(s);
    else
        (void)complain(s);
    subject_stop(&s->subject);
    conductor_free_run(&s->run);
    return status;
}

static int with_options(session *s, int argc, char **argv)
{
    if (!options_parse(&s->options, &s->plan, argc, argv, &s->errors))
        return complain(s);
    if (s->options.help || s->options.version)
        return print_help(s);
    if (s->options.list_phases)
        return print_phases(&s->plan);
    if (!find_targets(s))
        return complain(s);
    return run_all(s);
}

int main(int argc, char **argv)
{
    session *s = calloc(1, sizeof *s);
    int status = STATUS_USAGE;

    if (s == NULL || !plan_init(&s->plan)) {
        (void)fputs("gracecast-churn: out of memory\n", stderr);
        free(s);
        return STATUS_BROKEN;
    }
    if (argc < 2) {
        s->options.help = true;
        (void)print_help(s);
    } else {
        status = with_options(s, argc, argv);
    }
    plan_fini(&s->plan);
    buf_fini(&s->errors);
    free(s);
    return status;
}
