/* SPDX-License-Identifier: MIT */
/*
 * The pages the server shows: the demo dashboard and its client, embedded when the server is built.
 * Constant data, no allocation; any thread.
 *
 * The page asks for nothing from anywhere else and has no script or style inside the HTML; it says
 * so itself in a Content-Security-Policy element.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "view.h"

typedef struct web_file {
    view path;                /* "/app.js" */
    const char *content_type; /* value of that header */
    view body;                /* static */
} web_file;

enum { WEB_FILE_COUNT = 8 };

/* Everything there is; the first is the page at "/". */
extern const web_file web_files[WEB_FILE_COUNT];

/*
 * Finds what is served at `path`.
 *
 *   path  of the request target, without the query; compared byte by byte
 *
 * returns   NULL: there is nothing at that path
 */
const web_file *web_find(view path);

#endif
