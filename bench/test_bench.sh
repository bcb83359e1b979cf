#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks the benchmark itself: two runs agree, the boot goal is met, wrong names are refused before any
# work, a gang is flashed or says that it was not, the plot has a bar for each case. Arguments: the
# program, the project's folder, the folder of the board's binaries. ARAREXT and ARAREXT_TWIN name the
# programs of the gang.
set -uo pipefail
program=$1
project=$2
output=$3
status=0
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

wrong()
{
    echo "FAILED: $1"
    status=1
}

first=$("$program" reset_to_app_us)
second=$("$program" reset_to_app_us)
share=$("$program" commands_200k_115200_share)
echo "$first"
echo "$share"
[ "$first" = "$second" ] || wrong "two runs agree"
[[ "$first" =~ ^reset_to_app_us\ ([0-9]+)\.[0-9]\ us$ ]] || wrong "one line: name, value, unit"
micros=${BASH_REMATCH[1]:-0}
{ [ "$micros" -gt 0 ] && [ "$micros" -lt 1000 ]; } || wrong "the application starts within 1000 us"
# Writing and reading back need two passes over the line, so that half is out of reach.
[[ "$share" =~ ^commands_200k_115200_share\ 0\.[34][0-9]*\ ratio$ ]] || wrong "a plausible share"
# By hand: 800 pieces of 536 bytes, an erase, 10 bits a byte; 2.869 s of flash; over 17.78 s: 2.26. Above that
# is what the board takes for its answers.
if command -v stm32flash >/dev/null; then
    # It waits half a second of the wall clock for an answer, which on a busy machine is not always enough.
    for _ in 1 2 3; do
        ! rom=$("$program" rom_protocol_over_limit_115200_0ms 2>/dev/null) || break
    done
    [[ "$rom" =~ ^rom_protocol_over_limit_115200_0ms\ 2\.(2[6-9]|3[0-4])\ ratio$ ]] || wrong "stm32flash: $rom"
fi
for run in "$program" "$project/scripts/bench"; do
    if said=$("$run" reset_to_app_us no_such_figure 2>/dev/null) || [ -n "$said" ]; then
        wrong "$run refuses a wrong name"
    fi
done

gang=$("$project/bench/gang" "$output" 2 "$output/apps/hello.bin") || wrong "a gang of two"
echo "$gang"
[[ "$gang" =~ ^gang_2_seconds\ [0-9.]+\ s.gang_2_cpu_seconds\ [0-9.]+\ s$ ]] || wrong "what a gang prints"
if said=$("$project/bench/gang" "$output" 2 "$project/README.md" 2>/dev/null) || [ -n "$said" ]; then
    wrong "a gang that cannot be flashed fails"
fi

# Made up, so that no number of it can be taken for one.
{
    echo "kind what baud latency_ms len connect_s took_s limit_s sent resent lost altered"
    for baud in 115200 921600; do
        for latency in 0 16; do
            for kind in stream commands rom; do
                [ "$kind $baud" = "rom 921600" ] || echo "$kind noise $baud $latency 100 1.0 3.0 2.0 100 0 0 0"
            done
        done
        echo "packed app $baud 0 100 1.0 3.0 2.0 50 0 0 0"
        echo "plain app $baud 0 100 1.0 3.0 2.0 100 0 0 0"
    done
    for kind in unchanged changed_first changed_second lossy; do
        echo "$kind noise 115200 0 100 1.0 3.0 2.0 100 0 0 0"
    done
} >"$place/cases"
"$project/scripts/plot" "$place/cases" "$place/plot.svg" "$place/plot.md" "Made up." || wrong "a plot"
bars=$(python3 - "$place/plot.svg" <<'END'
import sys
import xml.etree.ElementTree as tree
print(sum(e.get("fill") in ("#2563eb", "#94a3b8", "#f59e0b") for e in tree.parse(sys.argv[1]).iter()))
END
)
# Each rate and latency: three methods, where they have that rate, and streaming alone; and the legend's four.
[ "$bars" = $((4 * 4 - 2 + 4)) ] || wrong "the plot's bars: $bars"
grep -q "^| 921600 | 16 | 2.00 | 3.00 | 1.500 |" "$place/plot.md" || wrong "the table's rows"
exit $status
