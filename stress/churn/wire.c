/* SPDX-License-Identifier: MIT */
#include "wire.h"

view wire_header(view head, view name)
{
    while (head.len > 0) {
        const char *end = memchr(head.ptr, '\n', head.len);
        size_t len = end == NULL ? head.len : (size_t)(end - head.ptr) + 1;
        view line = {.ptr = head.ptr, .len = len};

        head = view_skip(head, len);
        if (len <= name.len || strncasecmp(line.ptr, name.ptr, name.len) != 0 ||
            line.ptr[name.len] != ':')
            continue;
        line = view_skip(line, name.len + 1);
        while (line.len > 0 && line.ptr[0] == ' ')
            line = view_skip(line, 1);
        while (line.len > 0 && (unsigned char)line.ptr[line.len - 1] <= ' ')
            line.len--;
        return line;
    }
    return (view){0};
}

uint64_t wire_status(view head)
{
    uint64_t status = 0;

    if (head.len < 12 || memcmp(head.ptr, "HTTP/1.", 7) != 0)
        return 0;
    for (int i = 9; i < 12; i++)
        status = status * 10 + (uint64_t)(uint8_t)(head.ptr[i] - '0');
    return status;
}

size_t wire_write_frame(char *out, uint8_t opcode, uint32_t mask, view payload)
{
    size_t head = 2;
    size_t more = payload.len < 126 ? 0 : payload.len <= UINT16_MAX ? 2 : 8;
    char key[4];

    out[0] = (char)(0x80 | opcode);
    out[1] = (char)(0x80 | (more == 0 ? payload.len : more == 2 ? 126 : 127));
    for (size_t i = more; i > 0; i--)
        out[head++] = (char)(payload.len >> (8 * (i - 1)));
    memcpy(key, &mask, sizeof key);
    memcpy(out + head, key, sizeof key);
    head += sizeof key;
    for (size_t i = 0; i < payload.len; i++)
        out[head + i] = (char)(payload.ptr[i] ^ key[i & 3]);
    return head + payload.len;
}

uint64_t wire_frame_len(view bytes, size_t *head)
{
    uint64_t len = 0;
    size_t more = 0;

    if (bytes.len < 2)
        return 0;
    len = bytes.ptr[1] & 0x7F;
    more = len == 126 ? 2 : len == 127 ? 8 : 0;
    *head = 2 + more;
    if (bytes.len < *head)
        return 0;
    if (more > 0)
        len = 0;
    for (size_t i = 0; i < more; i++)
        len = len << 8 | (uint8_t)bytes.ptr[2 + i];
    return *head + len;
}
