/* SPDX-License-Identifier: MIT */
#include "conductor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "helper.h"
#include "progress.h"

enum {
    TURN_MS = 20,
    SAMPLE_MS = 1000,
    SHORT_SAMPLE_MS = 200, /* the last one of a phase may be as short as this */
    BUSY_PERCENT = 90,
    LAST_GRACE_MS = 5000, /* for helpers to go home */
};

typedef struct conductor {
    const conductor_opts *opts;
    const plan *plan;
    run *run;
    shared *shared;
    progress progress;
    pid_t pids[SHARED_MAX_HELPERS];
    uint32_t helpers;
    uint64_t began_ns;
    uint64_t sampled_ns;
    uint64_t phase_ns;
    tally *now;                                 /* scratch: the sum of all helpers */
    tally *last;                                /* the sum at the last sample */
    tally *at_phase;                            /* the sum when the phase began */
    uint64_t helper_cpu_ns[SHARED_MAX_HELPERS]; /* at the last sample */
    uint64_t server_cpu_ns;                     /* the same of the server */
    uint64_t phase_server_cpu_ns;
    subject_info before; /* clients that others have at the server */
    bool before_known;
    uint64_t restarts;
} conductor;

static volatile sig_atomic_t interrupts;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupts = interrupts + 1;
}

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static void pause_turn(void)
{
    const struct timespec time = {.tv_nsec = TURN_MS * 1000000L};

    (void)nanosleep(&time, NULL);
}

static void sum_up(const conductor *c, tally *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < c->helpers; i++)
        tally_add(out, &c->shared->tallies[i]);
}

static uint64_t troubles_of(const tally *t)
{
    return counter_get(&t->lost) + counter_get(&t->duplicated) + counter_get(&t->reordered) +
           counter_get(&t->stray) + counter_get(&t->closes) + counter_get(&t->unsubscribed) +
           counter_get(&t->failures) + counter_get(&t->unpublished) + counter_get(&t->strange) +
           counter_get(&t->not_back) + counter_get(&t->unanswered_closes);
}

/* --- helpers */

static bool fork_helper(conductor *c, uint32_t index, uint32_t capacity)
{
    const helper_opts opts = {
        .plan = c->plan,
        .ws = c->opts->ws,
        .api = c->opts->api,
        .api_key = c->opts->api_key,
        .shared = c->shared,
        .index = index,
        .count = c->helpers,
        .capacity = capacity,
    };
    pid_t pid = fork();

    if (pid == 0) {
        (void)signal(SIGINT, SIG_IGN); /* the conductor tells us */
        (void)signal(SIGTERM, SIG_IGN);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(helper_run(&opts) ? 0 : 1);
    }
    c->pids[index] = pid;
    return pid > 0;
}

/* As many as the limit of descriptors needs; 0 with a message if that is not possible. */
static uint32_t helpers_needed(const conductor_opts *opts, uint32_t peak, buf *errors)
{
    struct rlimit limit = {0};
    uint64_t room = 0;
    uint64_t needed = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* what it does not give we do without */
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    room = limit.rlim_cur > (uint64_t)HELPER_SPARE_FDS * 2 ? limit.rlim_cur - HELPER_SPARE_FDS
                                                           : HELPER_SPARE_FDS;
    needed = (peak + room - 1) / room;
    if (opts->helpers > needed)
        needed = opts->helpers;
    if (needed > SHARED_MAX_HELPERS) {
        buf_printf(errors, "%u connections need more than %d helpers with %llu descriptors each\n",
                   peak, SHARED_MAX_HELPERS, (unsigned long long)limit.rlim_cur);
        return 0;
    }
    return needed == 0 ? 1 : (uint32_t)needed;
}

static bool fork_helpers(conductor *c, buf *errors)
{
    uint32_t peak = plan_peak(c->plan) + c->plan->publishers;
    uint32_t capacity = 0;

    c->helpers = helpers_needed(c->opts, peak, errors);
    if (c->helpers == 0)
        return false;
    capacity = peak / c->helpers + c->plan->publishers + 1;
    c->run->helpers = c->helpers;
    for (uint32_t i = 0; i < c->helpers; i++) {
        if (!fork_helper(c, i, capacity)) {
            buf_printf(errors, "cannot start a helper: %s\n", strerror(errno));
            c->helpers = i;
            return false;
        }
    }
    return true;
}

/* false: one of them is gone that should be there. */
static bool helpers_alive(conductor *c)
{
    for (uint32_t i = 0; i < c->helpers; i++) {
        if (c->pids[i] > 0 && waitpid(c->pids[i], NULL, WNOHANG) == c->pids[i]) {
            c->pids[i] = 0;
            return false;
        }
    }
    return true;
}

static void send_home(conductor *c)
{
    uint64_t until = clock_mono_ms() + LAST_GRACE_MS;

    counter_announce(&c->shared->phase, UINT64_MAX);
    for (uint32_t i = 0; i < c->helpers; i++) {
        int status = 0;

        while (c->pids[i] > 0 && waitpid(c->pids[i], &status, WNOHANG) == 0) {
            if (clock_mono_ms() > until)
                (void)kill(c->pids[i], SIGKILL);
            pause_turn();
        }
        if (c->pids[i] > 0 && status != 0)
            c->run->broken = true;
        c->pids[i] = 0;
    }
}

/* Whether all helpers have come as far as the given phase. */
static bool all_past(const conductor *c, const counter *steps, uint64_t phase)
{
    for (uint32_t i = 0; i < c->helpers; i++) {
        if (counter_observe(&steps[i]) < phase + 1)
            return false;
    }
    return true;
}

/* --- books */

/* The highest share of a core that a helper used since the last sample. */
static double busiest(conductor *c, double took_s)
{
    double highest = 0;

    for (uint32_t i = 0; i < c->helpers; i++) {
        uint64_t cpu = counter_get(&c->shared->tallies[i].cpu_ns);
        double share = seconds(cpu - c->helper_cpu_ns[i]) / took_s;

        c->helper_cpu_ns[i] = cpu;
        if (share > highest)
            highest = share;
    }
    return highest;
}

static double server_share(conductor *c, double took_s)
{
    uint64_t cpu = subject_cpu_ns(c->opts->subject);
    double share = cpu < c->server_cpu_ns ? 0 : seconds(cpu - c->server_cpu_ns) / took_s;

    c->server_cpu_ns = cpu;
    return share;
}

static bool room_for_sample(run *r)
{
    size_t cap = r->sample_cap == 0 ? 256 : 2 * r->sample_cap;
    run_sample *grown = NULL;

    if (r->sample_count < r->sample_cap)
        return true;
    grown = realloc(r->samples, cap * sizeof *grown);
    if (grown == NULL)
        return false;
    r->samples = grown;
    r->sample_cap = cap;
    return true;
}

/* c->now holds the sum of this moment. */
static void add_sample(conductor *c, uint64_t now_ns)
{
    run *r = c->run;
    run_phase *phase = &r->phases[r->phase_count - 1];
    double took_s = seconds(now_ns - c->sampled_ns);
    run_sample s = {
        .at_s = seconds(now_ns - c->began_ns),
        .phase = r->phase_count - 1,
        .open = counter_get(&c->now->open),
        .steady = counter_get(&c->now->steady),
        .connects_per_s =
            (double)(counter_get(&c->now->connects) - counter_get(&c->last->connects)) / took_s,
        .deliveries_per_s =
            (double)(counter_get(&c->now->deliveries) - counter_get(&c->last->deliveries)) / took_s,
        .server_rss = subject_rss(c->opts->subject),
        .server_cpu = server_share(c, took_s),
        .tool_cpu = busiest(c, took_s),
        .troubles = troubles_of(c->now),
    };
    hist *fresh = &c->last->delivery; /* becomes what came since the last sample */
    hist *before = malloc(sizeof *before);

    if (before == NULL || !room_for_sample(r)) {
        free(before);
        return;
    }
    memcpy((void *)before, (const void *)fresh, sizeof *before);
    memcpy((void *)fresh, (const void *)&c->now->delivery, sizeof *fresh);
    hist_subtract(fresh, before);
    free(before);
    s.p50_ns = hist_percentile(fresh, 50);
    s.p99_ns = hist_percentile(fresh, 99);
    r->samples[r->sample_count++] = s;
    if (s.tool_cpu > phase->tool_cpu)
        phase->tool_cpu = s.tool_cpu;
    if (s.tool_cpu * 100 >= BUSY_PERCENT)
        r->busy_seconds++;
    memcpy((void *)c->last, (const void *)c->now, sizeof *c->last);
    c->sampled_ns = now_ns;
}

/* A sample when the last one is `after_ms` old. */
static void watch(conductor *c, uint64_t after_ms)
{
    uint64_t now_ns = clock_mono_ns();

    if (now_ns - c->sampled_ns < after_ms * 1000000)
        return;
    sum_up(c, c->now);
    add_sample(c, now_ns);
    progress_show(&c->progress, c->run, c->now, seconds(now_ns - c->began_ns));
}

static void begin_books(conductor *c, size_t index)
{
    run_phase *phase = &c->run->phases[c->run->phase_count++];
    uint64_t now_ns = clock_mono_ns();

    *phase = (run_phase){.plan = &c->plan->phases[index], .from_s = seconds(now_ns - c->began_ns)};
    sum_up(c, c->at_phase);
    c->phase_ns = now_ns;
    c->phase_server_cpu_ns = subject_cpu_ns(c->opts->subject);
    progress_phase(&c->progress, c->run, phase->from_s);
}

static void end_books(conductor *c)
{
    run_phase *phase = &c->run->phases[c->run->phase_count - 1];
    uint64_t server_cpu_ns = subject_cpu_ns(c->opts->subject);
    tally *t = c->now;

    watch(c, SHORT_SAMPLE_MS);
    sum_up(c, t);
    tally_subtract(t, c->at_phase);
    phase->took_s = seconds(clock_mono_ns() - c->phase_ns);
    phase->attempts = counter_get(&t->attempts);
    phase->connects = counter_get(&t->connects);
    phase->deliveries = counter_get(&t->deliveries);
    phase->published = counter_get(&t->published);
    phase->open = counter_get(&t->open);
    phase->steady = counter_get(&t->steady);
    phase->server_rss = subject_rss(c->opts->subject);
    if (server_cpu_ns > c->phase_server_cpu_ns)
        phase->server_cpu_ns = server_cpu_ns - c->phase_server_cpu_ns;
    phase->connect_p99_ns = hist_percentile(&t->connect, 99);
    phase->p50_ns = hist_percentile(&t->delivery, 50);
    phase->p99_ns = hist_percentile(&t->delivery, 99);
    phase->p999_ns = hist_percentile(&t->delivery, 99.9);
    phase->max_ns = counter_get(&t->delivery.max_ns);
}

/* --- phases */

static void restart_server(conductor *c)
{
    buf errors = {0};

    progress_say(&c->progress, "restarting the server");
    if (!subject_restart(c->opts->subject, &errors)) {
        buf_append_char(&errors, '\0');
        progress_say(&c->progress, errors.data);
        c->run->broken = true;
        counter_announce(&c->shared->stop, 1);
    }
    buf_fini(&errors);
    c->restarts++;
    counter_announce(&c->shared->restarts, c->restarts);
}

static bool out_of_time(const conductor *c)
{
    return clock_mono_ns() - c->began_ns > (uint64_t)c->plan->max_time_s * 1000000000U;
}

/* Ends the phase where somebody or something asks for it. false: leave everything as it is. */
static bool obey(conductor *c)
{
    run *r = c->run;

    if (!helpers_alive(c)) {
        progress_say(&c->progress, "a helper has died");
        r->broken = true;
        return false;
    }
    if (interrupts > 1)
        return false;
    if ((interrupts == 1 || out_of_time(c)) && !r->interrupted) {
        progress_say(&c->progress, interrupts == 1
                                       ? "interrupted: ending cleanly (once more: at once)"
                                       : "the time of the run is over");
        r->interrupted = true;
        r->phases[r->phase_count - 1].cut_short = true;
        counter_announce(&c->shared->stop, 1);
    }
    return true;
}

/* Goes on watching until all helpers have taken a step. false: the run cannot go on. */
static bool await(conductor *c, const counter *steps, size_t index)
{
    while (!all_past(c, steps, index)) {
        pause_turn();
        watch(c, SAMPLE_MS);
        if (!obey(c))
            return false;
    }
    return true;
}

/* false: the run cannot go on. */
static bool do_phase(conductor *c, size_t index)
{
    const plan_phase *phase = &c->plan->phases[index];
    bool going = true;

    begin_books(c, index);
    counter_announce(&c->shared->stop, 0);
    counter_announce(&c->shared->phase, index);
    /* they must know why, before their connections break */
    going = await(c, c->shared->begun, index);
    if (going && phase->has[ACT_STORM] && phase->storm.restart)
        restart_server(c);
    going = going && await(c, c->shared->done, index);
    end_books(c);
    return going && !c->run->broken;
}

/* After an interrupt only what ends a run properly is still done. */
static bool to_be_done(const conductor *c, size_t index)
{
    const plan_phase *phase = &c->plan->phases[index];

    return !c->run->interrupted || phase->has[ACT_SETTLE] || phase->has[ACT_DRAIN];
}

/* Waits until the server has noticed that all our connections are gone. */
static void look_left_behind(conductor *c)
{
    uint64_t until = clock_mono_ms() + c->plan->settle_ms;
    subject_info after = {0};

    if (!c->before_known || c->run->phase_count == 0 ||
        !c->run->phases[c->run->phase_count - 1].plan->has[ACT_DRAIN])
        return;
    do {
        c->run->left_known = subject_ask(c->opts->subject, &after);
        c->run->left_behind =
            after.clients > c->before.clients ? after.clients - c->before.clients : 0;
        if (c->run->left_behind == 0)
            return;
        pause_turn();
    } while (clock_mono_ms() < until && interrupts < 2);
}

static void conduct(conductor *c)
{
    bool going = true;

    for (size_t i = 0; i < c->plan->phase_count && going; i++) {
        if (to_be_done(c, i))
            going = do_phase(c, i);
    }
    sum_up(c, c->now);
    send_home(c);
    memcpy((void *)c->run->total, (const void *)c->now, sizeof *c->now);
    if (going)
        look_left_behind(c);
    c->run->took_s = seconds(clock_mono_ns() - c->began_ns);
}

static void catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static bool prepare(conductor *c, buf *errors)
{
    c->shared = shared_new(c->plan->channels);
    c->run->total = calloc(1, sizeof(tally));
    c->now = calloc(1, sizeof(tally));
    c->last = calloc(1, sizeof(tally));
    c->at_phase = calloc(1, sizeof(tally));
    if (c->shared == NULL || c->run->total == NULL || c->now == NULL || c->last == NULL ||
        c->at_phase == NULL) {
        buf_append_lit(errors, "out of memory\n");
        return false;
    }
    catch_interrupts();
    progress_init(&c->progress, c->opts->quiet);
    c->before_known = subject_ask(c->opts->subject, &c->before);
    c->run->rss_before = subject_rss(c->opts->subject);
    c->run->began_wall_ms = clock_wall_ms();
    c->began_ns = c->sampled_ns = clock_mono_ns();
    c->server_cpu_ns = subject_cpu_ns(c->opts->subject);
    return true;
}

bool conductor_run(const conductor_opts *opts, run *r, buf *errors)
{
    conductor c = {.opts = opts, .plan = opts->plan, .run = r};
    bool good = prepare(&c, errors) && fork_helpers(&c, errors);

    if (good)
        conduct(&c);
    else if (c.helpers > 0)
        send_home(&c);
    progress_end(&c.progress);
    free(c.now);
    free(c.last);
    free(c.at_phase);
    return good;
}

void conductor_free_run(run *r)
{
    free(r->total);
    free(r->samples);
}
