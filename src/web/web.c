/* SPDX-License-Identifier: MIT */
#include "web.h"

/* CMakeLists.txt makes the lists of bytes from the files of the same names beside this one. */
static const unsigned char index_html[] = {
#include "index.html.inc"
};
static const unsigned char style_css[] = {
#include "style.css.inc"
};
static const unsigned char app_js[] = {
#include "app.js.inc"
};
static const unsigned char cards_js[] = {
#include "cards.js.inc"
};
static const unsigned char charts_js[] = {
#include "charts.js.inc"
};
static const unsigned char units_js[] = {
#include "units.js.inc"
};
static const unsigned char gracecast_js[] = {
#include "gracecast.js.inc"
};
static const unsigned char favicon_svg[] = {
#include "favicon.svg.inc"
};

#define BODY(array)                                        \
    {                                                      \
        .ptr = (const char *)(array), .len = sizeof(array) \
    }

const web_file web_files[WEB_FILE_COUNT] = {
    {VIEW_LIT("/"), "text/html; charset=utf-8", BODY(index_html)},
    {VIEW_LIT("/style.css"), "text/css; charset=utf-8", BODY(style_css)},
    {VIEW_LIT("/app.js"), "text/javascript; charset=utf-8", BODY(app_js)},
    {VIEW_LIT("/cards.js"), "text/javascript; charset=utf-8", BODY(cards_js)},
    {VIEW_LIT("/charts.js"), "text/javascript; charset=utf-8", BODY(charts_js)},
    {VIEW_LIT("/units.js"), "text/javascript; charset=utf-8", BODY(units_js)},
    {VIEW_LIT("/gracecast.js"), "text/javascript; charset=utf-8", BODY(gracecast_js)},
    {VIEW_LIT("/favicon.svg"), "image/svg+xml", BODY(favicon_svg)},
};

const web_file *web_find(view path)
{
    for (size_t i = 0; i < WEB_FILE_COUNT; i++) {
        if (view_eq(path, web_files[i].path))
            return &web_files[i];
    }
    return NULL;
}
