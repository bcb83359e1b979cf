# SPDX-License-Identifier: MIT
# Shared by the scripts of this folder; sourced, never run. Moves to the top of the project.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8

# What the page in the browser takes to be built, beside what the project takes (scripts/setup web).
has_web_tools()
{
    command -v wasm-opt >/dev/null && command -v clang >/dev/null && command -v wasm-ld >/dev/null &&
        [ -f /usr/lib/wasm32-wasi/libc.a ]
}

say()
{
    printf '%s\n' "$*" >&2
}

die()
{
    say "$(basename "$0"): $*"
    exit 1
}
