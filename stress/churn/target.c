/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    return address->ss_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static bool resolve(target *t, const char *name, const char *port, buf *errors)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(name, port, &hints, &found);

    if (failure != 0) {
        buf_printf(errors, "cannot find %s: %s\n", name, gai_strerror(failure));
        return false;
    }
    memcpy(&t->address, found->ai_addr, found->ai_addrlen);
    t->address_len = found->ai_addrlen;
    t->loopback = is_loopback(&t->address);
    freeaddrinfo(found);
    return true;
}

/* "host", "host:port", "[::1]:port" */
static bool split_host(const char *host, char *name, char *port)
{
    const char *end = host[0] == '[' ? strchr(host, ']') : strchr(host, ':');
    const char *begin = host[0] == '[' ? host + 1 : host;
    size_t len = end == NULL ? strlen(begin) : (size_t)(end - begin);
    const char *colon = end == NULL ? NULL : strchr(end, ':');

    if (len == 0 || (host[0] == '[' && end == NULL))
        return false;
    memcpy(name, begin, len);
    name[len] = '\0';
    (void)snprintf(port, TARGET_HOST_MAX, "%s", colon == NULL ? "80" : colon + 1);
    return true;
}

/* Nothing that would break out of a request line or a header. */
static bool is_printable(view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] >= 0x7F)
            return false;
    }
    return true;
}

bool target_parse(target *t, const char *scheme, view url, buf *errors)
{
    char name[TARGET_HOST_MAX];
    char port[TARGET_HOST_MAX];
    char prefix[16];
    int prefix_len = snprintf(prefix, sizeof prefix, "%s://", scheme);
    view text = url;

    *t = (target){0};
    if (!view_starts_with(text, view_of(prefix)) || !is_printable(text)) {
        buf_printf(errors, "not a URL that begins with %s: \"%.*s\"\n", prefix, (int)url.len,
                   url.ptr);
        return false;
    }
    text = view_skip(text, (size_t)prefix_len);

    const char *slash = text.len == 0 ? NULL : memchr(text.ptr, '/', text.len);
    size_t host_len = slash == NULL ? text.len : (size_t)(slash - text.ptr);

    if (host_len == 0 || host_len >= sizeof t->host || text.len - host_len >= sizeof t->path) {
        buf_printf(errors, "no host, or too long: \"%.*s\"\n", (int)url.len, url.ptr);
        return false;
    }
    memcpy(t->host, text.ptr, host_len);
    memcpy(t->path, slash == NULL ? "/" : slash, slash == NULL ? 1 : text.len - host_len);
    if (!split_host(t->host, name, port)) {
        buf_printf(errors, "no host: \"%.*s\"\n", (int)url.len, url.ptr);
        return false;
    }
    return resolve(t, name, port, errors);
}

target target_sibling(const target *t, view path)
{
    target sibling = *t;

    memset(sibling.path, 0, sizeof sibling.path);
    memcpy(sibling.path, path.ptr,
           path.len < sizeof sibling.path ? path.len : sizeof sibling.path - 1);
    return sibling;
}

/* Binds to 127.1.x.y; the port is chosen only when connecting, by the pair of addresses. */
static int bind_source(int fd, uint64_t serial)
{
    const int on = 1;
    uint32_t host = 0x7F010001U + (uint32_t)(serial % TARGET_SOURCES);
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(host)}};

    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (const struct sockaddr *)&source, sizeof source);
}

int target_dial(const target *t, uint64_t serial)
{
    const int on = 1;
    int fd = socket(t->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if ((t->loopback && t->address.ss_family == AF_INET && bind_source(fd, serial) != 0) ||
        (connect(fd, (const struct sockaddr *)&t->address, t->address_len) != 0 &&
         errno != EINPROGRESS)) {
        int error = errno;

        (void)close(fd);
        return -error;
    }
    return fd;
}
