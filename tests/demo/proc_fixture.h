/* SPDX-License-Identifier: MIT */
/* A directory that looks like /proc, with the files a test puts there, and a sampler on it. */
#ifndef TESTS_PROC_FIXTURE_H
#define TESTS_PROC_FIXTURE_H

#include <stdint.h>

#include "demo.h"

extern demo_sampler *sampler;

/* For Criterion's .init and .fini. */
void fixture_start(void);
void fixture_stop(void);

/* Replaces the file, "net/dev" for one; makes it empty for "". */
void put_file(const char *name, const char *text);
void put_bytes(const char *name, const char *bytes, size_t len);
void remove_file(const char *name);

/* The files of a machine with two cores, one disk and one network interface. */
void put_normal_files(void);

/* A sample with no server figures. */
void sample_at(uint64_t now_ms);

/* The payload of a channel, "demo:cpu"; good until the next call. Fails the test unless it is a
 * JSON object whose numbers are all >= 0. */
const char *payload(const char *channel);

#endif
