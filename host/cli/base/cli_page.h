/* SPDX-License-Identifier: MIT */
/* The page for the browser, in one file; cmake/page_data.cmake makes it. */
#ifndef ARAREXT_CLI_PAGE_H
#define ARAREXT_CLI_PAGE_H

extern const unsigned char CLI_PAGE[];
extern const unsigned long CLI_PAGE_LEN; /* 0 = this tool was built without it */

#endif
