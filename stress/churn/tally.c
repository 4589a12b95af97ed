/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include <stdbool.h>

const char *tally_cause_text(tally_cause cause)
{
    static const char *const texts[CAUSE_COUNT] = {
#define X(id, text) text,
        TALLY_CAUSE_MAP(X)
#undef X
    };

    return texts[cause];
}

static void code_add(tally_codes *codes, uint64_t code, uint64_t count)
{
    for (int i = 0; i < TALLY_CODES; i++) {
        bool free_row = counter_get(&codes->rows[i].count) == 0;

        if (!free_row && counter_get(&codes->rows[i].code) != code && i < TALLY_CODES - 1)
            continue;
        counter_set(&codes->rows[i].code, code);
        counter_add(&codes->rows[i].count, count);
        return;
    }
}

void tally_code(tally_codes *codes, uint64_t code)
{
    code_add(codes, code, 1);
}

static void add_codes(tally_codes *to, const tally_codes *from)
{
    for (int i = 0; i < TALLY_CODES; i++) {
        uint64_t count = counter_get(&from->rows[i].count);

        if (count != 0)
            code_add(to, counter_get(&from->rows[i].code), count);
    }
}

void tally_add(tally *to, const tally *from)
{
#define X(name, text) counter_add(&to->name, counter_get(&from->name));
    TALLY_COUNTER_MAP(X)
#undef X
    for (int i = 0; i < CAUSE_COUNT; i++)
        counter_add(&to->causes[i], counter_get(&from->causes[i]));
    add_codes(&to->close_codes, &from->close_codes);
    add_codes(&to->status_codes, &from->status_codes);
    add_codes(&to->error_codes, &from->error_codes);
    hist_add(&to->connect, &from->connect);
    hist_add(&to->subscribe, &from->subscribe);
    hist_add(&to->publish, &from->publish);
    hist_add(&to->delivery, &from->delivery);
    hist_add(&to->lateness, &from->lateness);
    counter_add(&to->cpu_ns, counter_get(&from->cpu_ns));
}

void tally_subtract(tally *t, const tally *before)
{
    uint64_t open = counter_get(&t->open);
    uint64_t steady = counter_get(&t->steady);

#define X(name, text) counter_sub(&t->name, counter_get(&before->name));
    TALLY_COUNTER_MAP(X)
#undef X
    counter_set(&t->open, open);
    counter_set(&t->steady, steady);
    hist_subtract(&t->connect, &before->connect);
    hist_subtract(&t->subscribe, &before->subscribe);
    hist_subtract(&t->publish, &before->publish);
    hist_subtract(&t->delivery, &before->delivery);
    hist_subtract(&t->lateness, &before->lateness);
    counter_sub(&t->cpu_ns, counter_get(&before->cpu_ns));
}
