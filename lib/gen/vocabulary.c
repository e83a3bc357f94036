#include "gen/vocabulary.h"

// clang-format off
#define WORD(text) {text, sizeof(text) - 1}

const struct word vocabulary_words[VOCABULARY_WORDS] = {
    WORD("a"), WORD("and"), WORD("the"), WORD("of"), WORD("in"), WORD("with"), WORD("for"),
    WORD("from"), WORD("late"), WORD("early"), WORD("near"), WORD("under"), WORD("over"),
    WORD("very"), WORD("quite"), WORD("almost"), WORD("morning"), WORD("evening"), WORD("winter"),
    WORD("summer"), WORD("window"), WORD("garden"), WORD("harbour"), WORD("station"),
    WORD("platform"), WORD("bridge"), WORD("river"), WORD("market"), WORD("letter"),
    WORD("parcel"), WORD("ticket"), WORD("receipt"), WORD("invoice"), WORD("account"),
    WORD("number"), WORD("signature"), WORD("customer"), WORD("neighbour"), WORD("driver"),
    WORD("paid"), WORD("lost"), WORD("found"), WORD("broken"), WORD("repaired"), WORD("returned"),
    WORD("promised"), WORD("delivered"), WORD("arrived"), WORD("waiting"), WORD("asked"),
    WORD("answered"), WORD("green"), WORD("blue"), WORD("grey"), WORD("yellow"), WORD("small"),
    WORD("large"), WORD("heavy"), WORD("quiet"), WORD("noisy"), WORD("careful"), WORD("friendly"),
    WORD("punctual"), WORD("expensive"), WORD("coffee"), WORD("sugar"), WORD("bread"),
    WORD("butter"), WORD("cheese"), WORD("apples"), WORD("oranges"), WORD("pepper"), WORD("café"),
    WORD("naïve"), WORD("façade"), WORD("Zürich"), WORD("Straße"), WORD("Größe"), WORD("señor"),
    WORD("mañana"), WORD("garçon"), WORD("crème"), WORD("Łódź"), WORD("Århus"), WORD("Ελλάδα"),
    WORD("привет"), WORD("мир"), WORD("東京"), WORD("寿司"), WORD("안녕"), WORD("שלום"), WORD("☕"),
    WORD("🚕"), WORD("naïveté"), WORD("again"), WORD("never"), WORD("always"), WORD("twice"),
    WORD("perhaps"), WORD("please"), WORD("thanks"), WORD("sorry"), WORD("urgent"),
    WORD("refund"), WORD("room"), WORD("floor"), WORD("door"), WORD("key"), WORD("lamp"),
    WORD("chair"), WORD("table"), WORD("clock"), WORD("engine"), WORD("wheel"), WORD("ISO-8601"),
    WORD("24/7"), WORD("50%"), WORD("No.7"), WORD("#42"), WORD("it's"), WORD("o'clock"),
    WORD("A-B"), WORD("yes"), WORD("no"), WORD("maybe"), WORD("today"), WORD("tomorrow"),
    WORD("yesterday"),
};

const struct word vocabulary_adjectives[VOCABULARY_ADJECTIVES] = {
    WORD("amber"), WORD("ancient"), WORD("autumn"), WORD("bright"), WORD("broad"), WORD("calm"),
    WORD("coastal"), WORD("copper"), WORD("eastern"), WORD("final"), WORD("frozen"),
    WORD("gentle"), WORD("golden"), WORD("hidden"), WORD("humble"), WORD("inland"), WORD("late"),
    WORD("little"), WORD("northern"), WORD("open"), WORD("quiet"), WORD("silver"),
    WORD("southern"), WORD("upper"), WORD("western"),
};

const struct word vocabulary_nouns[VOCABULARY_NOUNS] = {
    WORD("archive"), WORD("bakery"), WORD("bazaar"), WORD("bridge"), WORD("canal"),
    WORD("cellar"), WORD("chapel"), WORD("cinema"), WORD("clinic"), WORD("corner"), WORD("depot"),
    WORD("engine"), WORD("factory"), WORD("ferry"), WORD("forest"), WORD("foundry"),
    WORD("gallery"), WORD("garden"), WORD("harbour"), WORD("island"), WORD("kitchen"),
    WORD("library"), WORD("lodge"), WORD("market"), WORD("meadow"), WORD("mill"), WORD("museum"),
    WORD("nursery"), WORD("office"), WORD("orchard"), WORD("palace"), WORD("quarry"),
    WORD("river"), WORD("school"), WORD("square"), WORD("station"), WORD("theatre"),
    WORD("tower"), WORD("valley"), WORD("workshop"),
};
// clang-format on
