/* SPDX-License-Identifier: MIT */
/*
 * Samples, kept for a second so that rates can be averages over one, and the payloads made of them.
 * All arithmetic is on unsigned integers: nothing can become negative or not-a-number.
 */
#include "demo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "proc.h"

enum {
    WINDOW_MS = 1000,
    SAMPLES = 16, /* a window at 10 Hz, and some to spare */
};

typedef struct sample {
    uint64_t at_ms;
    proc_reading proc;
    demo_server_figures server;
} sample;

struct demo_sampler {
    int proc_fd;
    size_t count;            /* samples taken; the last is at (count - 1) % SAMPLES */
    const sample *now;       /* the last sample */
    const sample *then;      /* the one to compare it with; NULL: there is none */
    sample samples[SAMPLES]; /* a ring */
    char scratch[PROC_FILE_MAX];
};

static const sample *sample_back(const demo_sampler *s, size_t steps)
{
    return &s->samples[(s->count - 1 - steps) % SAMPLES];
}

/* The oldest sample of the last second, or the one before this when it is older than that. */
static const sample *find_base(const demo_sampler *s)
{
    size_t available = s->count < SAMPLES ? s->count : SAMPLES;
    const sample *base = NULL;

    for (size_t steps = 1; steps < available; steps++) {
        const sample *older = sample_back(s, steps);
        const sample *newer = sample_back(s, steps - 1);
        bool clock_went_back = older->at_ms >= newer->at_ms;

        if (clock_went_back || (base != NULL && s->now->at_ms - older->at_ms > WINDOW_MS))
            break;
        base = older;
    }
    return base;
}

static uint64_t per_second(const demo_sampler *s, uint64_t then, uint64_t now)
{
    if (s->then == NULL || now < then || now - then > UINT64_MAX / 1000)
        return 0;
    return (now - then) * 1000 / (s->now->at_ms - s->then->at_ms);
}

static uint64_t counter_rate(const demo_sampler *s, const proc_counter *then,
                             const proc_counter *now)
{
    return then->known && now->known ? per_second(s, then->value, now->value) : 0;
}

/* Tenths of a percent. */
static unsigned busy_tenths(const proc_cpu *then, const proc_cpu *now)
{
    if (then->total == 0 || now->total <= then->total || now->busy < then->busy)
        return 0;

    uint64_t total = now->total - then->total;
    uint64_t busy = now->busy - then->busy;

    if (busy >= total) /* idle time went back, as the time spent waiting for a disk may */
        return 1000;
    return total > UINT64_MAX / 1000 ? 0 : (unsigned)(busy * 1000 / total);
}

static void append_percent(buf *out, const proc_cpu *then, const proc_cpu *now)
{
    unsigned tenths = busy_tenths(then, now);

    buf_append_u64(out, tenths / 10);
    buf_append_char(out, '.');
    buf_append_u64(out, tenths % 10);
}

static void append_hundredths(buf *out, uint64_t hundredths)
{
    buf_append_u64(out, hundredths / 100);
    buf_append_char(out, '.');
    buf_append_u64(out, hundredths / 10 % 10);
    buf_append_u64(out, hundredths % 10);
}

/* {"t":...; the fields follow, each with a comma before it */
static void open_object(const demo_sampler *s, buf *out)
{
    buf_append_lit(out, "{\"t\":");
    buf_append_u64(out, s->now->at_ms);
}

static void append_key(buf *out, const char *key)
{
    buf_append_lit(out, ",\"");
    buf_append_view(out, view_of(key));
    buf_append_lit(out, "\":");
}

static void append_field(buf *out, const char *key, uint64_t number)
{
    append_key(out, key);
    buf_append_u64(out, number);
}

static void write_cpu(const demo_sampler *s, buf *out)
{
    const proc_reading *now = &s->now->proc;
    const proc_reading *then = s->then == NULL ? now : &s->then->proc; /* itself: 0 % */

    open_object(s, out);
    append_key(out, "cores");
    for (unsigned i = 0; i < now->core_count; i++) {
        buf_append_char(out, i == 0 ? '[' : ',');
        append_percent(out, &then->cores[i], &now->cores[i]);
    }
    buf_append_view(out, now->core_count == 0 ? VIEW_LIT("[]") : VIEW_LIT("]"));
    append_key(out, "total");
    append_percent(out, &then->cpu, &now->cpu);
    buf_append_char(out, '}');
}

static void write_memory(const demo_sampler *s, buf *out)
{
    const proc_reading *now = &s->now->proc;
    uint64_t available = now->memory_available;
    uint64_t total = now->memory_total;

    open_object(s, out);
    append_field(out, "used", total > available ? total - available : 0);
    append_field(out, "available", available);
    append_field(out, "total", total);
    append_field(out, "swap_used", now->swap_used);
    buf_append_char(out, '}');
}

static void write_load(const demo_sampler *s, buf *out)
{
    static const char *const keys[] = {"load1", "load5", "load15"};

    open_object(s, out);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        append_key(out, keys[i]);
        append_hundredths(out, s->now->proc.load_hundredths[i]);
    }
    append_field(out, "tasks", s->now->proc.tasks);
    buf_append_char(out, '}');
}

static void write_network(const demo_sampler *s, buf *out)
{
    const proc_reading *now = &s->now->proc;
    const proc_reading *then = s->then == NULL ? now : &s->then->proc;

    open_object(s, out);
    append_field(out, "rx", counter_rate(s, &then->net_rx, &now->net_rx));
    append_field(out, "tx", counter_rate(s, &then->net_tx, &now->net_tx));
    buf_append_char(out, '}');
}

static void write_disk(const demo_sampler *s, buf *out)
{
    const proc_reading *now = &s->now->proc;
    const proc_reading *then = s->then == NULL ? now : &s->then->proc;

    open_object(s, out);
    append_field(out, "read", counter_rate(s, &then->disk_read, &now->disk_read));
    append_field(out, "write", counter_rate(s, &then->disk_write, &now->disk_write));
    buf_append_char(out, '}');
}

static void write_server(const demo_sampler *s, buf *out)
{
    const demo_server_figures *now = &s->now->server;
    const demo_server_figures *then = s->then == NULL ? now : &s->then->server;

    open_object(s, out);
    append_field(out, "connections", now->connections);
    append_field(out, "subscriptions", now->subscriptions);
    append_field(out, "deliveries", per_second(s, then->deliveries, now->deliveries));
    append_field(out, "publications", per_second(s, then->publications, now->publications));
    append_field(out, "bytes", per_second(s, then->bytes, now->bytes));
    append_field(out, "loop_lag_us", now->loop_lag_us);
    buf_append_char(out, '}');
}

const demo_channel demo_channels[DEMO_CHANNEL_COUNT] = {
    {VIEW_LIT("demo:cpu"), write_cpu},   {VIEW_LIT("demo:memory"), write_memory},
    {VIEW_LIT("demo:load"), write_load}, {VIEW_LIT("demo:network"), write_network},
    {VIEW_LIT("demo:disk"), write_disk}, {VIEW_LIT("demo:server"), write_server},
};

demo_sampler *demo_sampler_new(const char *proc_root)
{
    demo_sampler *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->proc_fd = open(proc_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    s->now = &s->samples[0]; /* zeros, should a payload be asked for before the first sample */
    return s;
}

void demo_sampler_free(demo_sampler *s)
{
    if (s == NULL)
        return;
    if (s->proc_fd >= 0)
        (void)close(s->proc_fd); /* a path descriptor: nothing to lose */
    free(s);
}

void demo_sample(demo_sampler *s, uint64_t now_ms, const demo_server_figures *server)
{
    sample *next = &s->samples[s->count++ % SAMPLES];

    next->at_ms = now_ms;
    next->server = *server;
    proc_read(s->proc_fd, s->scratch, &next->proc);
    s->now = next;
    s->then = find_base(s);
}
