/* SPDX-License-Identifier: MIT */
/* Files that are missing, broken or of another kind than expected. payload() checks every time that
 * it is JSON and that no number is negative. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "proc_fixture.h"

#define expect_payload(channel, text) cr_expect_str_eq(payload(channel), (text))

static const char *const files[] = {"stat", "meminfo", "loadavg", "net/dev", "diskstats"};

enum { FILE_COUNT = sizeof files / sizeof files[0] };

TestSuite(demo_hostile, .init = fixture_start, .fini = fixture_stop);

static void expect_nothing_known(uint64_t t)
{
    char expected[128];

    (void)snprintf(expected, sizeof expected, "{\"t\":%lu,\"cores\":[],\"total\":0.0}", t);
    expect_payload("demo:cpu", expected);
    (void)snprintf(expected, sizeof expected,
                   "{\"t\":%lu,\"used\":0,\"available\":0,\"total\":0,\"swap_used\":0}", t);
    expect_payload("demo:memory", expected);
    (void)snprintf(expected, sizeof expected,
                   "{\"t\":%lu,\"load1\":0.00,\"load5\":0.00,\"load15\":0.00,\"tasks\":0}", t);
    expect_payload("demo:load", expected);
    (void)snprintf(expected, sizeof expected, "{\"t\":%lu,\"rx\":0,\"tx\":0}", t);
    expect_payload("demo:network", expected);
    (void)snprintf(expected, sizeof expected, "{\"t\":%lu,\"read\":0,\"write\":0}", t);
    expect_payload("demo:disk", expected);
}

Test(demo_hostile, missing_files_are_figures_of_zero)
{
    sample_at(1000);
    sample_at(2000);

    expect_nothing_known(2000);
}

Test(demo_hostile, missing_directory_is_figures_of_zero)
{
    const demo_server_figures none = {0};
    demo_sampler *s = demo_sampler_new("/nowhere/at/all");
    buf out = {0};

    cr_assert_not_null(s);
    demo_sample(s, 1000, &none);
    demo_channels[0].write(s, &out);

    cr_expect(view_eq(buf_view(&out), VIEW_LIT("{\"t\":1000,\"cores\":[],\"total\":0.0}")));
    buf_fini(&out);
    demo_sampler_free(s);
}

Test(demo_hostile, file_that_was_away_makes_no_peak_when_it_is_back)
{
    sample_at(1000);
    put_normal_files();

    sample_at(1500);

    expect_payload("demo:network", "{\"t\":1500,\"rx\":0,\"tx\":0}");
    expect_payload("demo:disk", "{\"t\":1500,\"read\":0,\"write\":0}");
    expect_payload("demo:cpu", "{\"t\":1500,\"cores\":[0.0,0.0],\"total\":0.0}");
}

Test(demo_hostile, counter_that_starts_again_has_rate_zero)
{
    put_normal_files();
    sample_at(1000);
    put_file("stat", "cpu  1 0 1 8 0 0 0 0 0 0\ncpu0 1 0 1 8 0 0 0 0 0 0\n");
    put_file("net/dev", "eth0: 10 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n");
    put_file("diskstats", " 254 0 vda 1 0 1 5 2 0 2 6 0 7 8\n");

    sample_at(2000);

    expect_payload("demo:cpu", "{\"t\":2000,\"cores\":[0.0],\"total\":0.0}");
    expect_payload("demo:network", "{\"t\":2000,\"rx\":0,\"tx\":0}");
    expect_payload("demo:disk", "{\"t\":2000,\"read\":0,\"write\":0}");
}

Test(demo_hostile, counter_that_wraps_has_rate_zero)
{
    put_file("net/dev", "eth0: 18446744073709551615 0 0 0 0 0 0 0 0\n");
    sample_at(1000);
    put_file("net/dev", "eth0: 0 0 0 0 0 0 0 0 0\n");

    sample_at(1001); /* the difference, taken modulo 2^64, would be 1 */

    expect_payload("demo:network", "{\"t\":1001,\"rx\":0,\"tx\":0}");
}

Test(demo_hostile, clock_set_back_has_rates_again_from_the_next_sample_on)
{
    put_normal_files();
    sample_at(900000);
    put_file("net/dev", "eth0: 2000 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0\n");
    put_file("stat", "cpu 200 0 200 900 0 0 0 0\n");
    sample_at(1000);
    expect_payload("demo:cpu", "{\"t\":1000,\"cores\":[],\"total\":0.0}");
    expect_payload("demo:network", "{\"t\":1000,\"rx\":0,\"tx\":0}");
    put_file("net/dev", "eth0: 2100 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0\n");

    sample_at(1100);

    expect_payload("demo:network", "{\"t\":1100,\"rx\":1000,\"tx\":0}");
}

Test(demo_hostile, two_samples_of_one_moment_are_not_compared)
{
    put_normal_files();
    sample_at(1000);
    put_file("net/dev", "eth0: 2000 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0\n");

    sample_at(1000);

    expect_payload("demo:network", "{\"t\":1000,\"rx\":0,\"tx\":0}");
}

Test(demo_hostile, idle_time_that_goes_back_is_at_most_hundred_percent)
{
    put_file("stat", "cpu 100 0 0 100 50 0 0 0\n");
    sample_at(1000);
    put_file("stat", "cpu 200 0 0 100 40 0 0 0\n"); /* 100 busy ticks of 90 */

    sample_at(1100);

    expect_payload("demo:cpu", "{\"t\":1100,\"cores\":[],\"total\":100.0}");
}

Test(demo_hostile, memory_that_contradicts_itself_is_not_negative)
{
    put_file("meminfo", "MemTotal: 10 kB\nMemAvailable: 20 kB\nSwapTotal: 1 kB\nSwapFree: 2 kB\n");

    sample_at(1000);

    expect_payload("demo:memory",
                   "{\"t\":1000,\"used\":0,\"available\":20480,\"total\":10240,\"swap_used\":0}");
}

Test(demo_hostile, numbers_too_big_are_no_numbers)
{
    put_file("stat", "cpu 99999999999999999999 0 0 0 0\ncpu99999999999999999999 1 1 1 1\n"
                     "cpu256 1 1 1 1\ncpu-1 1 1 1 1\ncpux 1 1 1 1\n");
    put_file("meminfo",
             "MemTotal: 18446744073709551615 kB\nMemAvailable: 18446744073709551616 kB\n");
    put_file("loadavg", "99999999999999999999.00 4294967296.00 -1.00 1/99999999999999999999 1\n");
    put_file("net/dev", "eth0: 1 2 3 4 5 6 7 8 99999999999999999999\n");
    put_file("diskstats", "8 0 sda 1 2 3 4 5 6 99999999999999999999\n");

    sample_at(1000);
    sample_at(1100);

    expect_nothing_known(1100);
}

Test(demo_hostile, difference_too_big_for_a_rate_is_zero)
{
    put_file("net/dev", "eth0: 0 0 0 0 0 0 0 0 0\n");
    sample_at(1000);
    put_file("net/dev", "eth0: 18446744073709551615 0 0 0 0 0 0 0 18446744073709551615\n");

    sample_at(1001);

    expect_payload("demo:network", "{\"t\":1001,\"rx\":0,\"tx\":0}");
}

Test(demo_hostile, garbage_of_any_kind_is_survived)
{
    static char noise[100000];
    uint32_t state = 12345;

    for (unsigned round = 0; round < 50; round++) {
        static const char alphabet[] = "0123456789 \n:.cpulosda/-\t\0\xff";
        size_t len = 2000 * (size_t)round;

        for (size_t i = 0; i < len; i++) {
            state = state * 1664525U + 1013904223U;
            noise[i] = alphabet[(state >> 16) % sizeof alphabet];
        }
        for (size_t i = 0; i < FILE_COUNT; i++)
            put_bytes(files[i], noise, len);
        sample_at(1000 + 100 * round);
        for (size_t i = 0; i < DEMO_CHANNEL_COUNT; i++)
            (void)payload(demo_channels[i].name.ptr);
    }
}

Test(demo_hostile, line_cut_off_by_the_size_limit_is_left_out)
{
    enum { LIMIT = 65536 };
    static const char last[] = "eth1: 777 0 0 0 0 0 0 0 777";
    static char text[LIMIT + sizeof last];
    size_t at = (size_t)sprintf(text, "eth0: 0 0 0 0 0 0 0 0 0\n");

    memset(text + at, 'x', LIMIT - at);
    text[LIMIT - 28] = '\n'; /* the limit falls inside the last number */
    memcpy(text + LIMIT - 27, last, sizeof last);
    put_bytes("net/dev", "eth0: 0 0 0 0 0 0 0 0 0\n", at);
    sample_at(1000);
    put_bytes("net/dev", text, sizeof text);

    sample_at(2000);

    expect_payload("demo:network", "{\"t\":2000,\"rx\":0,\"tx\":0}");
}

/* Cores 0..count-1, each with `busy` of 100 ticks more in every round. */
static void put_cores(unsigned count, unsigned busy, unsigned round)
{
    buf text = {0};

    buf_append_lit(&text, "cpu  1 0 0 1 0 0 0 0 0 0\n");
    for (unsigned i = 0; i < count; i++)
        buf_printf(&text, "cpu%u %u 0 0 %u 0 0 0 0 0 0\n", i, 1 + busy * round,
                   1 + (100 - busy) * round);
    put_bytes("stat", text.data, text.len);
    buf_fini(&text);
}

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

Test(demo_hostile, machine_of_256_cores_is_shown_whole)
{
    put_cores(256, 42, 1);
    sample_at(1000);
    put_cores(256, 42, 2);

    sample_at(2000);

    cr_expect_eq(count_of(payload("demo:cpu"), "42.0"), 256);
}

Test(demo_hostile, cores_over_the_limit_are_left_out)
{
    put_cores(300, 42, 1);
    sample_at(1000);
    put_cores(300, 42, 2);

    sample_at(2000);

    cr_expect_eq(count_of(payload("demo:cpu"), "42.0"), DEMO_MAX_CORES);
}
