/* SPDX-License-Identifier: MIT */
/* One configuration loaded from what a test gives, and freed behind it. */
#ifndef TESTS_CONFIG_FIXTURE_H
#define TESTS_CONFIG_FIXTURE_H

#include <criterion/criterion.h>

#include "config.h"

enum { FIXTURE_MAX_ARGS = 16 };

/* Set by fixture_load(): */
extern config *loaded; /* NULL unless the result is CONFIG_OK */
extern config_result result;
extern config_report report;

/* Everything is empty; the fini of every suite below. */
void fixture_fini(void);

/* The text of the file that --config names in the next load; its name stays "<tmp>/gracecast.yaml".
 */
void fixture_file(const char *text);

/* Variables of the next load, ended by NULL. */
void fixture_environment(char *const *variables);

/* Loads with these flags, ended by NULL. May be called again. */
void fixture_load(const char *const *flags);

/* Strings literal by literal: LOAD("--demo", "--port=1"); LOAD() for none */
#define LOAD(...) fixture_load((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* Strings of variables: ENVIRONMENT("GRACECAST_DEMO=1") */
#define ENVIRONMENT(...) fixture_environment((char *const[]){__VA_ARGS__, NULL})

/* Fails the test unless there is exactly this one error; the file is called FILE in it. */
void must_fail_with(const char *line);

/* Fails the test unless these are the errors, or the warnings, line by line. */
void must_have_errors(const char *lines);
void must_have_warnings(const char *lines);

/* Fails the test, and says why, unless all is well. */
void must_be_ok(void);

#endif
