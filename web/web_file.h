/* SPDX-License-Identifier: MIT */
/* Files of the page: read, checked, and told about (the events "image" and "package"). */
#ifndef ARAREXT_WEB_FILE_H
#define ARAREXT_WEB_FILE_H

#include "web_session.h"

struct web_file {
    const uint8_t *data;
    size_t len;
    const char *name;
    unsigned flags; /* enum web_flag */
};

struct web_package {
    struct ararext_package package; /* of the file's bytes, which stay the caller's */
    struct ararext_package_findings findings;
};

/* The errors of ararext_image_parse; *out belongs to the caller. */
int web_load_image(struct web *w, const struct web_file *file, struct ararext_image **out);
/* The errors of ararext_package_parse and ararext_package_check. */
int web_load_package(struct web *w, const struct web_file *file, struct web_package *out);

#endif
