# SPDX-License-Identifier: MIT
# The warnings that every C file of the project is held to, on the board and on the PC.
set(ARAREXT_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wcast-align -Wcast-qual -Wundef -Wvla -Wswitch-enum -Werror)
