/* SPDX-License-Identifier: MIT */
/* Programs in Lua with the results that they must have, as text. */
#ifndef APPS_LUA_SCRIPTS_H
#define APPS_LUA_SCRIPTS_H

#include <stddef.h>

struct lua_script {
    const char *name, *text, *result;
};

extern const struct lua_script lua_scripts[];
extern const size_t lua_script_count;

#endif
