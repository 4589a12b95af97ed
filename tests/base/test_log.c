/* SPDX-License-Identifier: MIT */
/* Lines, as they come out of a pipe that stands in for standard error. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

enum { PATIENCE_S = 20, MOST_BYTES = 1 << 20 };

static int reader = -1;
static int true_stderr = -1;
static char taken[MOST_BYTES];

static void setup(void)
{
    int ends[2];

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    reader = ends[0];
    true_stderr = dup(STDERR_FILENO);
    cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    (void)close(ends[1]);
}

static void teardown(void)
{
    (void)dup2(true_stderr, STDERR_FILENO);
    (void)close(true_stderr);
    (void)close(reader);
}

/* Who blocks in a write runs into the timeout. */
TestSuite(base_log, .init = setup, .fini = teardown, .timeout = PATIENCE_S);

/* What was written since the last call. */
static const char *written(void)
{
    size_t len = 0;
    ssize_t got;

    while ((got = read(reader, taken + len, sizeof taken - 1 - len)) > 0)
        len += (size_t)got;
    taken[len] = '\0';
    return taken;
}

static void must_match(const char *text, const char *pattern)
{
    regex_t compiled;

    cr_assert_eq(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
    cr_expect_eq(regexec(&compiled, text, 0, NULL, 0), 0, "\"%s\" is not like %s", text, pattern);
    regfree(&compiled);
}

static void fill_the_pipe(void)
{
    static const char bytes[4096];
    int flags = fcntl(STDERR_FILENO, F_GETFL);

    cr_assert_eq(fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK), 0);
    while (write(STDERR_FILENO, bytes, sizeof bytes) > 0)
        continue;
    cr_assert_eq(fcntl(STDERR_FILENO, F_SETFL, flags), 0);
}

#define TIME "^time=20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z "

Test(base_log, writes_a_line)
{
    log_info("SERVER-START", "port=%d name=%s", 8000, "a");
    must_match(written(), TIME "level=info event=SERVER-START port=8000 name=a\n$");
}

Test(base_log, writes_a_line_without_pairs)
{
    log_error("SERVER-STOP", "%s", "");
    must_match(written(), TIME "level=error event=SERVER-STOP ?\n$");
    log_write(LOG_LEVEL_FATAL, "SERVER-LOST", "x=%d", 1);
    must_match(written(), TIME "level=fatal event=SERVER-LOST x=1\n$");
}

Test(base_log, cuts_a_line_that_is_too_long)
{
    const char *line;
    size_t len;

    log_info("LONG", "text=%0*d", 5000, 7);
    line = written();
    len = strlen(line);
    must_match(line, TIME "level=info event=LONG text=0+\n$");
    cr_expect_gt(len, 1000);
    cr_expect_leq(len, 2048);
}

Test(base_log, drops_lines_below_its_level)
{
    log_debug("QUIET", "x=%d", 1);
    cr_expect_str_eq(written(), "");
    cr_expect_not(log_enabled(LOG_LEVEL_DEBUG));
    cr_expect(log_enabled(LOG_LEVEL_INFO));

    log_set_level(LOG_LEVEL_ERROR);
    log_warn("QUIET", "x=%d", 1);
    cr_expect_str_eq(written(), "");
    log_error("LOUD", "x=%d", 1);
    must_match(written(), "event=LOUD");

    log_set_level(LOG_LEVEL_TRACE);
    log_write(LOG_LEVEL_TRACE, "LOUD", "x=%d", 1);
    must_match(written(), "level=trace event=LOUD");

    log_set_level(LOG_LEVEL_NONE);
    log_write(LOG_LEVEL_FATAL, "QUIET", "x=%d", 1);
    cr_expect_str_eq(written(), "");
}

Test(base_log, loses_lines_to_a_full_pipe_and_counts_them)
{
    fill_the_pipe();
    for (int i = 0; i < 3; i++)
        log_info("LOST", "x=%d", i);
    (void)written();
    log_info("FOUND", "x=%d", 1);
    must_match(written(), TIME "level=info event=FOUND unwritten_before=3 x=1\n$");
    log_info("FOUND", "x=%d", 2);
    must_match(written(), TIME "level=info event=FOUND x=2\n$");
}

/* ---- names ---- */

Test(base_log, knows_its_levels_by_name)
{
    static const char *const names[] = {"trace", "debug", "info", "warn", "error", "fatal", "none"};
    log_level level = LOG_LEVEL_INFO;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_expect(log_level_from_name(view_of(names[i]), &level));
        cr_expect_eq((size_t)level, i, "%s", names[i]);
    }
    cr_expect(log_level_from_name(VIEW_LIT("WaRn"), &level));
    cr_expect_eq(level, LOG_LEVEL_WARN);
    cr_expect_not(log_level_from_name(VIEW_LIT("warning"), &level));
    cr_expect_not(log_level_from_name(VIEW_LIT("war"), &level));
    cr_expect_not(log_level_from_name(VIEW_LIT(""), &level));
    cr_expect_eq(level, LOG_LEVEL_WARN, "changed by a name that is none");
}

/* ---- quoting ---- */

static void must_quote(view text, const char *quoted)
{
    cr_expect_str_eq(log_quote(text).text, quoted);
}

Test(base_log, quotes_what_a_peer_sent)
{
    must_quote(VIEW_LIT(""), "\"\"");
    must_quote((view){0}, "\"\"");
    must_quote(VIEW_LIT("plain ~text!"), "\"plain ~text!\"");
    must_quote(VIEW_LIT("a\"b\\c"), "\"a\\x22b\\x5cc\"");
    must_quote(VIEW_LIT("a\nlevel=fatal"), "\"a\\x0alevel=fatal\"");
    must_quote(VIEW_LIT("\0\x1b[31m\x7f"), "\"\\x00\\x1b[31m\\x7f\"");
    must_quote(VIEW_LIT("\xc3\xa9\xff"), "\"\\xc3\\xa9\\xff\"");
}

Test(base_log, cuts_what_is_too_long_to_quote)
{
    enum { SURE_TO_FIT = LOG_QUOTE_MAX - 16 };
    char text[1000];

    memset(text, 'a', sizeof text);
    for (size_t len = 0; len < sizeof text; len++) {
        log_quoted quoted = log_quote((view){text, len});
        size_t out = strlen(quoted.text);

        cr_assert_lt(out, LOG_QUOTE_MAX);
        if (strchr(quoted.text, '.') == NULL) {
            cr_assert_eq(out, len + 2);
            cr_assert_lt(len, LOG_QUOTE_MAX);
        } else {
            cr_assert_gt(len, SURE_TO_FIT);
            cr_assert_str_eq(quoted.text + out - 5, "a...\"");
        }
    }
}

Test(base_log, never_cuts_within_an_escape)
{
    char text[300];

    memset(text, '\n', sizeof text);
    for (size_t plain = 0; plain < 4; plain++) {
        memset(text, 'a', plain);

        log_quoted quoted = log_quote((view){text, sizeof text});

        must_match(quoted.text, "^\"a*(\\\\x0a)+\\.\\.\\.\"$");
    }
}
