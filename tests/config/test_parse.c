/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <criterion/criterion.h>

Test(config_parse, reads_every_spelling_of_a_bool_and_no_other)
{
    static const char *const yes[] = {"1", "t", "T", "true", "True", "TRUE"};
    static const char *const no[] = {"0", "f", "F", "false", "False", "FALSE"};
    static const char *const neither[] = {"", "yes", "on", "tRUE", "2", "true ", "-1", "10"};
    bool value = false;

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        cr_expect(parse_bool(view_of(yes[i]), &value) && value, "%s", yes[i]);
        cr_expect(parse_bool(view_of(no[i]), &value) && !value, "%s", no[i]);
    }
    for (size_t i = 0; i < sizeof neither / sizeof *neither; i++)
        cr_expect_not(parse_bool(view_of(neither[i]), &value), "%s", neither[i]);
}

typedef struct number_case {
    const char *text;
    bool good;
    uint64_t value;
} number_case;

static void check(bool parse(view, uint64_t *), const number_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;
        bool good = parse(view_of(cases[i].text), &value);

        cr_expect_eq(good, cases[i].good, "\"%s\"", cases[i].text);
        if (good && cases[i].good)
            cr_expect_eq(value, cases[i].value, "\"%s\" is not %ju", cases[i].text,
                         (uintmax_t)value);
    }
}

Test(config_parse, refuses_what_is_no_number_or_too_large)
{
    static const number_case cases[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
        {"1e3", false, 0},
    };

    check(parse_number, cases, sizeof cases / sizeof *cases);
}

Test(config_parse, reads_sizes_in_binary_units)
{
    static const number_case cases[] = {
        {"65536", true, 65536},
        {"64KiB", true, 65536},
        {"16MiB", true, 16777216},
        {"2GiB", true, 2147483648},
        {"17179869183GiB", true, UINT64_C(17179869183) << 30},
        {"17179869184GiB", false, 0},
        {"64K", false, 0},
        {"64kib", false, 0},
        {"KiB", false, 0},
        {"1KiB1", false, 0},
        {"1MiBKiB", false, 0},
    };

    check(parse_size, cases, sizeof cases / sizeof *cases);
}

Test(config_parse, reads_durations_as_go_writes_them)
{
    static const number_case cases[] = {
        {"0", true, 0},
        {"0s", true, 0},
        {"500ms", true, 500},
        {"25s", true, 25000},
        {"1m30s", true, 90000},
        {"720h", true, 2592000000},
        {"1h0m0.5s", true, 3600500},
        {"1.5h", true, 5400000},
        {"0.001s", true, 1},
        {"25", false, 0},
        {"s", false, 0},
        {"", false, 0},
        {"-1s", false, 0},
        {"1d", false, 0},
        {"1 s", false, 0},
        {"1s ", false, 0},
        {"1.s", false, 0},
        {".5s", false, 0},
        {"1..5s", false, 0},
        {"0.5ms", false, 0},
        {"0.0001s", false, 0},
        {"0.0000000000000001s", false, 0},
        {"18446744073709551615h", false, 0},
        {"18446744073709551615ms1ms", false, 0},
    };

    check(parse_duration, cases, sizeof cases / sizeof *cases);
}
