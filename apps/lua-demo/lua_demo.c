/* SPDX-License-Identifier: MIT */
/*
 * A Lua interpreter on the board: an application of the size that real ones have, with the console
 * of the demonstration (apps/ota-demo/README.md) and the command "lua". What a chunk prints and
 * returns goes to the console. Code in Lua is stopped after ten seconds, and the watchdog is fed
 * meanwhile; one call of a library function (a pattern that backtracks without end) is the
 * watchdog's to stop. Its memory is what the heap has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ararext_app.h"
#include "crc.h"
#include "lauxlib.h"
#include "lua.h"
#include "lua_scripts.h"
#include "lualib.h"
#include "ota.h"
#include "support.h"

#define CHUNK_MS       10000u
#define HOOK_COUNT     10000 /* instructions of Lua between two looks at the time */
#define RESULTS_MAX    8
#define LUA_CHUNK_NAME "=line"

static lua_State *state;
static uint32_t chunk_since;

/* ---- what a script sees of the board ---- */

static int board_ms(lua_State *lua)
{
    lua_pushinteger(lua, (lua_Integer)support_ms());
    return 1;
}

static int board_led(lua_State *lua)
{
    support_led(lua_toboolean(lua, 1) != 0);
    return 0;
}

static int board_crc(lua_State *lua)
{
    size_t len;
    const char *text = luaL_checklstring(lua, 1, &len);

    lua_pushinteger(lua, (lua_Integer)crc_update(CRC_START, (const uint8_t *)text, len));
    return 1;
}

/* A table with the boot report, or nil and a sentence. */
static int board_report(lua_State *lua)
{
    struct ararext_app_report report;
    int error = ararext_app_read_report(&report);

    if (error != 0) {
        lua_pushnil(lua);
        lua_pushstring(lua, ararext_app_error_text(error));
        return 2;
    }
    lua_createtable(lua, 0, 3);
    lua_pushinteger(lua, report.cause);
    lua_setfield(lua, -2, "cause");
    lua_pushinteger(lua, report.slot);
    lua_setfield(lua, -2, "slot");
    lua_pushboolean(lua, ararext_app_is_on_trial(&report));
    lua_setfield(lua, -2, "on_trial");
    return 1;
}

static const luaL_Reg board_functions[] = {
    {"ms", board_ms},         {"led", board_led}, {"crc", board_crc},
    {"report", board_report}, {NULL, NULL},
};

static int open_board(lua_State *lua)
{
    luaL_newlib(lua, board_functions);
    return 1;
}

static const luaL_Reg libraries[] = {
    {LUA_GNAME, luaopen_base},       {LUA_COLIBNAME, luaopen_coroutine},
    {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
    {LUA_MATHLIBNAME, luaopen_math}, {LUA_UTF8LIBNAME, luaopen_utf8},
    {LUA_DBLIBNAME, luaopen_debug},  {LUA_IOLIBNAME, luaopen_io},
    {LUA_OSLIBNAME, luaopen_os},     {"board", open_board},
};

/* ---- running chunks ---- */

static void hook(lua_State *lua, lua_Debug *where)
{
    (void)where;
    ota_feed();
    if (support_ms() - chunk_since >= CHUNK_MS) {
        /* At every instruction from now on: a loop around pcall must not go on. */
        lua_sethook(lua, hook, LUA_MASKCOUNT, 1);
        lua_sethook(state, hook, LUA_MASKCOUNT, 1);
        (void)luaL_error(lua, "longer than %d ms", (int)CHUNK_MS);
    }
}

static int open_all(lua_State *lua)
{
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
        lua_pop(lua, 1);
    }
    lua_getglobal(lua, LUA_DBLIBNAME); /* the hook is the board's */
    lua_pushnil(lua);
    lua_setfield(lua, -2, "sethook");
    return 0;
}

static int start_lua(void)
{
    if (state != NULL) {
        lua_close(state);
    }
    state = luaL_newstate();
    if (state == NULL) {
        return OTA_FAILED;
    }
    lua_pushcfunction(state, open_all);
    return lua_pcall(state, 0, 0, 0) == LUA_OK ? 0 : OTA_FAILED;
}

/* The chunk's function on the stack: as an expression if it is one. */
static int load_chunk(const char *chunk)
{
    const char *whole = lua_pushfstring(state, "return %s", chunk);
    int status = luaL_loadbuffer(state, whole, strlen(whole), LUA_CHUNK_NAME);

    lua_remove(state, 1);
    if (status != LUA_OK) {
        lua_settop(state, 0);
        status = luaL_loadbuffer(state, chunk, strlen(chunk), LUA_CHUNK_NAME);
    }
    return status;
}

/* Runs a chunk; its results, or the error's message, are left on the stack. */
static int run_chunk(const char *chunk)
{
    int status;

    if (state == NULL) {
        return LUA_ERRMEM;
    }
    lua_settop(state, 0);
    lua_sethook(state, hook, LUA_MASKCOUNT, HOOK_COUNT);
    chunk_since = support_ms();
    status = load_chunk(chunk);
    if (status == LUA_OK) {
        status = lua_pcall(state, 0, LUA_MULTRET, 0);
    }
    (void)fflush(stdout);
    return status;
}

static int run_lua(char *arguments)
{
    int status = run_chunk(arguments);
    int count = state != NULL ? lua_gettop(state) : 0;

    for (int i = 1; i <= count && i <= RESULTS_MAX; i++) {
        ota_print(status == LUA_OK ? "lua %s" : "lua error: %s", luaL_tolstring(state, i, NULL));
        lua_pop(state, 1);
    }
    if (state != NULL) {
        lua_settop(state, 0);
    }
    return status == LUA_OK ? 0 : OTA_FAILED;
}

static int run_new(char *arguments)
{
    (void)arguments;
    return start_lua();
}

/* ---- self-test: programs whose results are known ---- */

static int lua_selftest(void)
{
    int error = start_lua();

    for (size_t i = 0; error == 0 && i < lua_script_count; i++) {
        const struct lua_script *script = &lua_scripts[i];
        int status = run_chunk(script->text);
        const char *result = lua_gettop(state) > 0 ? luaL_tolstring(state, 1, NULL) : "nothing";
        bool passed = status == LUA_OK && strcmp(result, script->result) == 0;

        ota_print("selftest %s %s", script->name, passed ? "passed" : "FAILED");
        if (!passed) {
            ota_print("selftest %s: %s", script->name, result);
            error = OTA_FAILED;
        }
        lua_settop(state, 0);
    }
    return error;
}

static const struct ota_command lua_commands[] = {
    {"lua", "lua CHUNK: run it, print its results; globals stay", run_lua},
    {"new", "begin with a fresh interpreter", run_new},
};

static const struct ota_app lua_demo = {
    .name = "lua-demo",
    .version = LUA_DEMO_VERSION,
    .commands = lua_commands,
    .command_count = sizeof lua_commands / sizeof lua_commands[0],
    .prepare = start_lua,
    .selftest = lua_selftest,
    .fast = true,
};

int main(void)
{
    ota_run(&lua_demo);
}
