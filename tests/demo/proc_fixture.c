/* SPDX-License-Identifier: MIT */
#include "proc_fixture.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

demo_sampler *sampler;

static char root[] = "/tmp/gracecast-proc-XXXXXX";
static buf out;

static const char *path_of(const char *name)
{
    static char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

void fixture_start(void)
{
    cr_assert_not_null(mkdtemp(root));
    cr_assert_eq(mkdir(path_of("net"), 0700), 0);
    sampler = demo_sampler_new(root);
    cr_assert_not_null(sampler);
}

void fixture_stop(void)
{
    static const char *const files[] = {"stat", "meminfo", "loadavg", "net/dev", "diskstats"};

    demo_sampler_free(sampler);
    buf_fini(&out);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        remove_file(files[i]);
    (void)rmdir(path_of("net"));
    cr_assert_eq(rmdir(root), 0);
}

void put_bytes(const char *name, const char *bytes, size_t len)
{
    FILE *file = fopen(path_of(name), "w");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, len, file), len);
    cr_assert_eq(fclose(file), 0);
}

void put_file(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

void remove_file(const char *name)
{
    (void)unlink(path_of(name)); /* a test need not have made it */
}

void put_normal_files(void)
{
    put_file("stat", "cpu  100 0 100 800 0 0 0 0 0 0\n"
                     "cpu0 50 0 50 400 0 0 0 0 0 0\n"
                     "cpu1 50 0 50 400 0 0 0 0 0 0\n"
                     "intr 1234 0 9 0\n"
                     "ctxt 99\n");
    put_file("meminfo", "MemTotal:        8000 kB\n"
                        "MemFree:         1000 kB\n"
                        "MemAvailable:    6000 kB\n"
                        "SwapTotal:       2000 kB\n"
                        "SwapFree:        1500 kB\n");
    put_file("loadavg", "0.18 1.05 12.50 1/95 6062\n");
    put_file("net/dev", "Inter-|   Receive                  |  Transmit\n"
                        " face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
                        "    lo: 7000 1 0 0 0 0 0 0 7000 1 0 0 0 0 0 0\n"
                        "  eth0: 1000 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0\n");
    put_file("diskstats", " 254 0 vda 10 0 100 5 20 0 200 6 0 7 8\n"
                          " 254 1 vda1 10 0 100 5 20 0 200 6 0 7 8\n");
}

void sample_at(uint64_t now_ms)
{
    const demo_server_figures none = {0};

    demo_sample(sampler, now_ms, &none);
}

static void check_not_negative(const json_t *value)
{
    const char *key = NULL;
    size_t index = 0;
    json_t *item = NULL;

    if (json_is_array(value)) {
        json_array_foreach(value, index, item) check_not_negative(item);
    } else if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, item) check_not_negative(item);
    } else {
        cr_assert(json_is_number(value));
        cr_assert_geq(json_number_value(value), 0.0);
    }
}

static const demo_channel *find_channel(const char *name)
{
    for (size_t i = 0; i < DEMO_CHANNEL_COUNT; i++) {
        if (view_eq(demo_channels[i].name, view_of(name)))
            return &demo_channels[i];
    }
    cr_assert_fail("no channel %s", name);
    return NULL;
}

const char *payload(const char *channel)
{
    buf_reset(&out);
    find_channel(channel)->write(sampler, &out);
    cr_assert_not(out.failed);

    json_t *parsed = json_loadb(out.data, out.len, JSON_DECODE_INT_AS_REAL, NULL);

    cr_assert(json_is_object(parsed), "%s: %.*s", channel, (int)out.len, out.data);
    check_not_negative(parsed);
    json_decref(parsed);
    buf_append_char(&out, '\0');
    return out.data;
}
