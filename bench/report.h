/* SPDX-License-Identifier: MIT */
/*
 * The figures of one run: collected one by one, printed as a table, written as CSV. One thread.
 * All strings but the name of a case must outlive the report.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct report_row {
    const char *subject; /* what was measured */
    char scene[48];      /* under which conditions: "n=1000" */
    const char *metric;
    double value;
    const char *unit;
} report_row;

typedef struct report {
    report_row *rows;
    size_t count;
    size_t cap;
} report;

/* A column of a printed table: `title` above the values of `metric` in `scene`. */
typedef struct report_column {
    const char *title;
    const char *scene;
    const char *metric;
} report_column;

/* Ends the process when there is no memory. */
void report_add(report *r, const char *subject, const char *scene, const char *metric, double value,
                const char *unit);

/* The value, or NaN if there is none. */
double report_value(const report *r, const char *subject, const char *scene, const char *metric);

/* One line per subject, in the given order; "-" where there is no value. */
void report_print(const report *r, const char *const *subjects, size_t subject_count,
                  const report_column *columns, size_t column_count);

/* Columns subject,case,metric,value,unit. False, with errno set, if the file cannot be written. */
bool report_write_csv(const report *r, const char *path);

void report_fini(report *r);

#endif
