/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <criterion/criterion.h>

static const char *text_of(buf *b)
{
    buf_append_char(b, '\0');
    cr_assert_not(b->failed);
    return b->data;
}

Test(metrics, add_up_over_all_blocks)
{
    metrics blocks[3] = {0};
    metrics sum = {0};

    for (uint64_t i = 0; i < 3; i++) {
        metric_add(&blocks[i].x_deliveries, 10 + i);
        metric_add(&blocks[i].x_num_clients, 5);
    }
    metric_sub(&blocks[2].x_num_clients, 4);
    metric_add(&blocks[1].x_loop_lag_us, UINT64_MAX / 2);
    for (size_t i = 0; i < 3; i++)
        metrics_sum(&sum, &blocks[i]);

    cr_expect_eq(sum.x_deliveries, 33);
    cr_expect_eq(sum.x_num_clients, 11);
    cr_expect_eq(sum.x_loop_lag_us, UINT64_MAX / 2);
    cr_expect_eq(sum.x_commands, 0);
    cr_expect_eq(blocks[0].x_deliveries, 10);
}

Test(metrics, a_gauge_that_one_block_raised_and_another_lowered_is_right_in_the_sum)
{
    metrics a = {0};
    metrics b = {0};
    metrics sum = {0};

    metric_add(&a.x_num_connections, 2);
    metric_sub(&b.x_num_connections, 1);
    metrics_sum(&sum, &a);
    metrics_sum(&sum, &b);

    cr_expect_eq(sum.x_num_connections, 1);
}

Test(metrics, prometheus_text_has_help_type_and_value_of_each)
{
    metrics sum = {0};
    buf out = {0};
    size_t values = 0;
    size_t names = 0;

    metric_add(&sum.x_deliveries, UINT64_MAX);
    metric_add(&sum.x_num_clients, 7);
    metrics_write_prometheus(&out, &sum);
    const char *text = text_of(&out);

#define X(name, type, help)                                                  \
    cr_expect_not_null(strstr(text, "# HELP gracecast_" #name " " help "\n"  \
                                    "# TYPE gracecast_" #name " " #type "\n" \
                                    "gracecast_" #name " "));                \
    names++;
    METRICS_MAP(X)
#undef X
    cr_expect_not_null(strstr(text, "\ngracecast_deliveries 18446744073709551615\n"));
    cr_expect_not_null(strstr(text, "\ngracecast_num_clients 7\n"));
    for (const char *c = text; *c != '\0'; c++)
        values += *c == '\n';
    cr_expect_eq(values, 3 * names);
    buf_fini(&out);
}

Test(metrics, json_is_one_object_with_each_name_once)
{
    metrics sum = {0};
    buf out = {0};
    size_t names = 0;
    size_t commas = 0;

    metric_add(&sum.x_connections_accepted, 1);
    metric_add(&sum.x_loop_lag_us, 12345);
    metrics_write_json(&out, &sum);
    const char *text = text_of(&out);

#define X(name, type, help)                             \
    cr_expect_not_null(strstr(text, "\"" #name "\":")); \
    names++;
    METRICS_MAP(X)
#undef X
    cr_expect(strncmp(text, "{\"connections_accepted\":1,", 26) == 0);
    cr_expect_str_eq(text + strlen(text) - sizeof "\"loop_lag_us\":12345}" + 1,
                     "\"loop_lag_us\":12345}");
    for (const char *c = text; *c != '\0'; c++)
        commas += *c == ',';
    cr_expect_eq(commas, names - 1);
    buf_fini(&out);
}

Test(metrics, out_of_memory_is_left_to_the_buffer)
{
    metrics sum = {0};
    buf out = {.failed = true};

    metrics_write_json(&out, &sum);
    metrics_write_prometheus(&out, &sum);

    cr_expect(out.failed);
    cr_expect_eq(out.len, 0);
}
