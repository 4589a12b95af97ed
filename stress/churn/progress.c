/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    BAR_WIDTH = 30,
    PLAIN_EVERY_S = 5,
};

void progress_init(progress *p, bool quiet)
{
    *p = (progress){.terminal = isatty(STDERR_FILENO) == 1, .quiet = quiet};
}

/* How far the phase has come, 0..1; negative: nobody knows. */
static double fraction(const run *r, const tally *total, double at_s)
{
    const run_phase *phase = &r->phases[r->phase_count - 1];
    double share = -1;

    if (phase->plan->for_ms > 0)
        share = (at_s - phase->from_s) * 1000 / phase->plan->for_ms;
    else if (phase->plan->has[ACT_RAMP] && phase->plan->ramp.connections > 0)
        share = (double)counter_get(&total->steady) / phase->plan->ramp.connections;
    return share > 1 ? 1 : share;
}

static void draw_bar(double share)
{
    (void)fputs("  [", stderr);
    for (int i = 0; i < BAR_WIDTH; i++)
        (void)fputc(share * BAR_WIDTH > i ? '=' : ' ', stderr);
    if (share < 0)
        (void)fputs("]  ...", stderr);
    else
        (void)fprintf(stderr, "] %3.0f %%", share * 100);
}

static void clear_display(progress *p)
{
    if (p->lines > 0)
        (void)fprintf(stderr, "\033[%dA\033[J", p->lines);
    p->lines = 0;
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static void draw(progress *p, const run *r, const tally *t, double at_s)
{
    const run_sample *s = &r->samples[r->sample_count - 1];

    clear_display(p);
    (void)fprintf(stderr, "%s, phase %zu of %zu: %s\n", r->plan->name, r->phase_count,
                  r->plan->phase_count, r->phases[r->phase_count - 1].plan->name);
    draw_bar(fraction(r, t, at_s));
    (void)fprintf(stderr, "  %.0f s\n", at_s);
    (void)fprintf(stderr, "  connections %8llu   steady %8llu   new   %8.0f/s\n",
                  (unsigned long long)s->open, (unsigned long long)s->steady, s->connects_per_s);
    (void)fprintf(stderr, "  arrived %12llu   %8.0f/s   p50 %8.2f ms   p99 %8.2f ms\n",
                  (unsigned long long)counter_get(&t->deliveries), s->deliveries_per_s,
                  ms(s->p50_ns), ms(s->p99_ns));
    (void)fprintf(
        stderr,
        "  lost %llu   duplicated %llu   reordered %llu   stray %llu   "
        "closes %llu   failures %llu   retries %llu\n",
        (unsigned long long)counter_get(&t->lost), (unsigned long long)counter_get(&t->duplicated),
        (unsigned long long)counter_get(&t->reordered), (unsigned long long)counter_get(&t->stray),
        (unsigned long long)counter_get(&t->closes), (unsigned long long)counter_get(&t->failures),
        (unsigned long long)counter_get(&t->retries));
    (void)fprintf(stderr, "  tool %3.0f %% of a core%s", s->tool_cpu * 100,
                  s->tool_cpu >= 0.9 ? " (it is the bottleneck)" : "");
    if (s->server_rss > 0)
        (void)fprintf(stderr, "   server %3.0f %% CPU, %.1f MiB", s->server_cpu * 100,
                      (double)s->server_rss / 1048576);
    (void)fputs("\n", stderr);
    p->lines = 6;
}

static void print_line(progress *p, const run *r, const tally *t, double at_s)
{
    const run_sample *s = &r->samples[r->sample_count - 1];

    p->printed_at_s = at_s;
    (void)fprintf(stderr,
                  "%6.0f s  %-16s open %llu steady %llu new %.0f/s arrived %.0f/s p99 %.2f ms "
                  "troubles %llu tool %.0f %%\n",
                  at_s, r->phases[r->phase_count - 1].plan->name, (unsigned long long)s->open,
                  (unsigned long long)s->steady, s->connects_per_s, s->deliveries_per_s,
                  ms(s->p99_ns), (unsigned long long)s->troubles, s->tool_cpu * 100);
    (void)t;
}

void progress_phase(progress *p, const run *r, double at_s)
{
    const plan_phase *phase = r->phases[r->phase_count - 1].plan;

    if (p->quiet || p->terminal)
        return;
    (void)fprintf(stderr, "%6.0f s  %s begins", at_s, phase->name);
    if (phase->for_ms > 0)
        (void)fprintf(stderr, ", %.1f s", phase->for_ms / 1000.0);
    (void)fputs("\n", stderr);
}

void progress_show(progress *p, const run *r, const tally *total, double at_s)
{
    if (p->quiet)
        return;
    if (p->terminal)
        draw(p, r, total, at_s);
    else if (at_s - p->printed_at_s >= PLAIN_EVERY_S)
        print_line(p, r, total, at_s);
}

void progress_say(progress *p, const char *text)
{
    clear_display(p);
    (void)fprintf(stderr, "%s\n", text);
}

void progress_end(progress *p)
{
    clear_display(p);
}
