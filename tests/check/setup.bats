#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# scripts/setup on systems that this one is not: with other packages, without a network.

setup()
{
    cd "$BATS_TEST_TMPDIR" || return 1
    mkdir tools
    # Nothing here is installed but what HERE matches; the sources have all but what NOT_THERE matches.
    cat >tools/dpkg-query <<'END'
#!/bin/sh
for name; do :; done
echo "$name" | grep -qxE "${HERE:-.*}" && printf 'install ok installed'
END
    cat >tools/apt-cache <<'END'
#!/bin/sh
echo "$2:"
echo "$2" | grep -qxE "${NOT_THERE:-}" && echo "  Candidate: (none)" || echo "  Candidate: 1.0"
END
    cat >tools/apt-get <<'END'
#!/bin/sh
echo "$*" >>apt.log
case "$*" in
*update*) exit "${UPDATE:-0}" ;;
*install*) exit "${INSTALL:-0}" ;;
esac
END
    cat >tools/sudo <<'END'
#!/bin/sh
exec "$@"
END
    chmod +x tools/*
    export PATH=$PWD/tools:$PATH
    SETUP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/scripts/setup
    LOG=$PWD/apt.log
    sed -i "s#>>apt.log#>>$LOG#" tools/apt-get
}

@test "all is there: nothing is asked" {
    run "$SETUP" test
    [ "$status" -eq 0 ]
    [ ! -e "$LOG" ]
}

@test "clang's tools under the number that the system has" {
    HERE='.*[^4]' run "$SETUP" test # the one without a number is there
    [ "$status" -eq 0 ]
    [ ! -e "$LOG" ]
    HERE='[^c].*|c[^l].*' NOT_THERE='.*-14' run "$SETUP" test
    [ "$status" -eq 0 ]
    grep -q 'install .*clang-format' "$LOG"
    ! grep -q 'install .*clang-format-14' "$LOG"
}

@test "a package that the system has not got is no fault of the network" {
    HERE='[^b].*' NOT_THERE=bats run "$SETUP" test
    [ "$status" -eq 1 ]
    [[ "$output" == *"has no package bats"*"the network is not the reason"* ]]
    ! grep -q install "$LOG"
}

@test "no package lists and no network" {
    HERE='[^b].*' NOT_THERE=bats UPDATE=1 run "$SETUP" test
    [ "$status" -eq 1 ]
    [[ "$output" == *"the package lists could not be fetched"*"Check the network"* ]]
}

@test "an installation that fails" {
    HERE='[^b].*' INSTALL=1 run "$SETUP" test
    [ "$status" -eq 1 ]
    [[ "$output" == *"could not install"*bats* ]]
}
