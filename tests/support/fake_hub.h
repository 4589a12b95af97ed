/* SPDX-License-Identifier: MIT */
/*
 * A hub without sockets: connections whose "socket" is a buffer that takes as much as the test
 * says, and workers that run a turn when the test says. Messages are framed as <u32 length><bytes>.
 */
#ifndef SUPPORT_FAKE_HUB_H
#define SUPPORT_FAKE_HUB_H

#include "hub.h"

enum { FAKE_WORKERS = 2 };

typedef struct fake_conn {
    buf wire;    /* what the socket took */
    size_t room; /* how much more it takes */
    bool broken; /* writes fail */
    bool wants_write;
    uint32_t closed_with;  /* 0: not */
    unsigned closings;     /* how often it was told to */
    unsigned holds_little; /* how often it was told to */
    unsigned hastened;     /* how often its deadline came nearer */
    unsigned writes;       /* calls that took something */
    struct fake *fake;
    hub_conn conn; /* the last: may be the beginning of something larger */
} fake_conn;

typedef struct fake {
    hub *hub;
    hub_worker *workers[FAKE_WORKERS];
    unsigned released;
    uint64_t now_ms; /* what turns are told */
} fake;

/* With FAKE_WRITE_MANY in the environment publications are written with sink->write_many. */
void fake_open(fake *f, size_t queue_max);
/* The same with more options; workers and sink are not looked at. */
void fake_open_with(fake *f, const hub_opts *opts);
/* Every connection must have been closed. Checks that nothing is left. */
void fake_close(fake *f);

/* What the hub of fake_open() writes through. */
extern const hub_sink fake_sink;

/* A connection of worker `at` that has not joined. `conn` is the first member of a structure of
 * `size` bytes, whose rest is zero. */
fake_conn *fake_accept(fake *f, unsigned at, size_t size);

static inline fake_conn *fake_conn_of(hub_conn *c)
{
    return container_of(c, fake_conn, conn);
}

/* Connects to worker `at`; the socket takes everything until c->room is set. */
fake_conn *fake_connect(fake *f, unsigned at, const char *user);
void fake_disconnect(fake_conn *c);
/* Waits for the grace period and opens the farewell letters of all that were disconnected. */
void fake_settle(fake *f);

/* Runs turns of all workers until none has work. */
void fake_run(fake *f);
/* One turn of one worker. */
bool fake_turn(fake *f, unsigned at);

/* Publishes `data` from a thread that is no worker. */
void fake_publish(fake *f, const char *channel, const char *data);

/* The messages that c's socket took, joined by '|'; good until the next call. */
const char *fake_messages(fake_conn *c);
unsigned fake_count(fake_conn *c);

/* The `data` of the publications among them, numbers or texts without commas, joined by '|'. */
const char *fake_data(fake_conn *c);

#endif
