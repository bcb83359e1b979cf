/* SPDX-License-Identifier: MIT */
/*
 * A serial server's port as a transport: bytes as they are, without telnet's options. The rate of
 * the line is the server's affair: it is never asked for another one, so the session stays at that
 * of the start. Nothing here waits without an end.
 */
#include "tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_MS = 5000, HOST_SIZE = 256, DRAIN_MS = 20 };

struct tcp {
    int fd;        /* -1: the connection is gone */
    uint32_t baud; /* what the session takes the line's rate to be */
    char host[HOST_SIZE], service[32];
};

static uint64_t tcp_now_ms(void *ctx)
{
    struct timespec t;
    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static void tcp_sleep_ms(void *ctx, unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)ctx;
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

/* Signals or not: a frame that is on its way is finished. */
static int wait_for(const struct tcp *p, short events, uint64_t deadline_ms, bool *ready)
{
    *ready = false;
    while (p->fd >= 0) {
        uint64_t at = tcp_now_ms(NULL);
        struct pollfd fd = {.fd = p->fd, .events = events};
        int n = poll(&fd, 1, deadline_ms > at ? (int)(deadline_ms - at) : 0);
        if (n >= 0) {
            *ready = n > 0;
            return ARAREXT_OK;
        }
        if (errno != EINTR) {
            return ARAREXT_ERR_IO;
        }
    }
    return ARAREXT_ERR_IO;
}

static int tcp_write(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    struct tcp *p = ctx;
    uint64_t deadline = tcp_now_ms(p) + timeout_ms;
    while (len > 0) {
        bool ready = false;
        int rc = wait_for(p, POLLOUT, deadline, &ready);
        if (rc != ARAREXT_OK || !ready) {
            return rc != ARAREXT_OK ? rc : ARAREXT_ERR_TIMEOUT;
        }
        ssize_t n = send(p->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return ARAREXT_ERR_IO;
        }
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return ARAREXT_OK;
}

static int tcp_read(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    struct tcp *p = ctx;
    bool ready = false;
    *got = 0;
    int rc = wait_for(p, POLLIN, tcp_now_ms(p) + timeout_ms, &ready);
    if (rc != ARAREXT_OK || !ready) {
        return rc;
    }
    ssize_t n = recv(p->fd, data, size, MSG_DONTWAIT);
    *got = n > 0 ? (size_t)n : 0;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)) ? ARAREXT_OK : ARAREXT_ERR_IO;
}

static int tcp_set_baud(void *ctx, uint32_t baud)
{
    const struct tcp *p = ctx;
    return p->fd < 0 ? ARAREXT_ERR_IO : baud == p->baud ? ARAREXT_OK : ARAREXT_ERR_ARGUMENT;
}

static int tcp_flush_input(void *ctx)
{
    uint8_t rest[512];
    size_t got = sizeof rest;
    int rc = ARAREXT_OK;
    while (rc == ARAREXT_OK && got > 0) {
        rc = tcp_read(ctx, rest, sizeof rest, 0, &got);
    }
    return rc;
}

/* What was written is the server's; when it has left there nobody tells. */
static int tcp_drain(void *ctx)
{
    const struct tcp *p = ctx;
    tcp_sleep_ms(ctx, DRAIN_MS);
    return p->fd >= 0 ? ARAREXT_OK : ARAREXT_ERR_IO;
}

static void tcp_close(void *ctx)
{
    struct tcp *p = ctx;
    if (p->fd >= 0) {
        close(p->fd);
    }
    free(p);
}

/* ---- connecting ---- */

/* One of the host's addresses; its error is in errno. */
static int connect_to(const struct addrinfo *a)
{
    int error = 0, on = 1;
    socklen_t len = sizeof error;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0) {
        return -1;
    }
    if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
        const struct tcp p = {.fd = fd};
        bool ready = false;
        if (errno != EINPROGRESS) {
            error = errno;
        } else if (wait_for(&p, POLLOUT, tcp_now_ms(NULL) + CONNECT_MS, &ready) != ARAREXT_OK ||
                   !ready) {
            error = ETIMEDOUT;
        } else {
            (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
        }
    }
    if (error != 0) {
        close(fd);
        errno = error;
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static int connect_any(struct tcp *p, struct ararext_message *why)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(p->host, p->service, &hints, &list);
    if (rc != 0) {
        message_set(why, "tcp://%s:%s: %s", p->host, p->service, gai_strerror(rc));
        return ARAREXT_ERR_NO_PORT;
    }
    int error = ENXIO;
    for (const struct addrinfo *a = list; a != NULL && p->fd < 0; a = a->ai_next) {
        p->fd = connect_to(a);
        error = errno;
    }
    freeaddrinfo(list);
    if (p->fd < 0) {
        message_set(why, "tcp://%s:%s: %s", p->host, p->service, strerror(error));
        return ARAREXT_ERR_NO_PORT;
    }
    return ARAREXT_OK;
}

static int tcp_reopen(void *ctx)
{
    struct tcp *p = ctx;
    if (p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
    return connect_any(p, NULL) == ARAREXT_OK ? ARAREXT_OK : ARAREXT_ERR_IO;
}

/* "host:23" or "[::1]:23". */
static bool split_address(struct tcp *p, const char *address)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon != NULL ? (size_t)(colon - address) : 0;
    bool bracketed = len > 2 && address[0] == '[' && address[len - 1] == ']';
    if (bracketed) {
        address++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof p->host || colon[1] == '\0' ||
        strlen(colon + 1) >= sizeof p->service || strchr(colon + 1, '/') != NULL ||
        (!bracketed && memchr(address, ':', len) != NULL)) {
        return false;
    }
    memcpy(p->host, address, len);
    p->host[len] = '\0';
    snprintf(p->service, sizeof p->service, "%s", colon + 1);
    return true;
}

int tcp_open(struct ararext_transport *out, const char *address, uint32_t baud,
             struct ararext_message *why)
{
    struct tcp *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    p->fd = -1;
    p->baud = baud != 0 ? baud : BAUD_DEFAULT;
    int rc = ARAREXT_OK;
    if (!split_address(p, address)) {
        message_set(why, "tcp://%.200s: expected tcp://HOST:PORT", address);
        rc = ARAREXT_ERR_ARGUMENT;
    }
    if (rc == ARAREXT_OK) {
        rc = connect_any(p, why);
    }
    if (rc != ARAREXT_OK) {
        free(p);
        return rc;
    }
    *out = (struct ararext_transport){
        .ctx = p,
        .write = tcp_write,
        .read = tcp_read,
        .set_baud = tcp_set_baud,
        .flush_input = tcp_flush_input,
        .drain = tcp_drain,
        .now_ms = tcp_now_ms,
        .sleep_ms = tcp_sleep_ms,
        .close = tcp_close,
        .may_lag = true, /* a network, and often a twin behind it */
        .reopen = tcp_reopen,
    };
    return ARAREXT_OK;
}
