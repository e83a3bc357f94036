/* message.h - what the program says to its user, always on standard error. */
#ifndef MESSAGE_H
#define MESSAGE_H

/* Prints "sheaf: ", the text and a line end, in one write. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A word of the user's, in single quotes and safe to print. */
struct quoted {
    char text[96];
};

/* Gives `word` with control bytes escaped and a long one cut: quoted(word).text lives until the end
 * of the full expression. */
struct quoted quoted(const char *word);

#endif
