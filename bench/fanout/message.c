/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const char message_head[] = "{\"t\":\"";

void message_write(char *out, size_t size, uint64_t time_ns, uint32_t sequence)
{
    char head[MESSAGE_MIN];
    int len = snprintf(head, sizeof head, "%s%016llx\",\"s\":\"%08x\",\"p\":\"", message_head,
                       (unsigned long long)time_ns, sequence);

    assert(size >= MESSAGE_MIN && size <= MESSAGE_MAX);
    memcpy(out, head, (size_t)len);
    memset(out + len, 'x', size - (size_t)len);
    out[size - 2] = '"';
    out[size - 1] = '}';
}

uint64_t message_number(const char *at, int digits)
{
    uint64_t number = 0;

    for (int i = 0; i < digits; i++) {
        unsigned c = (unsigned char)at[i];

        number = number << 4 | ((c & 15) + 9 * (c >> 6)); /* letters have bit 6, and begin at 1 */
    }
    return number;
}
