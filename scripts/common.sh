# SPDX-License-Identifier: MIT
# Shared by the scripts of this folder; sourced, never run. Moves to the top of the project.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8

say()
{
    printf '%s\n' "$*" >&2
}

die()
{
    say "$(basename "$0"): $*"
    exit 1
}
