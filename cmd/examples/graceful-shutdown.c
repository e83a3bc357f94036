/* graceful-shutdown PORT - a TCP server that answers each line of a client with its number.
 *
 * SIGINT, SIGTERM and SIGHUP set a token, which ends every wait for clients and for their bytes.
 * Whatever line has arrived by then is still answered, and the group says when all that is done. A
 * second signal ends the process at once, should a client not take its answers. */
#include "sheaf/group.h"
#include "sheaf/shutdown.h"

#include "sockets.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 64 }; /* clients served at a time; more wait until one is free */

struct server {
    int listener;
    struct sheaf_cancel *stop;
    atomic_ullong clients;
    atomic_ullong lines; /* answered */
};

static void serve_client(struct server *server, int client)
{
    char bytes[1024];
    size_t left = SIZE_MAX;
    unsigned long long lines = 0;
    ssize_t got;
    while ((got = receive(client, bytes, sizeof bytes, &left, server->stop)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            lines += bytes[i] == '\n' && dprintf(client, "%llu\n", lines + 1) > 0;
    }
    hang_up(client);
    atomic_fetch_add(&server->clients, 1);
    atomic_fetch_add(&server->lines, lines);
}

/* The task of a worker. A client that goes early is no failure. */
static enum sheaf_status serve(void *argument, struct sheaf_error *error)
{
    struct server *server = argument;
    (void)error;
    for (int client; (client = accept_client(server->listener, server->stop)) != -1;)
        serve_client(server, client);
    return SHEAF_OK;
}

int main(int argc, char **argv)
{
    uint16_t port = 0;
    struct server server = {.listener = listen_on(argc > 1 ? argv[1] : "0", &port)};
    struct sheaf_error error = {.text = "cannot listen on this port"};
    struct sheaf_shutdown *shutdown = NULL;
    struct sheaf_pool *pool = NULL;
    struct sheaf_group *group = NULL;

    bool good = server.listener != -1 && signal(SIGPIPE, SIG_IGN) != SIG_ERR &&
                sheaf_cancel_open(&server.stop, &error) == SHEAF_OK &&
                sheaf_shutdown_open(server.stop, &shutdown, &error) == SHEAF_OK &&
                sheaf_pool_open(WORKERS, WORKERS, &pool, &error) == SHEAF_OK &&
                sheaf_group_open(pool, NULL, &group, &error) == SHEAF_OK;
    for (unsigned i = 0; good && i < WORKERS; i++)
        good = sheaf_group_go(group, serve, &server, "serve", &error) == SHEAF_OK;
    good = good && printf("listening on %d\n", port) > 0 && fflush(stdout) == 0 &&
           sheaf_group_wait(group, &error) == SHEAF_OK;
    if (!good) { /* the end of the process ends the rest */
        fprintf(stderr, "graceful-shutdown: %s\n", error.text);
        return EXIT_FAILURE;
    }
    printf("served %llu lines to %llu clients\n", server.lines, server.clients);
    sheaf_group_close(group);
    sheaf_pool_close(pool);
    sheaf_shutdown_close(shutdown);
    sheaf_cancel_close(server.stop);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
