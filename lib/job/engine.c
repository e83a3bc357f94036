#include "job/engine.h"

#include "job/nearest.h"

#include <stdio.h>
#include <string.h>

enum { MOST_NAMES = 8, LIST_SIZE = 128 };

/* By enum format_scanner. */
static const struct sheaf_entry scanners[] = {
    [FORMAT_SCANNER_SIMD] = {"simd", "simd", "many bytes at once, and odd rows byte by byte"},
    [FORMAT_SCANNER_LIBCSV] = {"libcsv", "libcsv", "every row by libcsv: slow, to check the other"},
};
enum { SCANNER_COUNT = sizeof scanners / sizeof scanners[0] };

static const char automatic[] = "auto";

_Static_assert((int)ISA_COUNT + 1 < (int)MOST_NAMES, "room for all names and a NULL");
_Static_assert((int)SCANNER_COUNT < (int)MOST_NAMES, "room for all names and a NULL");

struct sheaf_entry sheaf_scanner(size_t index)
{
    return index < SCANNER_COUNT ? scanners[index] : (struct sheaf_entry){.name = NULL};
}

struct sheaf_entry sheaf_isa(size_t index)
{
    if (index > ISA_COUNT)
        return (struct sheaf_entry){.name = NULL};
    const char *name = index == 0 ? automatic : isa_name((enum isa)(index - 1));
    return (struct sheaf_entry){.name = name, .signature = name, .help = ""};
}

struct sheaf_entry sheaf_isa_available(size_t index)
{
    for (unsigned isa = 0; isa < ISA_COUNT; isa++)
        if (isa_is_available((enum isa)isa) && index-- == 0)
            return sheaf_isa(isa + 1);
    return (struct sheaf_entry){.name = NULL};
}

const char *engine_scanner_name(enum format_scanner scanner)
{
    return scanners[scanner].name;
}

static void list_names(struct sheaf_entry (*table)(size_t index), char out[LIST_SIZE])
{
    size_t length = 0;
    out[0] = '\0';
    for (size_t i = 0; table(i).name != NULL && length < LIST_SIZE; i++)
        length += (size_t)snprintf(out + length, LIST_SIZE - length, "%s%s", i > 0 ? ", " : "",
                                   table(i).name);
}

/* Gives the index of the name in the table. */
static enum sheaf_status find(struct sheaf_entry (*table)(size_t index), const char *what,
                              const char *name, size_t *out, struct sheaf_error *error)
{
    const char *names[MOST_NAMES] = {NULL};
    for (size_t i = 0; table(i).name != NULL; i++) {
        names[i] = table(i).name;
        if (strcmp(names[i], name) != 0)
            continue;
        *out = i;
        return SHEAF_OK;
    }
    const struct text word = {.bytes = name, .length = strlen(name)};
    const char *near = nearest_name(word, names);
    char safe[ERROR_NAME_SIZE];
    char list[LIST_SIZE];
    list_names(table, list);
    return error_set(error, SHEAF_USAGE, "unknown %s \"%s\"; %s%s%s", what,
                     error_name(safe, name, word.length), near == NULL ? "" : "did you mean \"",
                     near == NULL ? list : near, near == NULL ? "" : "\"?");
}

static enum sheaf_status choose_isa(const char *name, enum isa *out, struct sheaf_error *error)
{
    size_t index = 0;
    *out = isa_best();
    TRY(find(sheaf_isa, "instruction set", name, &index, error));
    if (index == 0)
        return SHEAF_OK;
    *out = (enum isa)(index - 1);
    if (isa_is_available(*out))
        return SHEAF_OK;
    char list[LIST_SIZE];
    list_names(sheaf_isa_available, list);
    return error_set(error, SHEAF_USAGE,
                     "this machine cannot run the instruction set %s; it can: %s", name, list);
}

enum sheaf_status engine_choose(const struct sheaf_run_options *options, struct engine *out,
                                struct sheaf_error *error)
{
    size_t scanner = FORMAT_SCANNER_SIMD;
    if (options->scanner != NULL)
        TRY(find(sheaf_scanner, "scanner", options->scanner, &scanner, error));
    out->scanner = (enum format_scanner)scanner;
    return choose_isa(options->isa == NULL ? automatic : options->isa, &out->isa, error);
}
