/* Bootloader mode: brings the board up and serves commands for ever. */
#ifndef ARAREXT_MAIN_H
#define ARAREXT_MAIN_H

#include <stdnoreturn.h>

#include "start.h"

noreturn void main_serve(const struct start_facts *facts);

#endif
