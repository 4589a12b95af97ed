/* SPDX-License-Identifier: MIT */
#include "handshake.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { KEY_LEN = 24, SHA1_LEN = 20 };

size_t handshake_len(const char *head)
{
    const char *end = strstr(head, "\r\n\r\n");

    return end == NULL ? 0 : (size_t)(end - head) + 4;
}

size_t handshake_answer(const char *head, char answer[static HANDSHAKE_ANSWER_MAX])
{
    static const char name[] = "\r\nSec-WebSocket-Key:";
    const char *key = strcasestr(head, name);
    unsigned char digest[SHA1_LEN];
    char accept[32];
    char text[KEY_LEN + 37];

    if (strncmp(head, "GET ", 4) != 0 || key == NULL)
        return 0;
    key += strlen(name);
    key += strspn(key, " \t");
    if (strcspn(key, " \t\r") != KEY_LEN)
        return 0;
    (void)snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    if (EVP_Digest(text, sizeof text - 1, digest, NULL, EVP_sha1(), NULL) != 1)
        return 0;
    (void)EVP_EncodeBlock((unsigned char *)accept, digest, SHA1_LEN);
    return (size_t)snprintf(answer, HANDSHAKE_ANSWER_MAX,
                            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                            accept);
}
