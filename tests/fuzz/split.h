/* SPDX-License-Identifier: MIT */
/* The first promise of whoever reads a stream of bytes: how it is cut into pieces is no matter. */
#ifndef FUZZ_SPLIT_H
#define FUZZ_SPLIT_H

#include "buf.h"
#include "fuzz.h"

/* `feed_in_steps` feeds a new reader in pieces of `step` bytes, and returns a log of all that it said. */
static inline void check_splits(view bytes, buf (*feed_in_steps)(view bytes, size_t step))
{
    size_t steps[] = {1, 5, 7, bytes.len / 2 + 1};
    buf whole = feed_in_steps(bytes, bytes.len);

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        buf pieces = feed_in_steps(bytes, steps[i]);

        require(view_eq(buf_view(&whole), buf_view(&pieces)), "the split makes no difference");
        buf_fini(&pieces);
    }
    buf_fini(&whole);
}

#endif
