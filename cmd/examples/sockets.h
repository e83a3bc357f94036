/* sockets.h - what graceful-shutdown does with sockets: waits that a cancel token ends, and a close
 * that loses nothing. */
#ifndef EXAMPLES_SOCKETS_H
#define EXAMPLES_SOCKETS_H

#include "sheaf/cancel.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 5 };

/* Listens on the port of 127.0.0.1 that the text names (0: any), and stores it. -1: failed. Several
 * threads may wait for the same client, so that to accept must not block. */
static inline int listen_on(const char *text, uint16_t *port)
{
    char *end;
    const unsigned long number = strtoul(text, &end, 10);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)number),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int on = 1; /* the port of a server that has just ended is free */
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*end != '\0' || number > UINT16_MAX || listener == -1 ||
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        return -1;
    *port = ntohs(address.sin_port);
    return listener;
}

/* Waits until there is something to read or accept. False: the token is set. */
static inline bool wait_readable(int socket, const struct sheaf_cancel *stop)
{
    struct pollfd ready[] = {{.fd = socket, .events = POLLIN},
                             {.fd = sheaf_cancel_descriptor(stop), .events = POLLIN}};
    while (poll(ready, 2, -1) == -1 && errno == EINTR)
        continue;
    return ready[1].revents == 0;
}

/* The next client; -1: the token is set, or accept fails for good (errno). One that takes none of
 * its answers for PATIENCE_S is given up. */
static inline int accept_client(int listener, const struct sheaf_cancel *stop)
{
    int client = -1;
    errno = 0; /* EAGAIN: another thread was faster; ECONNABORTED: it has gone again */
    while (client == -1 && (errno == 0 || errno == EAGAIN || errno == ECONNABORTED) &&
           wait_readable(listener, stop))
        client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    if (client != -1)
        (void)setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return client;
}

/* Reads what a client sends, until the token is set: then only what has arrived by that time, so
 * that who sends on and on holds nobody up. `left` begins as SIZE_MAX. 0 or less: no more. */
static inline ssize_t receive(int client, char *bytes, size_t size, size_t *left,
                              const struct sheaf_cancel *stop)
{
    int arrived = 0;
    if (*left == SIZE_MAX && !wait_readable(client, stop))
        *left = ioctl(client, FIONREAD, &arrived) == 0 ? (size_t)arrived : 0;
    const ssize_t got = *left == 0 ? 0 : recv(client, bytes, size < *left ? size : *left, 0);
    if (*left != SIZE_MAX && got > 0)
        *left -= (size_t)got;
    return got;
}

/* Closes a client's socket: says that it is over and lets the client close first, for a while. With
 * bytes unread, close would be a reset, which takes the answers under way along. */
static inline void hang_up(int client)
{
    char rest[1024];
    struct pollfd ready = {.fd = client, .events = POLLIN};
    const time_t end = time(NULL) + PATIENCE_S;
    (void)shutdown(client, SHUT_WR);
    while (poll(&ready, 1, PATIENCE_S * 1000) > 0 && recv(client, rest, sizeof rest, 0) > 0 &&
           time(NULL) < end)
        continue;
    (void)close(client);
}

#endif
