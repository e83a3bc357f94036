/* bench/duckdb.c - runs SQL in an empty DuckDB; a contestant of scripts/bench.
 *
 *     duckdb LIBRARY STATEMENT...
 *
 * LIBRARY is the path of a libduckdb.so, which is loaded when the program runs: nothing of DuckDB
 * is needed to compile. What is declared here is what its C interface has had since version 0.3.
 *
 * Results are not looked at. A statement that should print is a COPY (query) TO 'FILE' (FORMAT
 * csv), so that DuckDB formats its rows itself, by all its threads. The database is not closed at
 * the end: taking its memory apart is no part of the answer, and the system does that faster.
 *
 * Status: 0, all statements ran; 1, one did not, or the library is of no use; 2, wrong usage. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The library's struct of this kind holds six words; there is room for more to come. */
struct result {
    void *words[16];
};

struct functions {
    int (*open)(const char *path, void **database);
    int (*connect)(void *database, void **connection);
    int (*query)(void *connection, const char *sql, struct result *result);
    const char *(*error)(struct result *result);
    void (*destroy)(struct result *result);
};

/* Looks a function up and puts it at `place`. Gives 0, or -1 after a message. */
static int find(void *library, const char *name, void *place)
{
    void *found = dlsym(library, name);

    if (found == NULL) {
        fprintf(stderr, "duckdb: the library has no %s\n", name);
        return -1;
    }
    memcpy(place, &found, sizeof found); /* ISO C converts no object pointers to functions */
    return 0;
}

static int load(const char *path, struct functions *duckdb)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        fprintf(stderr, "duckdb: %s\n", dlerror());
        return -1;
    }
    if (find(library, "duckdb_open", &duckdb->open) != 0 ||
        find(library, "duckdb_connect", &duckdb->connect) != 0 ||
        find(library, "duckdb_query", &duckdb->query) != 0 ||
        find(library, "duckdb_result_error", &duckdb->error) != 0 ||
        find(library, "duckdb_destroy_result", &duckdb->destroy) != 0)
        return -1;
    return 0;
}

static int run(const struct functions *duckdb, void *connection, const char *sql)
{
    struct result result = {{NULL}};
    int failed = duckdb->query(connection, sql, &result);

    if (failed) {
        const char *told = duckdb->error(&result);

        fprintf(stderr, "duckdb: %s\n", told != NULL ? told : "a statement failed");
    }
    duckdb->destroy(&result);
    return failed ? -1 : 0;
}

int main(int count, char **arguments)
{
    struct functions duckdb;
    void *database = NULL;
    void *connection = NULL;

    if (count < 3) {
        fputs("usage: duckdb LIBRARY STATEMENT...\n", stderr);
        return 2;
    }
    if (load(arguments[1], &duckdb) != 0)
        return 1;
    if (duckdb.open(NULL, &database) != 0 || duckdb.connect(database, &connection) != 0) {
        fputs("duckdb: could not open a database in memory\n", stderr);
        return 1;
    }
    for (int i = 2; i < count; i++) {
        if (run(&duckdb, connection, arguments[i]) != 0)
            return 1;
    }
    _exit(0);
}
