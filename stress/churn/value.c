/* SPDX-License-Identifier: MIT */
#include "value.h"

#include <math.h>
#include <stdlib.h>

enum { NUMBER_TEXT_MAX = 40 };

/* The number at the front; *unit = what follows it. */
static bool split(view text, double *number, view *unit)
{
    char copy[NUMBER_TEXT_MAX];
    char *end = NULL;

    if (text.len == 0 || text.len >= sizeof copy || strchr("0123456789.", text.ptr[0]) == NULL)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *number = strtod(copy, &end);
    if (end == copy || !isfinite(*number))
        return false;
    *unit = view_skip(text, (size_t)(end - copy));
    return true;
}

typedef struct unit {
    const char *name;
    double factor;
} unit;

static bool apply(double *number, view name, const unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (view_eq_nocase(name, view_of(units[i].name))) {
            *number *= units[i].factor;
            return true;
        }
    }
    return false;
}

bool value_number(view text, double max, double *out)
{
    static const unit units[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}};
    double number = 0;
    view rest = {0};

    if (!split(text, &number, &rest) || !apply(&number, rest, units, 3) || number > max)
        return false;
    *out = number;
    return true;
}

bool value_count(view text, uint32_t max, uint32_t *out)
{
    double number = 0;

    if (!value_number(text, max, &number) || number != floor(number))
        return false;
    *out = (uint32_t)number;
    return true;
}

bool value_ms(view text, uint32_t *out)
{
    static const unit units[] = {{"", 1e3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}};
    double number = 0;
    view rest = {0};

    if (!split(text, &number, &rest) || !apply(&number, rest, units, 5) || number > 7 * 86400e3)
        return false;
    *out = (uint32_t)number;
    return true;
}

bool value_rate(view text, double *out)
{
    static const unit units[] = {{"", 1}, {"/s", 1}, {"Hz", 1}, {"k", 1e3}, {"k/s", 1e3}};
    double number = 0;
    view rest = {0};

    if (!split(text, &number, &rest) || !apply(&number, rest, units, 5) || number > 1e7)
        return false;
    *out = number;
    return true;
}

bool value_share(view text, double *out)
{
    static const unit units[] = {{"", 1}, {"%", 0.01}};
    double number = 0;
    view rest = {0};

    if (!split(text, &number, &rest) || !apply(&number, rest, units, 2) || number > 1)
        return false;
    *out = number;
    return true;
}

bool value_bool(view text, bool *out)
{
    static const char *const names[] = {"no", "false", "off", "yes", "true", "on"};

    for (size_t i = 0; i < 6; i++) {
        if (view_eq_nocase(text, view_of(names[i]))) {
            *out = i >= 3;
            return true;
        }
    }
    return false;
}
