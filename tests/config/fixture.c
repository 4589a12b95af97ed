/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

config *loaded;
config_result result;
config_report report;

static char file_name[] = "/tmp/gracecast-test-XXXXXX";
static bool has_file;
static char *const *environment;

static void forget_result(void)
{
    config_free(loaded);
    loaded = NULL;
    config_report_fini(&report);
}

void fixture_fini(void)
{
    forget_result();
    if (has_file)
        (void)unlink(file_name);
}

void fixture_file(const char *text)
{
    int fd = has_file ? -1 : mkstemp(file_name);
    FILE *file = fd < 0 ? fopen(file_name, "we") : fdopen(fd, "w");

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
    has_file = true;
}

void fixture_environment(char *const *variables)
{
    environment = variables;
}

void fixture_load(const char *const *flags)
{
    char *argv[FIXTURE_MAX_ARGS] = {(char *)"gracecast"};
    char *const nothing[] = {NULL};
    int argc = 1;

    forget_result();
    if (has_file) {
        argv[argc++] = (char *)"--config";
        argv[argc++] = file_name;
    }
    for (; *flags != NULL; flags++) {
        cr_assert_lt(argc, FIXTURE_MAX_ARGS - 1);
        argv[argc++] = (char *)(uintptr_t)*flags;
    }
    result = config_load(argc, argv, environment != NULL ? environment : nothing, &loaded, &report);
}

/* `text` with every name of the file replaced by "FILE"; the caller's to free */
static char *without_file_name(const buf *text)
{
    buf out = {0};
    view rest = buf_view(text);
    view name = view_of(file_name);

    while (rest.len != 0)
        if (view_starts_with(rest, name)) {
            buf_append_lit(&out, "FILE");
            rest = view_skip(rest, name.len);
        } else {
            buf_append_char(&out, *rest.ptr);
            rest = view_skip(rest, 1);
        }
    buf_append_char(&out, '\0');
    cr_assert(!out.failed);
    return out.data;
}

static void must_be(const buf *text, const char *lines)
{
    char *got = without_file_name(text);

    cr_expect_str_eq(got, lines, "wanted:\n%sgot:\n%s", lines, got);
    free(got);
}

void must_have_errors(const char *lines)
{
    size_t count = 0;

    for (const char *c = lines; *c != '\0'; c++)
        count += *c == '\n';
    must_be(&report.errors, lines);
    cr_expect_eq(report.error_count, count);
    cr_expect_eq(result, CONFIG_INVALID);
    cr_expect_null(loaded);
}

void must_have_warnings(const char *lines)
{
    must_be(&report.warnings, lines);
}

void must_fail_with(const char *line)
{
    char lines[1024];

    (void)snprintf(lines, sizeof lines, "%s\n", line);
    must_have_errors(lines);
}

void must_be_ok(void)
{
    cr_assert_eq(result, CONFIG_OK, "%.*s", (int)report.errors.len,
                 report.errors.len == 0 ? "" : report.errors.data);
    cr_assert_not_null(loaded);
    cr_assert_eq(report.error_count, 0);
}
