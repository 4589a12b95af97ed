/* SPDX-License-Identifier: MIT */
#include "parse.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes the digits at the front of *rest; false: there are none, or too many. */
static bool take_digits(view *rest, uint64_t *out)
{
    uint64_t number = 0;
    size_t i = 0;

    for (; i < rest->len && is_digit(rest->ptr[i]); i++) {
        uint64_t digit = (uint64_t)(rest->ptr[i] - '0');

        if (number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *rest = view_skip(*rest, i);
    *out = number;
    return i > 0;
}

typedef struct unit {
    const char *name;
    uint64_t factor;
} unit;

/* The unit at the front of *rest, removed; NULL: none. Longer names stand before their beginnings.
 */
static const unit *take_unit(view *rest, const unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        view name = view_of(units[i].name);

        if (!view_starts_with(*rest, name))
            continue;
        *rest = view_skip(*rest, name.len);
        return &units[i];
    }
    return NULL;
}

bool parse_size(view text, uint64_t *out)
{
    static const unit units[] = {{"KiB", 1U << 10}, {"MiB", 1U << 20}, {"GiB", 1U << 30}};
    uint64_t number;

    if (!take_digits(&text, &number))
        return false;
    if (text.len == 0) {
        *out = number;
        return true;
    }

    const unit *u = take_unit(&text, units, sizeof units / sizeof *units);

    return u != NULL && text.len == 0 && !__builtin_mul_overflow(number, u->factor, out);
}

/* The part behind the point: exact, or refused. */
static bool take_fraction(view *rest, uint64_t *digits, uint64_t *scale)
{
    size_t before = rest->len;

    *digits = 0;
    *scale = 1;
    if (rest->len == 0 || rest->ptr[0] != '.')
        return true;
    *rest = view_skip(*rest, 1);
    if (!take_digits(rest, digits) || before - rest->len > 7)
        return false;
    for (size_t i = 1; i < before - rest->len; i++)
        *scale *= 10;
    return true;
}

bool parse_duration(view text, uint64_t *out_ms)
{
    static const unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    uint64_t total = 0;

    *out_ms = 0;
    if (view_eq(text, VIEW_LIT("0")))
        return true;
    do {
        uint64_t whole;
        uint64_t digits;
        uint64_t scale;

        if (!take_digits(&text, &whole) || !take_fraction(&text, &digits, &scale))
            return false;

        const unit *u = take_unit(&text, units, sizeof units / sizeof *units);

        if (u == NULL || digits * u->factor % scale != 0 ||
            __builtin_mul_overflow(whole, u->factor, &whole) ||
            __builtin_add_overflow(total, whole, &total) ||
            __builtin_add_overflow(total, digits * u->factor / scale, &total))
            return false;
    } while (text.len != 0);
    *out_ms = total;
    return true;
}

bool parse_bool(view text, bool *out)
{
    static const char *const words[][6] = {
        {"0", "f", "F", "false", "False", "FALSE"},
        {"1", "t", "T", "true", "True", "TRUE"},
    };

    for (size_t value = 0; value < 2; value++)
        for (size_t i = 0; i < 6; i++)
            if (view_eq(text, view_of(words[value][i]))) {
                *out = value == 1;
                return true;
            }
    return false;
}

bool parse_number(view text, uint64_t *out)
{
    return take_digits(&text, out) && text.len == 0;
}
