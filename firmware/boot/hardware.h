/* SPDX-License-Identifier: MIT */
/* The chip as core sees it: struct loader_hw made of the drivers. */
#ifndef ARAREXT_HARDWARE_H
#define ARAREXT_HARDWARE_H

#include "loader.h"

extern const struct loader_hw hardware;

#endif
