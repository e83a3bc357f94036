/* resource-pool - eight workers share three connections to a database in memory. Main closes them
 * when all workers have been served: the log shows that the close waits until the last returns. */
#include "sheaf/group.h"
#include "sheaf/resource_pool.h"
#include "sheaf/waitgroup.h"

#include <sqlite3.h>
#include <stdio.h>

enum { WORKERS = 8, CONNECTIONS = 3, ROWS = 5 /* of each worker */ };

struct shop {
    struct sheaf_resource_pool *connections;
    struct sheaf_waitgroup served; /* workers that have not got a connection yet */
};

static enum sheaf_status connect(void *rows, void **resource, struct sheaf_error *error)
{
    (void)rows;
    puts("open");
    sqlite3 *connection;
    if (sqlite3_open_v2("file:/numbers?vfs=memdb", &connection,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL) == SQLITE_OK) {
        *resource = connection;
        return SHEAF_OK;
    }
    sqlite3_close(connection);
    return error->status = SHEAF_SYSTEM;
}

static void disconnect(void *rows, void *connection)
{
    puts("close");
    *(int *)rows += sqlite3_total_changes(connection);
    sqlite3_close(connection);
}

static enum sheaf_status insert(void *argument, struct sheaf_error *error)
{
    static const char sql[] = "PRAGMA busy_timeout = 60000; CREATE TABLE IF NOT EXISTS t (n);"
                              "INSERT INTO t VALUES (1), (2), (3), (4), (5)";
    struct shop *shop = argument;
    void *connection;
    (void)sheaf_resource_pool_borrow(shop->connections, SHEAF_HERE, &connection, error);
    sheaf_waitgroup_done(&shop->served);
    if (connection == NULL)
        return SHEAF_OK; /* shows in the rows; a failure would keep others from being served */
    puts("borrow");
    (void)sqlite3_exec(connection, sql, NULL, NULL, NULL); /* so does a failure here */
    puts("return");
    sheaf_resource_pool_return(shop->connections, connection);
    return SHEAF_OK;
}

int main(void)
{
    int rows = 0; /* inserted over connections that are closed */
    const struct sheaf_resource_options options = {CONNECTIONS, connect, disconnect, &rows, NULL};
    struct shop shop = {.served = SHEAF_WAITGROUP_INIT};
    struct sheaf_pool *pool = NULL;
    struct sheaf_group *group = NULL;
    if (sheaf_pool_open(WORKERS, WORKERS, &pool, NULL) == SHEAF_OK &&
        sheaf_group_open(pool, NULL, &group, NULL) == SHEAF_OK &&
        sheaf_resource_pool_open(&options, &shop.connections, NULL) == SHEAF_OK) {
        sheaf_waitgroup_add(&shop.served, WORKERS);
        for (unsigned i = 0; i < WORKERS; i++)
            if (sheaf_group_go(group, insert, &shop, "insert", NULL) != SHEAF_OK)
                sheaf_waitgroup_done(&shop.served);
        sheaf_waitgroup_wait(&shop.served);
        sheaf_resource_pool_close(shop.connections, UINT64_MAX, NULL);
        sheaf_group_wait(group, NULL);
    }
    sheaf_resource_pool_destroy(shop.connections);
    sheaf_group_close(group);
    sheaf_pool_close(pool);
    printf("%d rows\n", rows);
    return rows == WORKERS * ROWS && fflush(stdout) == 0 ? 0 : 1;
}
