/* SPDX-License-Identifier: MIT */
/*
 * The log: one line an event on standard error, in logfmt:
 *   time=2026-01-31T10:20:30.123Z level=info event=SERVER-START port=8000
 * The event is a stable upper-case id to search for; key=value pairs follow. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "view.h"

typedef enum log_level {
    LOG_LEVEL_TRACE,
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_FATAL,
    LOG_LEVEL_NONE,
} log_level;

/* Lines below `level` are dropped. Default: info. */
void log_set_level(log_level level);

/* "debug" -> LOG_LEVEL_DEBUG; false for a name that is none. */
bool log_level_from_name(view name, log_level *out);

/* true: a line of this level would be written. */
bool log_enabled(log_level level);

/* Writes one line, or none while nobody takes it: it never blocks. `format` makes the key=value pairs, "" for none; text that a peer sent goes
 * through log_quote() first. */
void log_write(log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(event, ...) log_write(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  log_write(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  log_write(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_write(LOG_LEVEL_ERROR, event, __VA_ARGS__)

enum { LOG_QUOTE_MAX = 256 };

typedef struct log_quoted {
    char text[LOG_QUOTE_MAX];
} log_quoted;

/* `text` in double quotes, with control characters, quotes and bytes over 126 escaped, and cut
 * where it is too long: a peer can forge neither a line nor a colour. Use: log_quote(v).text */
log_quoted log_quote(view text);

/* Lets one event in `every_ms` through and counts the others. Zeroed = ready. Any thread. */
typedef struct log_limit {
    _Atomic(uint64_t) x_next_ms;
    _Atomic(uint64_t) x_dropped;
} log_limit;

/* true: log now; *dropped = how many were kept back since the last one. */
bool log_limit_pass(log_limit *limit, uint32_t every_ms, uint64_t *dropped);

#endif
