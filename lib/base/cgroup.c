/* Where the numbers come from:
 *
 *   /proc/self/cgroup      the path of the process in each hierarchy: "4:memory:/a/b" (version 1),
 *                          "0::/a/b" (version 2)
 *   /proc/self/mountinfo   where each hierarchy is mounted, and which of its directories is the
 *                          root of that mount (proc(5)): in a container often not "/"
 *
 * A container may see a path in the first that its mount does not show. Then the walk upwards
 * still meets the mount's root, which is the container's own group. */
#include "base/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 4096 };

/* One kind of hierarchy that may limit us. */
struct hierarchy {
    const char *type;       /* the file system's type in mountinfo */
    const char *controller; /* among the mount's options; NULL: version 2, which has them all */
    void (*limit)(const char *directory, struct cgroup_limits *limits);
};

/* Reads a line without its line end; one that does not fit is passed over whole. False at the
 * end. */
static bool read_line(FILE *file, char line[LINE_SIZE])
{
    bool tail = false; /* the piece to come ends a line that did not fit */
    while (fgets(line, LINE_SIZE, file) != NULL) {
        char *end = strchr(line, '\n');
        const bool whole = end != NULL || feof(file);
        if (whole && !tail) {
            if (end != NULL)
                *end = '\0';
            return true;
        }
        tail = !whole;
    }
    return false;
}

/* Opens ROOT/NAME; NULL when it is absent or its path is too long. */
static FILE *open_in(const char *directory, const char *name)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return NULL;
    return fopen(path, "re");
}

/* Reads up to two numbers from a one-line file, and gives how many there were: none for "max",
 * for -1 and for a file that is not there. */
static int read_numbers(const char *directory, const char *name, uint64_t numbers[2])
{
    FILE *file = open_in(directory, name);
    if (file == NULL)
        return 0;
    char line[LINE_SIZE];
    int count = 0;
    if (read_line(file, line)) {
        const char *at = line;
        while (count < 2 && *at >= '0' && *at <= '9') {
            char *end;
            numbers[count++] = strtoull(at, &end, 10);
            at = end + strspn(end, " ");
        }
    }
    (void)fclose(file); /* was only read */
    return count;
}

static void cut(uint64_t *limit, uint64_t value)
{
    if (value < *limit)
        *limit = value;
}

static void cut_processors(struct cgroup_limits *limits, uint64_t quota, uint64_t period)
{
    if (period == 0)
        return;
    const uint64_t processors = quota / period + (quota % period != 0);
    cut(&limits->processors, processors == 0 ? 1 : processors);
}

static void limit_unified(const char *directory, struct cgroup_limits *limits)
{
    uint64_t numbers[2];
    if (read_numbers(directory, "cpu.max", numbers) == 2)
        cut_processors(limits, numbers[0], numbers[1]);
    if (read_numbers(directory, "memory.max", numbers) >= 1)
        cut(&limits->memory, numbers[0]);
}

static void limit_processors(const char *directory, struct cgroup_limits *limits)
{
    uint64_t quota[2];
    uint64_t period[2];
    if (read_numbers(directory, "cpu.cfs_quota_us", quota) >= 1 &&
        read_numbers(directory, "cpu.cfs_period_us", period) >= 1)
        cut_processors(limits, quota[0], period[0]);
}

static void limit_memory(const char *directory, struct cgroup_limits *limits)
{
    uint64_t numbers[2];
    if (read_numbers(directory, "memory.limit_in_bytes", numbers) >= 1)
        cut(&limits->memory, numbers[0]);
}

static const struct hierarchy hierarchies[] = {
    {.type = "cgroup2", .controller = NULL, .limit = limit_unified},
    {.type = "cgroup", .controller = "cpu", .limit = limit_processors},
    {.type = "cgroup", .controller = "memory", .limit = limit_memory},
};
enum { HIERARCHIES = sizeof hierarchies / sizeof hierarchies[0] };

/* True when `item` stands in the comma-separated list. */
static bool lists(const char *list, const char *item)
{
    const size_t length = strlen(item);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, item, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* Turns the octal escapes of mountinfo (\040 for a space) into their bytes, in place. */
static void unescape(char *text)
{
    char *out = text;
    for (const char *at = text; *at != '\0'; out++) {
        if (at[0] == '\\' && strspn(at + 1, "01234567") >= 3) {
            *out = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            at += 4;
        } else {
            *out = *at++;
        }
    }
    *out = '\0';
}

/* A line of mountinfo, cut up. */
struct mount {
    char *root;  /* the directory of the file system that the mount shows */
    char *point; /* where it shows it */
    const char *type;
    const char *options;
};

/* "31 23 0:28 ROOT POINT options [fields] - TYPE source OPTIONS": false when the line is none. Cuts
 * the line up. */
static bool parse_mount(char *line, struct mount *out)
{
    char *tail = strstr(line, " - ");
    if (tail == NULL)
        return false;
    *tail = '\0';
    char *rest = NULL;
    out->type = strtok_r(tail + 3, " ", &rest);
    (void)strtok_r(NULL, " ", &rest); /* the source: any name */
    out->options = strtok_r(NULL, " ", &rest);
    if (out->type == NULL || out->options == NULL)
        return false;

    char *field = strtok_r(line, " ", &rest);
    for (int skipped = 0; skipped < 3 && field != NULL; skipped++)
        field = strtok_r(NULL, " ", &rest);
    out->root = field;
    out->point = strtok_r(NULL, " ", &rest);
    if (out->root == NULL || out->point == NULL)
        return false;
    unescape(out->root);
    unescape(out->point);
    return true;
}

static bool shows(const struct mount *mount, const struct hierarchy *hierarchy)
{
    return strcmp(mount->type, hierarchy->type) == 0 &&
           (hierarchy->controller == NULL || lists(mount->options, hierarchy->controller));
}

/* The path of the process in each hierarchy; empty: not known, or done with. */
struct paths {
    char of[HIERARCHIES][LINE_SIZE];
};

/* Fills the paths from lines "4:memory:/a/b"; version 2 names no controllers. */
static void read_paths(const char *root, struct paths *out)
{
    for (size_t i = 0; i < HIERARCHIES; i++)
        out->of[i][0] = '\0';
    FILE *file = open_in(root, "proc/self/cgroup");
    if (file == NULL)
        return;
    char line[LINE_SIZE];
    while (read_line(file, line)) {
        char *controllers = strchr(line, ':');
        char *end = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (end == NULL)
            continue;
        *end = '\0';
        controllers++;
        for (size_t i = 0; i < HIERARCHIES; i++) {
            const char *wanted = hierarchies[i].controller;
            if (wanted == NULL ? *controllers == '\0' : lists(controllers, wanted))
                strcpy(out->of[i], end + 1); /* a part of a line, and so no longer than one */
        }
    }
    (void)fclose(file); /* was only read */
}

/* The part of `path` below the mount's root. A path that does not lie below it is taken whole. */
static const char *below(const char *path, const char *mount_root)
{
    const size_t length = strlen(mount_root);
    if (strcmp(mount_root, "/") == 0 || strncmp(path, mount_root, length) != 0)
        return path;
    return path[length] == '/' || path[length] == '\0' ? path + length : path;
}

/* Applies the limits of the group at `path` and of all groups above it, up to the mount point. */
static void walk_up(const struct hierarchy *hierarchy, const char *point, const char *path,
                    struct cgroup_limits *limits)
{
    char directory[PATH_MAX];
    const int length = snprintf(directory, sizeof directory, "%s%s", point, path);
    if (length < 0 || (size_t)length >= sizeof directory)
        return;
    for (;;) {
        hierarchy->limit(directory, limits);
        char *slash = strrchr(directory, '/');
        if (slash == NULL || (size_t)(slash - directory) < strlen(point))
            return;
        *slash = '\0';
    }
}

/* Applies the limits of a hierarchy, if the mount shows it and no mount before did. */
static void read_hierarchy(const struct hierarchy *hierarchy, const char *root,
                           const struct mount *mount, char *path, struct cgroup_limits *limits)
{
    if (*path == '\0' || !shows(mount, hierarchy))
        return;
    char point[PATH_MAX];
    const int length = snprintf(point, sizeof point, "%s%s", root, mount->point);
    if (length >= 0 && (size_t)length < sizeof point)
        walk_up(hierarchy, point, below(path, mount->root), limits);
    *path = '\0';
}

void cgroup_read(const char *root, struct cgroup_limits *out)
{
    out->processors = UINT64_MAX;
    out->memory = UINT64_MAX;
    struct paths paths;
    read_paths(root, &paths);
    FILE *file = open_in(root, "proc/self/mountinfo");
    if (file == NULL)
        return;
    char line[LINE_SIZE];
    struct mount mount;
    while (read_line(file, line)) {
        if (!parse_mount(line, &mount))
            continue;
        for (size_t i = 0; i < HIERARCHIES; i++)
            read_hierarchy(&hierarchies[i], root, &mount, paths.of[i], out);
    }
    (void)fclose(file); /* was only read */
}
