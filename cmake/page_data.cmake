# SPDX-License-Identifier: MIT
# cmake -DPAGE=FILE -DOUT=FILE.c -P page_data.cmake: the page as C, for `ararext page`. Without a PAGE it is empty.
set(bytes "0")
set(len 0)
if(PAGE)
    file(READ ${PAGE} bytes HEX)
    string(LENGTH "${bytes}" len)
    math(EXPR len "${len} / 2")
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
endif()
file(WRITE ${OUT} "/* Made by cmake/page_data.cmake. */
#include \"cli_page.h\"
const unsigned char CLI_PAGE[] = {${bytes}};
const unsigned long CLI_PAGE_LEN = ${len};
")
