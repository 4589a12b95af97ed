/* SPDX-License-Identifier: MIT */
#include "slow.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"
#include "message.h"

enum { STEP_NS = 10000000, OP_CLOSE = 8 };

/* Length of the frame at the beginning; 0: it is not complete. The server's are not masked. */
static size_t frame_len(const talker *t, size_t *payload_at)
{
    const unsigned char *in = (const unsigned char *)t->in;
    size_t len = 0;

    if (t->len < 4)
        return 0;
    len = in[1] < 126 ? in[1] : (size_t)in[2] << 8 | in[3]; /* none of ours needs 64 bits */
    *payload_at = in[1] < 126 ? 2 : 4;
    return t->len < *payload_at + len ? 0 : *payload_at + len;
}

static void take_frame(talker *t, view payload, slow_result *out)
{
    const char *at = memmem(payload.ptr, payload.len, message_head, MESSAGE_HEAD);
    uint64_t now = clock_mono_ns();

    if (((unsigned char)t->in[0] & 15U) == OP_CLOSE) {
        out->cut_off = true;
    } else if (payload.len == 2) {
        (void)talker_say(t, payload); /* {}: a ping, whose answer is the same */
    } else if (at != NULL) {
        uint64_t sent = message_number(at + MESSAGE_TIME_AT, 16);

        histogram_add(&out->age, now > sent ? now - sent : 0);
    }
}

static void take_frames(talker *t, slow_result *out)
{
    size_t payload_at = 0;

    for (size_t len; (len = frame_len(t, &payload_at)) != 0;) {
        take_frame(t, (view){t->in + payload_at, len - payload_at}, out);
        t->len -= len;
        memmove(t->in, t->in + len, t->len);
    }
}

void slow_read(talker *t, unsigned bytes_per_s, const _Atomic(bool) *x_over, slow_result *out)
{
    uint64_t begin = clock_mono_ns();

    *out = (slow_result){0};
    while (!atomic_load_explicit(x_over, memory_order_relaxed) &&
           !out->cut_off) { /* a flag alone */
        uint64_t allowed = (clock_mono_ns() - begin) * bytes_per_s / 1000000000U - out->bytes;
        size_t room = sizeof t->in - t->len;
        ssize_t got = 0;

        (void)nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
        if (allowed == 0 || room == 0)
            continue;
        got = recv(t->fd, t->in + t->len, allowed < room ? allowed : room, MSG_DONTWAIT);
        if (got == 0)
            out->cut_off = true;
        if (got <= 0)
            continue;
        out->bytes += (uint64_t)got;
        t->len += (size_t)got;
        take_frames(t, out);
    }
}
