/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <linux/tcp.h> /* alone has these figures, and does not get along with <netinet/tcp.h> */
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* Unsent bytes from which on the kernel takes no more. */
enum { UNSENT_BYTES = 4096 };

void peer_hold_little(int fd)
{
    int bytes = UNSENT_BYTES;

    /* a failure costs freshness only */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

uint32_t peer_acked(int fd, bool *outstanding)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;

    *outstanding = false;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return 0;
    *outstanding = info.tcpi_unacked != 0 || info.tcpi_notsent_bytes != 0;
    return (uint32_t)info.tcpi_bytes_acked;
}
