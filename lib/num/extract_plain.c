#include "num/lanes_plain.h"

#include "num/extract_lanes.h"
#include "num/extract_sets.h"

static bool is_available(void)
{
    return true;
}

const struct extract_ops extract_plain = {
    .name = "plain",
    .is_available = is_available,
    .largest = extract_largest,
    .few = extract_few,
    .many = extract_many,
};
