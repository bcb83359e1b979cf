#!/usr/bin/env bash
# Checks the benchmark itself: two runs agree, the boot goal is met, wrong names are refused before any
# work. Arguments: the program, the project's folder.
set -uo pipefail
program=$1
project=$2
status=0

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
for run in "$program" "$project/scripts/bench"; do
    if output=$("$run" reset_to_app_us no_such_figure 2>/dev/null) || [ -n "$output" ]; then
        wrong "$run refuses a wrong name"
    fi
done
exit $status
