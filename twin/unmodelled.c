/*
 * What the chip has and the twin has not.
 */
#include "internal.h"

void twin_unmodelled_create(struct twin *t)
{
    (void)t;
}
