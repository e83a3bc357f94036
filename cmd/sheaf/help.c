#include "help.h"

#include "options.h"
#include "outcome.h"
#include "terminal.h"

#include "sheaf/sheaf.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, OPTION_COLUMN = 27, ENTRY_COLUMN = 20 };

static const char *const section_titles[] = {
    [SECTION_INPUT] = "Reading",
    [SECTION_RESULT] = "The result",
    [SECTION_OUTPUT] = "Output",
    [SECTION_RUN] = "The run",
};

static int finish(void)
{
    return terminal_flush_output() ? OUTCOME_DONE : OUTCOME_FAILED;
}

/* A place on the page: wraps words at WIDTH. */
struct page {
    size_t indent; /* of the lines to come */
    size_t column;
};

static void put_word(struct page *page, const char *word, size_t length)
{
    bool begins = page->column <= page->indent;
    if (!begins && page->column + 1 + length >= WIDTH) {
        putchar('\n');
        page->column = 0;
        begins = true;
    }
    const size_t gap = begins ? page->indent - page->column : 1;
    printf("%*s", (int)gap, "");
    page->column += gap;
    (void)fwrite(word, 1, length, stdout);
    page->column += length;
}

/* Puts the words of a text; a line end in it begins a new line. */
static void put_text(struct page *page, const char *text)
{
    for (const char *at = text; *at != '\0';) {
        const size_t length = strcspn(at, " \n");
        if (length > 0)
            put_word(page, at, length);
        at += length;
        if (*at == '\n') {
            putchar('\n');
            page->column = 0;
        }
        at += *at != '\0';
    }
}

/* Puts a term in the margin, and its text from the column on. */
static void put_item(const char *term, size_t column, const char *text)
{
    struct page page = {.indent = column, .column = (size_t)printf("  %s", term)};
    if (page.column + 2 > column) {
        putchar('\n');
        page.column = 0;
    }
    put_text(&page, text);
    putchar('\n');
}

/* Adds to `out` how an option is written: "-j, --jobs N, --threads N". */
static void write_names(const struct option_row *row, char *out, size_t size)
{
    const char *value = row->value == NULL ? "" : row->value;
    const char *space = *value == '\0' || *value == '[' ? "" : " ";
    char letter[5] = "    ";
    if (row->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    if (row->alias == NULL)
        snprintf(out, size, "%s--%s%s%s", letter, row->name, space, value);
    else
        snprintf(out, size, "%s--%s, --%s%s%s", letter, row->name, row->alias, space, value);
}

static void put_option(const struct option_row *row)
{
    char names[64];
    write_names(row, names, sizeof names);
    char text[1024];
    size_t length = (size_t)snprintf(text, sizeof text, "%s", row->help);
    for (size_t i = 0; row->entries != NULL && length < sizeof text; i++) {
        const char *name = row->entries(i).name;
        const bool last = name != NULL && row->entries(i + 1).name == NULL;
        if (name == NULL)
            break;
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s%s",
                                   i == 0 ? " Known: " : ", ", name, last ? "." : "");
    }
    put_item(names, OPTION_COLUMN, text);
}

static void put_options(const struct command *command)
{
    size_t shown = sizeof section_titles / sizeof section_titles[0];
    for (size_t i = 0; i < option_table_length; i++) {
        const struct option_row *row = &option_table[i];
        if ((row->commands & command->bit) == 0)
            continue;
        if (row->section != shown)
            printf("\n%s:\n", section_titles[row->section]);
        shown = row->section;
        put_option(row);
    }
}

static void put_entries(const char *title, struct sheaf_entry (*list)(size_t index))
{
    printf("\n%s:\n", title);
    for (size_t i = 0; list(i).name != NULL; i++)
        put_item(list(i).signature, ENTRY_COLUMN, list(i).help);
}

int help_command(const struct command *command)
{
    printf("Usage: sheaf %s %s\n\n", command->name, command->synopsis);
    struct page page = {.indent = 0};
    put_text(&page, command->description);
    putchar('\n');
    if (command->list != NULL)
        put_entries(command->list_title, command->list);
    put_options(command);
    printf("\nExamples:\n%s", command->examples);
    return finish();
}

int help_program(const struct command *const *commands)
{
    printf("Usage: sheaf COMMAND [OPTIONS] [ARGUMENTS] [FILE...]\n\n"
           "Reads large CSV and binary files in chunks, on all processors, and gives one\n"
           "exact answer: the same for every number of threads and every chunk size.\n\n"
           "Commands:\n");
    for (size_t i = 0; commands[i] != NULL; i++)
        put_item(commands[i]->name, 12, commands[i]->summary);
    printf("\n"
           "Without FILE, or when FILE is -, standard input is read. Several files are one\n"
           "dataset, in the order given.\n\n"
           "  sheaf COMMAND --help         options of a command, with examples\n"
           "  sheaf --version              the version; --features: what this build knows\n\n"
           "Exit status: 0 done; 1 the data or the system failed; 2 wrong usage; 3 done, but\n"
           "rows or values were left out; 4 memory limit; 128+N stopped by signal N.\n");
    return finish();
}

int help_version(void)
{
    printf("sheaf %s\n", sheaf_version());
    return finish();
}

static void put_list(const char *title, struct sheaf_entry (*list)(size_t index))
{
    struct page page = {.indent = 14, .column = (size_t)printf("%s:", title)};
    for (size_t i = 0; list(i).name != NULL; i++)
        if (i == 0 || strcmp(list(i).name, list(i - 1).name) != 0) /* count() and count(x) */
            put_word(&page, list(i).name, strlen(list(i).name));
    putchar('\n');
}

int help_features(void)
{
    printf("sheaf %s\n", sheaf_version());
    put_list("aggregates", sheaf_aggregate);
    put_list("inputs", sheaf_reader);
    put_list("formats", sheaf_writer);
    put_list("generators", sheaf_generator);
    put_list("executors", sheaf_executor);
    put_list("scanners", sheaf_scanner);
    put_list("io", sheaf_io);
    printf("%-14s%s\n", "libraries:", "libcsv, xxHash, OpenMP");
    put_list("instructions", sheaf_isa_available);
#ifdef __clang__
    printf("%-14s%s\n", "compiler:", __VERSION__);
#else
    printf("%-14s%s\n", "compiler:", "gcc " __VERSION__);
#endif
    return finish();
}
