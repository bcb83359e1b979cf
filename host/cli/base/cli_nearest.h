/* SPDX-License-Identifier: MIT */
/* "Did you mean": the name that a mistyped word is nearest to. */
#ifndef ARAREXT_CLI_NEAREST_H
#define ARAREXT_CLI_NEAREST_H

struct cli_nearest {
    const char *word; /* as it was typed */
    const char *name; /* the nearest so far, NULL if none is near */
    unsigned distance;
};
/* Offers one of the names that there are; it is kept as a pointer. Near is what at most two letters
 * that are missing, superfluous, other ones or in the wrong order make of it, and no more than a
 * third of them. */
void cli_offer_name(struct cli_nearest *nearest, const char *name);

#endif
