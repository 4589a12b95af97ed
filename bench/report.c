/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_WIDTH = 15, VALUE_WIDTH = 12 };

void report_add(report *r, const char *subject, const char *scene, const char *metric, double value,
                const char *unit)
{
    report_row *row = NULL;

    if (r->count == r->cap) {
        r->cap = r->cap == 0 ? 64 : 2 * r->cap;
        r->rows = reallocarray(r->rows, r->cap, sizeof *r->rows);
        if (r->rows == NULL)
            abort(); /* nothing worth saving is lost */
    }
    row = &r->rows[r->count++];
    *row = (report_row){.subject = subject, .metric = metric, .value = value, .unit = unit};
    (void)snprintf(row->scene, sizeof row->scene, "%s", scene);
}

double report_value(const report *r, const char *subject, const char *scene, const char *metric)
{
    for (size_t i = 0; i < r->count; i++) {
        const report_row *row = &r->rows[i];

        if (strcmp(row->subject, subject) == 0 && strcmp(row->scene, scene) == 0 &&
            strcmp(row->metric, metric) == 0)
            return row->value;
    }
    return NAN;
}

/* Four significant digits, however large the value. */
static void print_value(double value)
{
    int decimals = 0;

    if (isnan(value)) {
        (void)printf(" %*s", VALUE_WIDTH, "-");
        return;
    }
    for (double limit = 1000; decimals < 3 && fabs(value) < limit; limit /= 10)
        decimals++;
    (void)printf(" %*.*f", VALUE_WIDTH, decimals, value);
}

void report_print(const report *r, const char *const *subjects, size_t subject_count,
                  const report_column *columns, size_t column_count)
{
    (void)printf("%-*s", NAME_WIDTH, "");
    for (size_t c = 0; c < column_count; c++)
        (void)printf(" %*s", VALUE_WIDTH, columns[c].title);
    (void)printf("\n");
    for (size_t s = 0; s < subject_count; s++) {
        (void)printf("%-*s", NAME_WIDTH, subjects[s]);
        for (size_t c = 0; c < column_count; c++)
            print_value(report_value(r, subjects[s], columns[c].scene, columns[c].metric));
        (void)printf("\n");
    }
}

bool report_write_csv(const report *r, const char *path)
{
    FILE *file = fopen(path, "w");
    bool good = false;

    if (file == NULL)
        return false;
    good = fprintf(file, "subject,case,metric,value,unit\n") > 0;
    for (size_t i = 0; i < r->count && good; i++) {
        const report_row *row = &r->rows[i];

        good = fprintf(file, "%s,%s,%s,%.6g,%s\n", row->subject, row->scene, row->metric,
                       row->value, row->unit) > 0;
    }
    return fclose(file) == 0 && good;
}

void report_fini(report *r)
{
    free(r->rows);
    *r = (report){0};
}
