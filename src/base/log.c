/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum { LINE_MAX_BYTES = 2048 };

static const char *const level_names[] = {"trace", "debug", "info", "warn",
                                          "error", "fatal", "none"};

/* relaxed everywhere: a line more or less while the level changes hurts nobody */
static _Atomic(int) x_level = LOG_LEVEL_INFO;
static _Atomic(uint64_t) x_unwritten; /* lines that standard error did not take */

void log_set_level(log_level level)
{
    atomic_store_explicit(&x_level, (int)level, memory_order_relaxed);
}

bool log_level_from_name(view name, log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (!view_eq_nocase(name, view_of(level_names[i])))
            continue;
        *out = (log_level)i;
        return true;
    }
    return false;
}

bool log_enabled(log_level level)
{
    return (int)level >= atomic_load_explicit(&x_level, memory_order_relaxed);
}

static size_t put_time(char *line, size_t size)
{
    uint64_t now_ms = clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    char stamp[32];

    (void)gmtime_r(&seconds, &utc);
    (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    return (size_t)snprintf(line, size, "time=%s.%03uZ", stamp, (unsigned)(now_ms % 1000));
}

/* Whether standard error takes a line now. Who reads the log must not be able to stop the server: a
 * pipe that is full loses lines, and the next one that is written says how many. */
static bool takes_a_line(void)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0;
}

static size_t put_unwritten(char *line, size_t size)
{
    /* relaxed: counts for display */
    uint64_t lost = atomic_exchange_explicit(&x_unwritten, 0, memory_order_relaxed);
    int len =
        lost == 0 ? 0 : snprintf(line, size, " unwritten_before=%llu", (unsigned long long)lost);

    return len > 0 ? (size_t)len : 0;
}

void log_write(log_level level, const char *event, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    if (!takes_a_line()) {
        atomic_fetch_add_explicit(&x_unwritten, 1, memory_order_relaxed);
        return;
    }

    char line[LINE_MAX_BYTES];
    size_t room = sizeof line - 1; /* the newline always fits */
    size_t len = put_time(line, room);
    int added = snprintf(line + len, room - len, " level=%s event=%s", level_names[level], event);

    len += added > 0 ? (size_t)added : 0;
    len += put_unwritten(line + len, room - len);
    if (*format != '\0' && len + 1 < room) {
        va_list args;

        line[len++] = ' ';
        va_start(args, format);
        added = vsnprintf(line + len, room - len, format, args);
        va_end(args);
        len += added > 0 ? (size_t)added : 0;
    }
    if (len > room - 1)
        len = room - 1; /* cut, not refused: half a line tells more than none */
    line[len++] = '\n';
    /* one write a line: lines of several threads do not mix. Nowhere to report a failure to. */
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written;
}

static bool plain(unsigned char c)
{
    return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
}

log_quoted log_quote(view text)
{
    static const char hex[] = "0123456789abcdef";
    static const size_t tail = sizeof "...\""; /* what closes the quote, with its NUL */
    log_quoted quoted;
    char *out = quoted.text;
    char *end = quoted.text + sizeof quoted.text - tail;
    size_t i = 0;

    *out++ = '"';
    for (; i < text.len && out + 4 <= end; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (plain(c)) {
            *out++ = (char)c;
            continue;
        }
        *out++ = '\\';
        *out++ = 'x';
        *out++ = hex[c >> 4];
        *out++ = hex[c & 15];
    }
    if (i < text.len) {
        memcpy(out, "...", 3);
        out += 3;
    }
    *out++ = '"';
    *out = '\0';
    return quoted;
}

bool log_limit_pass(log_limit *limit, uint32_t every_ms, uint64_t *dropped)
{
    uint64_t now = clock_mono_ms();
    /* relaxed: the two counters are only for pacing and display */
    uint64_t next = atomic_load_explicit(&limit->x_next_ms, memory_order_relaxed);

    if (now < next ||
        !atomic_compare_exchange_strong_explicit(&limit->x_next_ms, &next, now + every_ms,
                                                 memory_order_relaxed, memory_order_relaxed)) {
        atomic_fetch_add_explicit(&limit->x_dropped, 1, memory_order_relaxed);
        return false;
    }
    *dropped = atomic_exchange_explicit(&limit->x_dropped, 0, memory_order_relaxed);
    return true;
}
