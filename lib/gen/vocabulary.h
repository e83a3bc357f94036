/* gen/vocabulary.h - the words of the text generator. */
#ifndef GEN_VOCABULARY_H
#define GEN_VOCABULARY_H

#include <stdint.h>

enum { VOCABULARY_WORDS = 128, VOCABULARY_ADJECTIVES = 25, VOCABULARY_NOUNS = 40 };
enum { WORD_SIZE = 16 };

/* UTF-8 without double quotes, commas and line ends, padded so that a fixed number of bytes may be
 * copied. */
struct word {
    char text[WORD_SIZE - 1];
    uint8_t length;
};

/* Of comments: common English ones, and others that are not ASCII. */
extern const struct word vocabulary_words[VOCABULARY_WORDS];
/* Of categories: each adjective before each noun makes a thousand; the longest of both make
 * 8 + 1 + 8 bytes. */
extern const struct word vocabulary_adjectives[VOCABULARY_ADJECTIVES];
extern const struct word vocabulary_nouns[VOCABULARY_NOUNS];

#endif
