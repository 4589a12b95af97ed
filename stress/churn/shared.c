/* SPDX-License-Identifier: MIT */
#include "shared.h"

#include <sys/mman.h>

shared *shared_new(uint32_t channels)
{
    size_t bytes = sizeof(shared) + (size_t)channels * sizeof(shared_channel);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

void shared_add_doubt(shared_channel *channel, uint64_t seq)
{
    uint64_t count = counter_get(&channel->doubt_count);
    shared_doubt *last = count == 0 ? NULL : &channel->doubts[count - 1];

    /* when all ranges are in use the last one grows over what lies between: too forgiving, never
     * a false alarm */
    if (last != NULL && (seq == counter_get(&last->to) + 1 || count == SHARED_DOUBTS)) {
        counter_set(&last->to, seq);
        return;
    }
    counter_set(&channel->doubts[count].from, seq);
    counter_set(&channel->doubts[count].to, seq);
    counter_set(&channel->doubt_count, count + 1);
}

uint64_t shared_doubtful(const shared_channel *channel, uint64_t from, uint64_t to)
{
    uint64_t count = counter_get(&channel->doubt_count);
    uint64_t doubtful = 0;

    for (uint64_t i = 0; i < count && i < SHARED_DOUBTS; i++) {
        uint64_t first = counter_get(&channel->doubts[i].from);
        uint64_t last = counter_get(&channel->doubts[i].to);

        if (first < from)
            first = from;
        if (last > to)
            last = to;
        if (first <= last)
            doubtful += last - first + 1;
    }
    return doubtful;
}
