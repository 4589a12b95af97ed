/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>

#include "json.h"
#include "run.h"

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static double mib(uint64_t bytes)
{
    return (double)bytes / 1048576;
}

static const char *close_code_text(uint64_t code)
{
    if (code == TALLY_CLOSE_TCP)
        return "without a close frame";
    return code == TALLY_CLOSE_RESET ? "by a TCP reset" : "";
}

/* --- for people */

static void text_latency(buf *out, const char *name, const hist *h)
{
    if (counter_get(&h->count) == 0)
        return;
    buf_printf(out, "  %-10s %10" PRIu64 "  %9.2f %9.2f %9.2f %9.2f %9.2f\n", name,
               counter_get(&h->count), ms(hist_percentile(h, 50)), ms(hist_percentile(h, 90)),
               ms(hist_percentile(h, 99)), ms(hist_percentile(h, 99.9)),
               ms(counter_get(&h->max_ns)));
}

static void text_latencies(buf *out, const tally *t)
{
    buf_printf(out, "\n%-12s %10s  %9s %9s %9s %9s %9s\n", "Latency, ms", "count", "p50", "p90",
               "p99", "p99.9", "max");
    text_latency(out, "connect", &t->connect);
    text_latency(out, "subscribe", &t->subscribe);
    text_latency(out, "publish", &t->publish);
    text_latency(out, "delivery", &t->delivery);
    text_latency(out, "(tool late)", &t->lateness);
}

static void text_phase(buf *out, const run_phase *p, uint64_t rss_before)
{
    double took = p->took_s > 0 ? p->took_s : 1;

    buf_printf(out, "  %-20s %7.1f %8" PRIu64 " %9.0f %10.0f %9.2f %9.2f %6.0f", p->plan->name,
               p->took_s, p->open, (double)p->connects / took, (double)p->deliveries / took,
               ms(p->p50_ns), ms(p->p99_ns), p->tool_cpu * 100);
    if (p->server_rss > 0) {
        buf_printf(out, " %8.0f", (double)p->server_cpu_ns / took / 1e7);
        if (p->deliveries > 0)
            buf_printf(out, " %8.2f", (double)p->server_cpu_ns / 1e3 / (double)p->deliveries);
        else
            buf_printf(out, " %8s", "-");
        buf_printf(out, " %8.1f", mib(p->server_rss));
        if (p->open > 0 && p->server_rss > rss_before)
            buf_printf(out, " %8.0f", (double)(p->server_rss - rss_before) / (double)p->open);
    }
    buf_printf(out, "%s\n", p->cut_short ? "  (cut short)" : "");
}

static void text_phases(buf *out, const run *r)
{
    bool server = r->rss_before > 0;

    buf_printf(out, "\n%-22s %7s %8s %9s %10s %9s %9s %6s", "Phase", "s", "open", "connects",
               "arrived", "p50", "p99", "tool");
    if (server)
        buf_printf(out, " %8s %8s %8s %8s", "server", "us per", "server", "bytes a");
    buf_printf(out, "\n%-22s %7s %8s %9s %10s %9s %9s %6s", "", "", "", "/s", "/s", "ms", "ms",
               "CPU %");
    if (server)
        buf_printf(out, " %8s %8s %8s %8s", "CPU %", "delivery", "MiB", "conn.");
    buf_append_char(out, '\n');
    for (size_t i = 0; i < r->phase_count; i++)
        text_phase(out, &r->phases[i], r->rss_before);
}

static void text_counters(buf *out, const tally *t)
{
    buf_append_lit(out, "\nCounted\n");
#define X(name, text)               \
    if (counter_get(&t->name) != 0) \
        buf_printf(out, "  %12" PRIu64 "  %s\n", counter_get(&t->name), text);
    TALLY_COUNTER_MAP(X)
#undef X
}

static void text_codes(buf *out, const char *title, const tally_codes *codes)
{
    if (counter_get(&codes->rows[0].count) == 0)
        return;
    buf_printf(out, "\n%s\n", title);
    for (int i = 0; i < TALLY_CODES; i++) {
        uint64_t code = counter_get(&codes->rows[i].code);

        if (counter_get(&codes->rows[i].count) == 0)
            continue;
        buf_printf(out, "  %12" PRIu64 "  ", counter_get(&codes->rows[i].count));
        if (close_code_text(code)[0] != '\0')
            buf_printf(out, "%s\n", close_code_text(code));
        else
            buf_printf(out, "code %" PRIu64 "\n", code);
    }
}

static void text_causes(buf *out, const tally *t)
{
    bool any = false;

    for (int i = 0; i < CAUSE_COUNT; i++) {
        if (counter_get(&t->causes[i]) == 0)
            continue;
        if (!any)
            buf_append_lit(out, "\nWhat did not come about, by cause\n");
        any = true;
        buf_printf(out, "  %12" PRIu64 "  %s\n", counter_get(&t->causes[i]),
                   tally_cause_text((tally_cause)i));
    }
    text_codes(out, "Ends of connections, by close code", &t->close_codes);
    text_codes(out, "Refusals, by HTTP status", &t->status_codes);
    text_codes(out, "Refusals, by error code of the protocol", &t->error_codes);
}

static void text_gates(buf *out, const verdict *v)
{
    buf_append_lit(out, "\nPromises\n");
    for (int i = 0; i < GATE_COUNT; i++) {
        if (!v->judged[i])
            continue;
        buf_printf(out, "  %-7s %-18s %12.6g", v->passed[i] ? "kept" : "BROKEN",
                   plan_gate_name((plan_gate)i), v->limit[i]);
        if (isnan(v->value[i]))
            buf_append_lit(out, "  nothing was measured");
        else
            buf_printf(out, "  measured %.6g", v->value[i]);
        buf_printf(out, "  (%s)\n", plan_gate_text((plan_gate)i));
    }
}

static void text_remarks(buf *out, const run *r)
{
    const tally *t = r->total;

    if (r->interrupted)
        buf_append_lit(out, "\nThe run was ended early; what is above holds for what was done.\n");
    if (r->broken)
        buf_append_lit(out, "\nThe run could not go on; see the messages above.\n");
    if (r->busy_seconds > 0)
        buf_printf(out,
                   "\nIn %u s a process of this tool used 90 %% of a core or more: it was the "
                   "bottleneck\nthere, and latencies are partly its own. --helpers spreads it over "
                   "more cores.\n",
                   r->busy_seconds);
    if (hist_percentile(&t->lateness, 99) > 100000000)
        buf_append_lit(out, "\nThe tool itself was late by over 100 ms in 1 % of its actions: this "
                            "machine is too busy\nfor the rates asked for.\n");
    if (counter_get(&t->skipped) > 0)
        buf_printf(out,
                   "\n%" PRIu64 " connections were not attempted: all places were taken by "
                   "earlier ones, because\nthe server answers too slowly for the rate.\n",
                   counter_get(&t->skipped));
}

void report_text(buf *out, const run *r, const verdict *v)
{
    buf_printf(out, "%s against %s: %.1f s, %u helper%s\n", r->plan->name, r->url, r->took_s,
               r->helpers, r->helpers == 1 ? "" : "s");
    text_phases(out, r);
    text_latencies(out, r->total);
    text_counters(out, r->total);
    text_causes(out, r->total);
    text_remarks(out, r);
    text_gates(out, v);
    buf_printf(out, "\n%s\n", v->good ? "PASSED" : "FAILED");
}

/* --- for machines */

static void json_name(buf *out, const char *name)
{
    json_write_string(out, view_of(name));
    buf_append_char(out, ':');
}

static void json_text(buf *out, const char *name, const char *text)
{
    json_name(out, name);
    json_write_string(out, view_of(text));
}

/* JSON has no NAN. */
static void json_number(buf *out, const char *name, double number)
{
    json_name(out, name);
    if (isfinite(number))
        buf_printf(out, "%.10g", number);
    else
        buf_append_lit(out, "null");
}

static void json_latency(buf *out, const char *name, const hist *h)
{
    json_name(out, name);
    buf_printf(out,
               "{\"count\":%" PRIu64 ",\"mean\":%.4f,\"p50\":%.4f,\"p90\":%.4f,\"p99\":%.4f,"
               "\"p999\":%.4f,\"p9999\":%.4f,\"max\":%.4f}",
               counter_get(&h->count), hist_mean_ns(h) / 1e6, ms(hist_percentile(h, 50)),
               ms(hist_percentile(h, 90)), ms(hist_percentile(h, 99)), ms(hist_percentile(h, 99.9)),
               ms(hist_percentile(h, 99.99)), ms(counter_get(&h->max_ns)));
}

static void json_latencies(buf *out, const tally *t)
{
    buf_append_lit(out, ",\n\"latency_ms\":{");
    json_latency(out, "connect", &t->connect);
    buf_append_lit(out, ",\n  ");
    json_latency(out, "subscribe", &t->subscribe);
    buf_append_lit(out, ",\n  ");
    json_latency(out, "publish", &t->publish);
    buf_append_lit(out, ",\n  ");
    json_latency(out, "delivery", &t->delivery);
    buf_append_lit(out, ",\n  ");
    json_latency(out, "tool_lateness", &t->lateness);
    buf_append_char(out, '}');
}

static void json_counters(buf *out, const tally *t)
{
    const char *comma = "";

    buf_append_lit(out, ",\n\"counters\":{");
#define X(name, text)                                                          \
    buf_printf(out, "%s\"%s\":%" PRIu64, comma, #name, counter_get(&t->name)); \
    comma = ",";
    TALLY_COUNTER_MAP(X)
#undef X
    buf_append_char(out, '}');
}

static void json_causes(buf *out, const tally *t)
{
    static const char *const names[CAUSE_COUNT] = {
#define X(id, text) #id,
        TALLY_CAUSE_MAP(X)
#undef X
    };
    const char *comma = "";

    buf_append_lit(out, ",\n\"causes\":{");
    for (int i = 0; i < CAUSE_COUNT; i++) {
        if (counter_get(&t->causes[i]) == 0)
            continue;
        buf_printf(out, "%s\"%s\":%" PRIu64, comma, names[i], counter_get(&t->causes[i]));
        comma = ",";
    }
    buf_append_char(out, '}');
}

static void json_codes(buf *out, const char *name, const tally_codes *codes)
{
    const char *comma = "";

    buf_append_lit(out, ",\n");
    json_name(out, name);
    buf_append_char(out, '{');
    for (int i = 0; i < TALLY_CODES; i++) {
        if (counter_get(&codes->rows[i].count) == 0)
            continue;
        buf_printf(out, "%s\"%" PRIu64 "\":%" PRIu64, comma, counter_get(&codes->rows[i].code),
                   counter_get(&codes->rows[i].count));
        comma = ",";
    }
    buf_append_char(out, '}');
}

static void json_gates(buf *out, const verdict *v)
{
    const char *comma = "";

    buf_append_lit(out, ",\n\"gates\":{");
    for (int i = 0; i < GATE_COUNT; i++) {
        if (!v->judged[i])
            continue;
        buf_append(out, comma, strlen(comma));
        json_name(out, plan_gate_name((plan_gate)i));
        buf_append_char(out, '{');
        json_number(out, "limit", v->limit[i]);
        buf_append_char(out, ',');
        json_number(out, "value", v->value[i]);
        buf_printf(out, ",\"passed\":%s}", v->passed[i] ? "true" : "false");
        comma = ",";
    }
    buf_append_char(out, '}');
}

static void json_phase(buf *out, const run *r, const run_phase *p)
{
    buf_append_char(out, '{');
    json_text(out, "name", p->plan->name);
    buf_printf(out,
               ",\"from_s\":%.3f,\"took_s\":%.3f,\"cut_short\":%s,\"open\":%" PRIu64
               ",\"steady\":%" PRIu64 ",\"attempts\":%" PRIu64 ",\"connects\":%" PRIu64
               ",\"published\":%" PRIu64 ",\"deliveries\":%" PRIu64,
               p->from_s, p->took_s, p->cut_short ? "true" : "false", p->open, p->steady,
               p->attempts, p->connects, p->published, p->deliveries);
    buf_printf(out,
               ",\"connect_p99_ms\":%.4f,\"delivery_ms\":{\"p50\":%.4f,\"p99\":%.4f,\"p999\":%.4f,"
               "\"max\":%.4f},\"tool_cpu\":%.3f",
               ms(p->connect_p99_ns), ms(p->p50_ns), ms(p->p99_ns), ms(p->p999_ns), ms(p->max_ns),
               p->tool_cpu);
    if (r->rss_before > 0)
        buf_printf(out, ",\"server_cpu_s\":%.6f,\"server_rss\":%" PRIu64,
                   (double)p->server_cpu_ns / 1e9, p->server_rss);
    buf_append_char(out, '}');
}

static void json_phases(buf *out, const run *r)
{
    buf_append_lit(out, ",\n\"phases\":[");
    for (size_t i = 0; i < r->phase_count; i++) {
        buf_append(out, ",\n", i == 0 ? 0 : 2);
        json_phase(out, r, &r->phases[i]);
    }
    buf_append_char(out, ']');
}

static void json_samples(buf *out, const run *r)
{
    buf_append_lit(out, ",\n\"samples\":[");
    for (size_t i = 0; i < r->sample_count; i++) {
        const run_sample *s = &r->samples[i];

        buf_printf(out,
                   "%s{\"at_s\":%.3f,\"phase\":%zu,\"open\":%" PRIu64 ",\"steady\":%" PRIu64
                   ",\"connects_per_s\":%.1f,\"deliveries_per_s\":%.1f,\"p50_ms\":%.4f,"
                   "\"p99_ms\":%.4f,\"tool_cpu\":%.3f,\"server_cpu\":%.3f,\"server_rss\":%" PRIu64
                   ",\"troubles\":%" PRIu64 "}",
                   i == 0 ? "" : ",\n", s->at_s, s->phase, s->open, s->steady, s->connects_per_s,
                   s->deliveries_per_s, ms(s->p50_ns), ms(s->p99_ns), s->tool_cpu, s->server_cpu,
                   s->server_rss, s->troubles);
    }
    buf_append_char(out, ']');
}

void report_json(buf *out, const run *r, const verdict *v)
{
    buf_append_lit(out, "{\"format\":1,\"tool\":\"gracecast-churn " GRACECAST_VERSION "\",\n");
    json_text(out, "scenario", r->plan->name);
    buf_append_char(out, ',');
    json_text(out, "url", r->url);
    buf_printf(out,
               ",\"began_ms\":%" PRIu64 ",\"took_s\":%.3f,\"helpers\":%u,\"passed\":%s,"
               "\"interrupted\":%s,\"tool_busy_s\":%u,\"rss_before\":%" PRIu64,
               r->began_wall_ms, r->took_s, r->helpers, v->good ? "true" : "false",
               r->interrupted ? "true" : "false", r->busy_seconds, r->rss_before);
    buf_append_char(out, ',');
    json_number(out, "left_behind", r->left_known ? (double)r->left_behind : NAN);
    json_gates(out, v);
    json_counters(out, r->total);
    json_latencies(out, r->total);
    json_causes(out, r->total);
    json_codes(out, "close_codes", &r->total->close_codes);
    json_codes(out, "status_codes", &r->total->status_codes);
    json_codes(out, "error_codes", &r->total->error_codes);
    json_phases(out, r);
    json_samples(out, r);
    buf_append_lit(out, "}\n");
}
