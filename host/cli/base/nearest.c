/* SPDX-License-Identifier: MIT */
/* See cli_nearest.h. */
#include "cli_nearest.h"

#include <string.h>

enum { WORD_MAX = 32, FAR = 99 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters have to be added, taken away, exchanged or swapped with their neighbour. */
static unsigned count_changes(const char *a, const char *b)
{
    unsigned cost[WORD_MAX + 1][WORD_MAX + 1];
    size_t rows = strlen(a), columns = strlen(b);
    if (rows > WORD_MAX || columns > WORD_MAX) {
        return FAR;
    }
    for (unsigned i = 0; i <= rows; i++) {
        for (unsigned k = 0; k <= columns; k++) {
            if (i == 0 || k == 0) {
                cost[i][k] = i + k;
                continue;
            }
            unsigned exchanged = cost[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
            cost[i][k] = least(exchanged, 1 + least(cost[i - 1][k], cost[i][k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) {
                cost[i][k] = least(cost[i][k], cost[i - 2][k - 2] + 1);
            }
        }
    }
    return cost[rows][columns];
}

void cli_offer_name(struct cli_nearest *nearest, const char *name)
{
    unsigned changes = count_changes(nearest->word, name);
    if (changes <= 2 && 3 * changes <= strlen(name) &&
        (nearest->name == NULL || changes < nearest->distance)) {
        nearest->name = name;
        nearest->distance = changes;
    }
}
