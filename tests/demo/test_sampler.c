/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>

#include "proc_fixture.h"

#define expect_payload(channel, text) cr_expect_str_eq(payload(channel), (text))

TestSuite(demo_sampler, .init = fixture_start, .fini = fixture_stop);

Test(demo_sampler, first_sample_has_levels_but_no_rates)
{
    put_normal_files();

    sample_at(5000);

    expect_payload("demo:cpu", "{\"t\":5000,\"cores\":[0.0,0.0],\"total\":0.0}");
    expect_payload("demo:memory", "{\"t\":5000,\"used\":2048000,\"available\":6144000,"
                                  "\"total\":8192000,\"swap_used\":512000}");
    expect_payload("demo:load",
                   "{\"t\":5000,\"load1\":0.18,\"load5\":1.05,\"load15\":12.50,\"tasks\":95}");
    expect_payload("demo:network", "{\"t\":5000,\"rx\":0,\"tx\":0}");
    expect_payload("demo:disk", "{\"t\":5000,\"read\":0,\"write\":0}");
}

Test(demo_sampler, payload_before_any_sample_is_all_zeros)
{
    expect_payload("demo:cpu", "{\"t\":0,\"cores\":[],\"total\":0.0}");
    expect_payload("demo:network", "{\"t\":0,\"rx\":0,\"tx\":0}");
}

Test(demo_sampler, rates_are_per_second_whatever_the_pause)
{
    put_normal_files();
    sample_at(5000);
    put_file("net/dev", "eth0: 3000 1 0 0 0 0 0 0 1500 1 0 0 0 0 0 0\n");
    put_file("diskstats", " 254 0 vda 10 0 104 5 20 0 216 6 0 7 8\n");

    sample_at(7000);

    expect_payload("demo:network", "{\"t\":7000,\"rx\":1000,\"tx\":500}");
    expect_payload("demo:disk", "{\"t\":7000,\"read\":1024,\"write\":4096}");
}

Test(demo_sampler, cpu_time_is_busy_unless_idle_or_waiting_for_a_disk)
{
    put_normal_files();
    sample_at(5000);
    put_file("stat", "cpu  125 0 100 960 15 0 0 0 0 0\n"
                     "cpu0 75 0 50 475 0 0 0 0 0 0\n"    /* 25 of 100 */
                     "cpu1 50 0 50 485 15 1 1 1 0 0\n"); /* 3 of 103 */

    sample_at(5100);

    expect_payload("demo:cpu", "{\"t\":5100,\"cores\":[25.0,2.9],\"total\":12.5}");
}

Test(demo_sampler, rates_are_averages_over_the_last_second)
{
    put_normal_files();
    sample_at(0);
    put_file("net/dev", "eth0: 1400 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0\n");
    for (uint64_t t = 100; t <= 1000; t += 100)
        sample_at(t);
    expect_payload("demo:network", "{\"t\":1000,\"rx\":400,\"tx\":0}");

    sample_at(1100); /* compared with 100, when the bytes had come */

    expect_payload("demo:network", "{\"t\":1100,\"rx\":0,\"tx\":0}");
}

Test(demo_sampler, samples_closer_than_the_history_reaches_are_still_right)
{
    put_normal_files();
    for (uint64_t t = 0; t < 100; t++)
        sample_at(t);
    put_file("net/dev", "eth0: 1015 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0\n");

    sample_at(100); /* 15 bytes in the 15 ms that are remembered */

    expect_payload("demo:network", "{\"t\":100,\"rx\":1000,\"tx\":0}");
}

Test(demo_sampler, server_totals_become_rates_and_levels_stay)
{
    const demo_server_figures before = {.deliveries = 1000, .publications = 100, .bytes = 5000};
    const demo_server_figures after = {.connections = 3,
                                       .subscriptions = 18,
                                       .deliveries = 1180,
                                       .publications = 160,
                                       .bytes = 6000,
                                       .loop_lag_us = 250};

    demo_sample(sampler, 1000, &before);
    demo_sample(sampler, 1500, &after);

    expect_payload("demo:server",
                   "{\"t\":1500,\"connections\":3,\"subscriptions\":18,\"deliveries\":360,"
                   "\"publications\":120,\"bytes\":2000,\"loop_lag_us\":250}");
}

Test(demo_sampler, loopback_does_not_count_and_all_other_interfaces_do)
{
    put_file("net/dev", "lo: 0 0 0 0 0 0 0 0 0 0\n"
                        "eth0: 0 0 0 0 0 0 0 0 0 0\n"
                        "wlan0: 0 0 0 0 0 0 0 0 0 0\n");
    sample_at(1000);
    put_file("net/dev", "lo: 9999 0 0 0 0 0 0 0 9999 0\n"
                        "eth0:10 0 0 0 0 0 0 0 1 0\n" /* no space when the number is long */
                        "wlan0: 20 0 0 0 0 0 0 0 2 0\n");

    sample_at(2000);

    expect_payload("demo:network", "{\"t\":2000,\"rx\":30,\"tx\":3}");
}

/* All devices go from 0 to one sector read; the number of disks is what was read. */
static void expect_disks(const char *const *names, size_t count, unsigned disks)
{
    char text[2048];
    char expected[64];

    for (unsigned round = 0; round < 2; round++) {
        size_t len = 0;

        for (size_t i = 0; i < count; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, " 8 %zu %s 0 0 %u 0 0 0 0\n", i,
                                    names[i], round);
        put_bytes("diskstats", text, len);
        sample_at(1000 + 1000 * round);
    }
    (void)snprintf(expected, sizeof expected, "{\"t\":2000,\"read\":%u,\"write\":0}", 512 * disks);
    expect_payload("demo:disk", expected);
}

#define EXPECT_DISKS(disks, ...)                     \
    expect_disks((const char *const[]){__VA_ARGS__}, \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (disks))

Test(demo_sampler, partitions_do_not_count_beside_their_disk)
{
    EXPECT_DISKS(4, "sda", "sda1", "sda15", "sdb", "nvme0n1", "nvme0n1p1", "nvme0n1p12", "mmcblk0",
                 "mmcblk0p2");
}

Test(demo_sampler, disks_that_only_look_like_partitions_count)
{
    EXPECT_DISKS(6, "nbd1", "nbd10", "sda", "sdaa", "nvme0n1", "nvme0n10");
}

Test(demo_sampler, partition_without_its_disk_counts)
{
    EXPECT_DISKS(2, "xvda1", "xvdb");
}

Test(demo_sampler, devices_made_of_memory_or_of_other_disks_do_not_count)
{
    EXPECT_DISKS(1, "loop0", "loop10", "ram0", "zram0", "sda", "dm-0", "md127");
}

Test(demo_sampler, core_that_comes_has_no_rate_before_it_can_be_compared)
{
    put_file("stat", "cpu0 0 0 0 100 0 0 0 0\n");
    sample_at(1000);
    put_file("stat", "cpu0 50 0 0 150 0 0 0 0\ncpu1 900 0 0 100 0 0 0 0\n");

    sample_at(1900);
    expect_payload("demo:cpu", "{\"t\":1900,\"cores\":[50.0,0.0],\"total\":0.0}");
    put_file("stat", "cpu0 50 0 0 250 0 0 0 0\ncpu1 975 0 0 125 0 0 0 0\n");
    sample_at(2800);

    expect_payload("demo:cpu", "{\"t\":2800,\"cores\":[0.0,75.0],\"total\":0.0}");
}

Test(demo_sampler, core_that_goes_keeps_the_places_of_the_others)
{
    put_file("stat", "cpu0 0 0 0 100 0 0 0 0\ncpu1 0 0 0 100 0 0 0 0\ncpu2 0 0 0 100 0 0 0 0\n");
    sample_at(1000);
    put_file("stat", "cpu0 50 0 0 150 0 0 0 0\ncpu2 20 0 0 180 0 0 0 0\n");

    sample_at(2000);

    expect_payload("demo:cpu", "{\"t\":2000,\"cores\":[50.0,0.0,20.0],\"total\":0.0}");
}

Test(demo_sampler, channels_are_those_of_the_dashboard)
{
    static const char *const names[] = {"demo:cpu",     "demo:memory", "demo:load",
                                        "demo:network", "demo:disk",   "demo:server"};

    cr_assert_eq(sizeof names / sizeof names[0], DEMO_CHANNEL_COUNT);
    for (size_t i = 0; i < DEMO_CHANNEL_COUNT; i++)
        cr_expect(view_eq(demo_channels[i].name, view_of(names[i])));
}

Test(demo_machine, this_machine_has_memory_cores_and_tasks)
{
    const demo_server_figures none = {0};
    demo_sampler *s = demo_sampler_new("/proc");
    buf out = {0};

    cr_assert_not_null(s);
    demo_sample(s, 1000, &none);
    demo_sample(s, 2000, &none);
    for (size_t i = 0; i < DEMO_CHANNEL_COUNT; i++)
        demo_channels[i].write(s, &out);
    buf_append_char(&out, '\0');

    cr_expect_null(strstr(out.data, "\"cores\":[]"));
    cr_expect_null(strstr(out.data, "\"total\":0,"));
    cr_expect_null(strstr(out.data, "\"tasks\":0}"));
    buf_fini(&out);
    demo_sampler_free(s);
}
