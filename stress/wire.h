/* SPDX-License-Identifier: MIT */
/*
 * The wire of a hub under torture: messages with their length before them, and a socket that now and
 * then takes a part only.
 */
#ifndef STRESS_WIRE_H
#define STRESS_WIRE_H

#include <sys/uio.h>

#include "buf.h"
#include "frame.h"
#include "torture.h"

/* hub_sink.frame */
static inline frame *wire_frame(view message)
{
    uint32_t len = (uint32_t)message.len;
    frame *f = frame_new(sizeof len + message.len);

    memcpy(f->data, &len, sizeof len);
    memcpy(f->data + sizeof len, message.ptr, message.len);
    return f;
}

/* hub_sink.message_len */
static inline size_t wire_message_len(view framed)
{
    uint32_t len;

    memcpy(&len, framed.ptr, sizeof len);
    return sizeof len + len;
}

/* Appends what is written, every eighth time less than a hundred bytes of it. Returns how much. */
static inline size_t wire_take(buf *wire, const struct iovec *iov, int count, uint64_t *random)
{
    size_t room = torture_random(random) % 8 == 0 ? torture_random(random) % 100 : SIZE_MAX;
    size_t taken = 0;

    for (int i = 0; i < count && room != 0; i++) {
        size_t len = iov[i].iov_len < room ? iov[i].iov_len : room;

        buf_append(wire, iov[i].iov_base, len);
        room -= len;
        taken += len;
    }
    return taken;
}

/* The beginning of the next whole message behind *at, which moves on. false: there is none. */
static inline bool wire_next(const buf *wire, size_t *at, char *text, size_t size)
{
    view rest = view_skip(buf_view(wire), *at);
    size_t whole = rest.len < sizeof(uint32_t) ? SIZE_MAX : wire_message_len(rest);

    if (whole > rest.len)
        return false;

    size_t len = whole - sizeof(uint32_t);
    size_t shown = len < size - 1 ? len : size - 1;

    memcpy(text, rest.ptr + sizeof(uint32_t), shown);
    text[shown] = '\0';
    *at += whole;
    return true;
}

#endif
