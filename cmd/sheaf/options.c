/* getopt_long(3) does the GNU part: values in the same word or the next, abbreviated names, "--".
 * It is asked for its in-order mode ("-"), in which it hands over operands too and moves none, so
 * that it is known which of them stood behind "--". */
#include "options.h"

#include "message.h"

#include <getopt.h>
#include <string.h>

enum {
    NAMES_MAX = 2 * OPTION_ROWS_MAX + 1, /* each may have an alias */
    OPERAND = 1,                         /* getopt's code of an operand in the in-order mode */
    FIRST_CODE = 256                     /* long options have codes past all letters */
};

/* The options of one command as getopt wants them. */
struct grammar {
    char letters[3 * OPTION_ROWS_MAX + 3];
    struct option names[NAMES_MAX];
};

static int argument_kind(const struct option_row *row)
{
    if (row->value == NULL)
        return no_argument;
    return row->value[0] == '[' ? optional_argument : required_argument;
}

static void grammar_make(const struct command *command, struct grammar *out)
{
    *out = (struct grammar){.letters = "-:"};
    if (command->wraps)
        out->letters[0] = '+'; /* the mode that ends at the first operand */
    size_t letters = strlen(out->letters);
    size_t names = 0;
    for (size_t i = 0; i < option_table_length && i < OPTION_ROWS_MAX; i++) {
        const struct option_row *row = &option_table[i];
        if ((row->commands & command->bit) == 0)
            continue;
        const int kind = argument_kind(row);
        const int code = FIRST_CODE + (int)i;
        out->names[names++] = (struct option){row->name, kind, NULL, code};
        if (row->alias != NULL)
            out->names[names++] = (struct option){row->alias, kind, NULL, code};
        if (row->letter == 0)
            continue;
        out->letters[letters++] = row->letter;
        if (kind == required_argument)
            out->letters[letters++] = ':';
    }
}

/* The row of a code that getopt gave; NULL when the command has no such option. */
static const struct option_row *find_row(const struct command *command, int code)
{
    if (code >= FIRST_CODE)
        return &option_table[code - FIRST_CODE];
    for (size_t i = 0; i < option_table_length; i++) {
        const struct option_row *row = &option_table[i];
        if ((row->commands & command->bit) != 0 && row->letter == code)
            return row;
    }
    return NULL;
}

/* How many options begin with the word; an option and its alias are one. */
static size_t count_beginning(const struct grammar *grammar, const char *word, size_t length)
{
    size_t count = 0;
    int last = 0;
    for (const struct option *at = grammar->names; at->name != NULL; at++) {
        if (strncmp(at->name, word, length) == 0 && at->val != last) {
            last = at->val;
            count++;
        }
    }
    return count;
}

/* Explains a long option, "--name" or "--name=value", that getopt did not take. */
static void refuse_long(const struct command *command, const struct grammar *grammar,
                        const char *word)
{
    char name[64];
    const size_t length = strcspn(word + 2, "=");
    if (length >= sizeof name) {
        message("unknown option %s", quoted(word).text);
        return;
    }
    memcpy(name, word + 2, length);
    name[length] = '\0';

    if (count_beginning(grammar, name, length) > 1) {
        message("option '--%s' is ambiguous; see 'sheaf %s --help'", name, command->name);
        return;
    }
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (; grammar->names[count].name != NULL; count++)
        names[count] = grammar->names[count].name;
    names[count] = NULL;
    const char *near = sheaf_nearest(name, names);
    if (near != NULL)
        message("unknown option %s; did you mean '--%s'?", quoted(word).text, near);
    else
        message("unknown option %s; see 'sheaf %s --help'", quoted(word).text, command->name);
}

/* Explains what getopt answered with '?'. */
static void refuse(const struct command *command, const struct grammar *grammar, const char *word)
{
    if (optopt >= FIRST_CODE)
        message("option '--%s' takes no value", option_table[optopt - FIRST_CODE].name);
    else if (optopt == 0)
        refuse_long(command, grammar, word);
    else
        message("unknown option %s; see 'sheaf %s --help'",
                quoted((const char[]){'-', (char)optopt, '\0'}).text, command->name);
}

static const struct settings defaults = {
    .delimiter = SHEAF_NO_BYTE,
    .quote = '"',
    .comment = SHEAF_NO_BYTE,
    .escape = SHEAF_NO_BYTE,
    .max_field = UINT64_C(1) << 30,
    .top = 10,
    .bins = 10,
    .limit = UINT64_MAX,
    .round = UINT64_MAX,
    .rows = UINT64_MAX,
    .seed = 1,
    .runs = 5,
    .warm_up = 1,
    .out_delimiter = SHEAF_NO_BYTE,
};

/* Two bytes that would mean two things at once. */
static bool refuse_same(int one, const char *name_of_one, int other, const char *name_of_other)
{
    if (one == SHEAF_NO_BYTE || one != other)
        return true;
    message("--%s and --%s are the same byte, %s", name_of_one, name_of_other,
            quoted((const char[]){(char)one, '\0'}).text);
    return false;
}

static bool check_escape(const struct settings *settings)
{
    if (settings->escape == SHEAF_NO_BYTE)
        return true;
    if (settings->quote == SHEAF_NO_BYTE) {
        message("--escape is about quoted fields, but --quote is 'none'");
        return false;
    }
    if (settings->scanner != NULL && strcmp(settings->scanner, "libcsv") == 0) {
        message("--scanner libcsv knows no escapes; leave out one of --scanner and --escape");
        return false;
    }
    return refuse_same(settings->delimiter, "delimiter", settings->escape, "escape") &&
           refuse_same(settings->quote, "quote", settings->escape, "escape") &&
           refuse_same(settings->comment, "comment", settings->escape, "escape");
}

/* Refuses what contradicts itself. */
static bool check(const struct settings *settings)
{
    if (settings->fields != NULL && settings->all_fields) {
        message("--fields and --all contradict each other");
        return false;
    }
    if (!refuse_same(settings->delimiter, "delimiter", settings->quote, "quote") ||
        !refuse_same(settings->delimiter, "delimiter", settings->comment, "comment") ||
        !refuse_same(settings->quote, "quote", settings->comment, "comment") ||
        !refuse_same(settings->out_delimiter, "out-delimiter", settings->comment, "comment") ||
        !check_escape(settings))
        return false;
    if (settings->out_delimiter == '"') {
        message("--out-delimiter cannot be '\"': it quotes the fields of the output");
        return false;
    }
    if (settings->out_delimiter != SHEAF_NO_BYTE && settings->format != NULL &&
        strcmp(settings->format, "csv") != 0) {
        message("--out-delimiter is for CSV; --format is '%s'", settings->format);
        return false;
    }
    return true;
}

/* Takes what getopt gave for one word. */
static bool take(const struct command *command, const struct grammar *grammar, int code,
                 const char *word, struct settings *out)
{
    if (code == '?') {
        refuse(command, grammar, word);
        return false;
    }
    const struct option_row *row = find_row(command, code == ':' ? optopt : code);
    if (row == NULL)
        return false; /* getopt gives only what the grammar holds */
    if (code == ':') {
        message("option '--%s' needs a value: %s", row->name, row->value);
        return false;
    }
    out->given[row - option_table] = true;
    return row->parse(row, optarg, (char *)out + row->member);
}

bool options_parse(const struct command *command, int argc, char **argv, struct settings *out)
{
    struct grammar grammar;
    grammar_make(command, &grammar);
    *out = defaults;
    /* Operands move to the front: behind each there is one word, at least, that getopt has done
     * with. */
    char **operands = argv + 1;
    size_t count = 0;
    optind = 0; /* glibc and musl: begin anew */
    opterr = 0;
    for (;;) {
        const int code = getopt_long(argc, argv, grammar.letters, grammar.names, NULL);
        if (code == -1)
            break;
        if (code == OPERAND)
            operands[count++] = optarg;
        else if (!take(command, &grammar, code, argv[optind - 1], out))
            return false;
        if (out->help)
            return true;
    }
    out->dashes = count;
    while (optind < argc)
        operands[count++] = argv[optind++];
    out->operands = (const char *const *)operands;
    out->operand_count = count;
    return check(out);
}

bool options_given(const struct settings *settings, const char *name)
{
    for (size_t i = 0; i < option_table_length && i < OPTION_ROWS_MAX; i++) {
        if (settings->given[i] && strcmp(option_table[i].name, name) == 0)
            return true;
    }
    return false;
}
