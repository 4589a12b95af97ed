/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "web.h"

/* memmem() for views: where `part` is in `text`, or text.len. */
static size_t find(view text, const char *part)
{
    const char *at = memmem(text.ptr, text.len, part, strlen(part));

    return at == NULL ? text.len : (size_t)(at - text.ptr);
}

static bool contains(view text, const char *part)
{
    return find(text, part) < text.len;
}

static view body_of(const char *path)
{
    const web_file *file = web_find(view_of(path));

    cr_assert_not_null(file, "%s", path);
    return file->body;
}

Test(web, every_file_is_found_by_its_path_and_has_content)
{
    for (size_t i = 0; i < WEB_FILE_COUNT; i++) {
        cr_expect_eq(web_find(web_files[i].path), &web_files[i]);
        cr_expect_gt(web_files[i].path.len, 0);
        cr_expect_gt(web_files[i].body.len, 100);
    }
}

Test(web, files_have_the_types_that_browsers_insist_on)
{
    static const struct {
        const char *path;
        const char *type;
    } expected[] = {
        {"/", "text/html; charset=utf-8"},
        {"/style.css", "text/css; charset=utf-8"},
        {"/app.js", "text/javascript; charset=utf-8"},
        {"/gracecast.js", "text/javascript; charset=utf-8"},
        {"/favicon.svg", "image/svg+xml"},
    };

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const web_file *file = web_find(view_of(expected[i].path));

        cr_assert_not_null(file);
        cr_expect_str_eq(file->content_type, expected[i].type);
    }
}

Test(web, nothing_else_is_found)
{
    static const char *const paths[] = {"",          "/app", "/app.js/",   "/APP.JS",     "app.js",
                                        "/app.js?x", "//",   "/../app.js", "/index.html "};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_expect_null(web_find(view_of(paths[i])), "%s", paths[i]);
    cr_expect_null(web_find((view){0}));
}

Test(web, files_are_embedded_whole)
{
    view page = body_of("/");

    cr_expect(view_starts_with(page, VIEW_LIT("<!doctype html>\n")));
    cr_expect_eq(find(page, "</html>\n"), page.len - strlen("</html>\n"));
    cr_expect(contains(body_of("/units.js"), "\"\xe2\x80\x93\"")); /* bytes over 127 survive */
}

Test(web, no_file_names_another_host)
{
    static const char name_of_svg[] = "xmlns=\"http:/"
                                      "/www.w3.org/2000/svg\"";

    for (size_t i = 0; i < WEB_FILE_COUNT; i++) {
        view body = web_files[i].body;
        size_t at = find(body, name_of_svg);

        if (at < body.len) { /* a name that is never fetched; nothing may be before it */
            cr_expect_eq(find(body, "://"), at + strlen("xmlns=\"http"));
            body = view_skip(body, at + strlen(name_of_svg));
        }
        cr_expect_not(contains(body, "://"), "%.*s", (int)web_files[i].path.len,
                      web_files[i].path.ptr);
        cr_expect_not(contains(body, "\"//"));
        cr_expect_not(contains(body, "url(//"));
    }
}

/* Everything that stands between `before` and the next quote must be a file of ours. */
static void expect_links(view text, const char *before)
{
    unsigned links = 0;

    for (size_t at = find(text, before); at < text.len; at = find(text, before)) {
        text = view_skip(text, at + strlen(before));

        view path = {.ptr = text.ptr, .len = find(text, "\"")};

        cr_assert_lt(path.len, text.len);
        cr_expect_not_null(web_find(path), "%.*s", (int)path.len, path.ptr);
        links++;
    }
    cr_expect_gt(links, 0, "%s", before);
}

Test(web, every_link_leads_to_a_file)
{
    expect_links(body_of("/"), "href=\"");
    expect_links(body_of("/"), "src=\"");
    expect_links(body_of("/app.js"), "from \".");
    expect_links(body_of("/cards.js"), "from \".");
}

Test(web, page_obeys_a_policy_that_forbids_inline_script_and_style)
{
    view page = body_of("/");

    cr_expect(contains(page, "default-src 'none'; script-src 'self'; style-src 'self'"));
    cr_expect_not(contains(page, "unsafe-"));
    cr_expect_not(contains(page, "<script>"));
    cr_expect_not(contains(page, "<style"));
    cr_expect_not(contains(page, " style="));
    cr_expect_not(contains(page, " onclick="));
    cr_expect_not(contains(page, " onload="));
}
