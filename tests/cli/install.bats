#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, and that it works from there.

load helper

setup_file()
{
    export PREFIX=$BATS_FILE_TMPDIR/prefix
    cmake --install "$ARAREXT_BUILD" --prefix "$PREFIX" >"$BATS_FILE_TMPDIR/log" 2>&1 || {
        cat "$BATS_FILE_TMPDIR/log" >&2
        return 1
    }
}

setup()
{
    common_setup
}

# The commands that the tool names.
commands()
{
    "$ARAREXT" --help | sed -nE 's/^  ([a-z]+) +[A-Z].*/\1/p'
}

# options_of [COMMAND]: the same for options.
options_of()
{
    "$ARAREXT" "$@" --help | sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p'
}

@test "everything is there" {
    [ "$(commands | wc -l)" -ge 23 ]
    for file in bin/ararext bin/ararext-twin include/ararext.h include/ararext_package.h share/man/man1/ararext.1 \
        share/man/man1/ararext-twin.1 share/bash-completion/completions/ararext \
        share/zsh/site-functions/_ararext share/fish/vendor_completions.d/ararext.fish \
        share/ararext/ararext.bin share/ararext/ararext.elf share/ararext/ararext.hex share/ararext/ararext.srec \
        share/ararext/boards/original.board include/ararext_board.h include/ararext_wiring.h lib/udev/rules.d/60-ararext.rules; do
        [ -f "$PREFIX/$file" ] || { echo "$file is missing"; return 1; }
    done
    [ -n "$(find "$PREFIX" -name 'libararext.so.0')" ]
    [ -n "$(find "$PREFIX" -name 'libararext.a')" ]
}

@test "the installed tool runs" {
    run "$PREFIX/bin/ararext" --version
    expect_status 0
    expect "ararext $ARAREXT_VERSION"
}

@test "a program builds against the library with pkg-config, shared" {
    command -v pkg-config >/dev/null || skip "no pkg-config"
    export PKG_CONFIG_PATH
    PKG_CONFIG_PATH=$(dirname "$(find "$PREFIX" -name libararext.pc)")
    [ "$(realpath "$(pkg-config --variable=libdir libararext)")" = "$(realpath "$PKG_CONFIG_PATH/..")" ]
    [ "$(realpath "$(pkg-config --variable=includedir libararext)")" = "$(realpath "$PREFIX/include")" ]
    [ "$(pkg-config --modversion libararext)" = "$ARAREXT_VERSION" ]
    cat >program.c <<'END'
#include <ararext.h>
#include <stdio.h>
int main(void)
{
    puts(ararext_error_entry(ARAREXT_ERR_TIMEOUT)->name);
    puts(ararext_library_version());
    return ararext_command_code("MEM_READ") == 0x59 ? 0 : 1;
}
END
    read -ra flags < <(pkg-config --cflags --libs libararext)
    if ldd "$ARAREXT" | grep -q libasan; then
        flags+=(-fsanitize=address,undefined)
    fi
    cc -std=c11 -Wall -Wextra -Wpedantic -Werror program.c "${flags[@]}" -o program
    LD_LIBRARY_PATH=$(dirname "$(find "$PREFIX" -name libararext.so.0)") run ./program
    expect_status 0
    expect "timeout"
    expect "$ARAREXT_VERSION"
}

@test "the library builds without serial ports and OpenSSL, for transports of others" {
    if ldd "$ARAREXT" | grep -q libasan; then
        skip "the same in each build"
    fi
    cmake -S "$BATS_TEST_DIRNAME/../.." -B alone -DARAREXT_TERMIOS=OFF -DARAREXT_OPENSSL=OFF >log
    cmake --build alone -j 2 >log || { tail -n 40 log; return 1; }
    library=$(find alone -name libararext.so.0)
    # All that is taken from elsewhere: the C library's standard part, and liblzma.
    run bash -c "nm -D -u '$library' | grep -vE ' [wv] ' |
        grep -vE ' (lzma_|__|mem|str(len|chr|rchr|spn|cmp|ncmp|casecmp|ncasecmp|str|tod|tol|toul|error)|v?s?n?printf|[cm]alloc|realloc|free|f(open|close|read|error)|qsort|tolower|toupper|abort)'"
    [ -z "$output" ] || { echo "$output"; return 1; }
    cat >program.c <<'END'
#include <ararext_package.h>
#include <string.h>
static uint64_t clock_ms;
static int put(void *ctx, const uint8_t *data, size_t len, unsigned ms) { (void)ctx, (void)ms; return len == 6 && data[1] == 0x51 ? 0 : ARAREXT_ERR_IO; }
static int get(void *ctx, uint8_t *data, size_t size, unsigned ms, size_t *got)
{
    static const uint8_t answer[] = {0xA5, 0x51, 1, 0x10};
    size_t *at = ctx;
    (void)ms;
    *got = size < sizeof answer - *at ? size : sizeof answer - *at;
    memcpy(data, answer + *at, *got);
    *at += *got;
    return 0;
}
static int nothing(void *ctx) { (void)ctx; return 0; }
static int rate(void *ctx, uint32_t baud) { (void)ctx, (void)baud; return 0; }
static uint64_t now(void *ctx) { (void)ctx; return clock_ms++; }
static void pass(void *ctx, unsigned ms) { (void)ctx; clock_ms += ms; }
static void end(void *ctx) { (void)ctx; }
int main(void)
{
    size_t at = 0, count = 1;
    struct ararext_transport t = {.ctx = &at, .write = put, .read = get, .set_baud = rate, .flush_input = nothing, .drain = nothing,
                                  .now_ms = now, .sleep_ms = pass, .close = end}, none;
    struct ararext_session *s;
    struct ararext_message why;
    struct ararext_port *ports;
    uint8_t version = 0;
    if (ararext_open(&s, &t, NULL) != 0 || ararext_get_version(s, &version) != 0 || version != 0x10) return 1;
    ararext_close(s);
    if (ararext_serial_open(&none, "/dev/ttyUSB0", 0, &why) != ARAREXT_ERR_UNSUPPORTED ||
        strstr(why.text, "transport") == NULL) return 2;
    if (ararext_list_ports(&ports, &count) != 0 || count != 0) return 3;
    return 0;
}
END
    cc -std=c11 -Wall -Wextra -Werror program.c -I "$PREFIX/include" "$library" -o program
    LD_LIBRARY_PATH=$(dirname "$library") run ./program
    expect_status 0
}

@test "the shared library exports ararext_ names and nothing else" {
    library=$(find "$PREFIX" -name 'libararext.so.0')
    names=$(nm -D --defined-only "$library" | awk '{print $3}')
    [ -n "$names" ]
    # Each with the version that programs are linked with; the version itself is a symbol, too.
    names=$(grep -vx 'ARAREXT_0' <<<"$names")
    [ "$(grep -c '^ararext_.*@@ARAREXT_0$' <<<"$names")" -eq "$(grep -c '^ararext_' <<<"$names")" ]
    names=${names//@@ARAREXT_0/}
    if ldd "$ARAREXT" | grep -q libasan; then
        names=$(grep -v '^__' <<<"$names")
    fi
    [ "$(grep -vc '^ararext_' <<<"$names")" -eq 0 ]
    # Every function of the header is exported.
    for name in $(grep -ohE '\bararext_[a-z0-9_]+\(' "$PREFIX"/include/ararext*.h | tr -d '(' | grep -v '_fn$' | sort -u); do
        grep -qx "$name" <<<"$names" || { echo "$name is declared and not exported"; return 1; }
    done
}

@test "the header stands alone, in C and C++" {
    echo '#include <ararext_package.h>' >a.c
    cc -std=c11 -Wall -Wextra -Wpedantic -Werror -I "$PREFIX/include" -fsyntax-only a.c
    if command -v c++ >/dev/null; then
        c++ -Wall -Wextra -I "$PREFIX/include" -fsyntax-only -x c++ a.c
    fi
}

@test "the man page has every command, option and exit status" {
    page=$PREFIX/share/man/man1/ararext.1
    grep -q "Ararext $ARAREXT_VERSION" "$page"
    for verb in $(commands); do
        grep -qE "^\.(B|BI|BR) $verb\b" "$page" || { echo "$verb is missing"; return 1; }
        for option in $(options_of; options_of "$verb"); do
            grep -qF -- "${option//-/\\-}" "$page" ||
                [ "$option" = --output ] || { echo "$verb $option is missing"; return 1; }
        done
    done
    [ "$(grep -cE '^\.B [0-9]+$' "$page")" -eq 16 ]
    if command -v man >/dev/null; then
        man --warnings -l "$page" >page.txt 2>warnings.txt
        [ ! -s warnings.txt ]
        grep -q "EXIT STATUS" page.txt
    fi
}

@test "completion knows every command and option" {
    cat >try.bash <<'END'
. "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
compopt() { :; }
_ararext
printf '%s\n' "${COMPREPLY[@]}"
END
    script=$PREFIX/share/bash-completion/completions/ararext
    run bash try.bash "$script" ararext ""
    for verb in $(commands); do
        expect "$verb"
    done
    for verb in $(commands); do
        run bash try.bash "$script" ararext "$verb" --
        for option in $(options_of; options_of "$verb"); do
            [ "$option" = --version ] || expect "$option"
        done
    done
    run bash try.bash "$script" ararext flash --format = ""
    expect_exactly $'elf\nhex\nsrec\nbin\nuf2\ndfuse'
    run bash try.bash "$script" ararext flash --format =
    expect "srec"
    run bash try.bash "$script" ararext flash --format = s
    expect_exactly srec
    run bash try.bash "$script" ararext help f
    expect_exactly flash
}

@test "completion of fish" {
    command -v fish >/dev/null || skip "no fish"
    export PATH=$PREFIX/bin:$PATH HOME=$PWD
    complete_in_fish()
    {
        run fish -c 'source $argv[1]; complete -C $argv[2]' "$PREFIX/share/fish/vendor_completions.d/ararext.fish" "$1"
        expect_status 0
    }
    complete_in_fish "ararext "
    for verb in $(commands) help; do
        expect "$verb"
    done
    complete_in_fish "ararext pack --"
    for option in $(options_of; options_of pack); do
        expect "$option"
    done
    complete_in_fish "ararext flash --format "
    expect "srec"
}

@test "completion of zsh" {
    command -v zsh >/dev/null || skip "no zsh"
    export PATH=$PREFIX/bin:$PATH
    cat >try.zsh <<'END'
compadd() { [[ $1 != -- ]] || shift; print -l -- "$@" }
_describe() { print -l -- ${(P)2} }
_files() { print files }
words=("${@[2,-1]}")
CURRENT=$#words
PREFIX=$words[CURRENT]
source $1
END
    run zsh -f try.zsh "$PREFIX/share/zsh/site-functions/_ararext" ararext ""
    expect_status 0
    for verb in $(commands) help; do
        expect "$verb:"
    done
    run zsh -f try.zsh "$PREFIX/share/zsh/site-functions/_ararext" ararext pack --
    for option in $(options_of; options_of pack); do
        expect "$option"
    done
    run zsh -f try.zsh "$PREFIX/share/zsh/site-functions/_ararext" ararext flash --format ""
    expect "srec"
}

@test "the udev rules keep ModemManager away" {
    rules=$PREFIX/lib/udev/rules.d/60-ararext.rules
    grep -q '^ENV{ID_MM_DEVICE_IGNORE}="1"$' "$rules"
    grep -q 'ENV{ID_MM_PORT_IGNORE}="1"' "$rules"
    if command -v udevadm >/dev/null && udevadm verify --help >/dev/null 2>&1; then
        udevadm verify "$rules"
    fi
}
