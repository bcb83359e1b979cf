#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The debug build of the bootloader: built, booted in the twin, and it says what it is; an application that is
# linked for it is flashed and runs.
#
# Usage: debug.sh PROJECT THIRD-PARTY FOLDER     with ARAREXT and ARAREXT_TWIN in the environment
set -euo pipefail
project=$1 third_party=$2 folder=$3

cmake -S "$project" -B "$folder/target" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$project/cmake/arm-none-eabi.cmake" \
    -DCMAKE_BUILD_TYPE=MinSizeRel -DARAREXT_DEBUG=ON -DARAREXT_OUTPUT_DIR="$folder" \
    -DARAREXT_THIRD_PARTY_DIR="$third_party" >"$folder.log"
cmake --build "$folder/target" --target ararext hello >>"$folder.log"

place=$(mktemp -d)
twin=
trap '[ -z "$twin" ] || kill "$twin" 2>/dev/null; rm -rf "$place"' EXIT
mkfifo "$place/stdin"
export ARAREXT_PORT=$place/usart2
"$ARAREXT_TWIN" --firmware "$folder/firmware/ararext.elf" --button --usart2 "$ARAREXT_PORT" \
    --usart3 "$place/usart3" --show-log --speed max <"$place/stdin" >"$place/twin.log" 2>&1 &
twin=$!
exec 3>"$place/stdin"
for ((tries = 0; tries < 600; tries++)); do
    [ ! -e "$ARAREXT_PORT" ] || break
    sleep 0.1
done

expect()
{
    grep -q -- "$1" "$2" || { echo "'$1' is not in $2:"; cat "$2"; exit 1; }
}

"$ARAREXT" info >"$place/info"
expect 'debug build' "$place/info"
expect '0x08010000' "$place/info"
expect 'debug build, HSE' "$place/twin.log"
# --force: the tool checks vectors for where the release has applications.
"$ARAREXT" flash --force "$folder/apps/hello.elf" >"$place/flash" 2>&1 || { cat "$place/flash"; exit 1; }
echo "button 0" >&3
"$ARAREXT" go 0x08010000
for ((tries = 0; tries < 600; tries++)); do
    ! grep -q PA5 "$place/twin.log" || break
    sleep 0.1
done
expect PA5 "$place/twin.log" # hello's LED
! grep -q ASSERT "$place/twin.log"
echo quit >&3
wait "$twin"
twin=
