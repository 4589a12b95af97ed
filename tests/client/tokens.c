/* SPDX-License-Identifier: MIT */
#include "tokens.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth_token.h"
#include "clock.h"

enum { MESSAGES = 4 };

int64_t wall_s(void)
{
    return (int64_t)(clock_wall_ms() / 1000);
}

const char *with_token(const char *format, const char *secret, const char *claims, ...)
{
    static char messages[MESSAGES][4096];
    static unsigned calls;
    char *message = messages[calls++ % MESSAGES];
    char json[1024];
    buf token = {0};
    va_list args;

    va_start(args, claims);
    (void)vsnprintf(json, sizeof json, claims, args);
    va_end(args);
    auth_sign(view_of(secret), view_of(json), &token);
    buf_append_char(&token, '\0');
    cr_assert_not(token.failed);

    const char *place = strstr(format, "%s");

    (void)snprintf(message, sizeof messages[0], "%.*s%s%s", (int)(place - format), format,
                   token.data, place + 2);
    buf_fini(&token);
    return message;
}

client *come_with(const char *claims)
{
    client *c = come(NULL);

    say(c, CONNECT("%s", claims));
    must_be_closed(c, 0);
    cr_assert_eq(c->state, CLIENT_CONNECTED);
    return c;
}

/* Replaces every `what` in the text. */
static void replace(char *text, size_t size, const char *what, const char *by)
{
    char *at;

    while ((at = strstr(text, what)) != NULL) {
        char *rest = strdup(at + strlen(what));

        (void)snprintf(at, size - (size_t)(at - text), "%s%s", by, rest);
        free(rest);
    }
}

const char *told(client *c)
{
    static char text[4096];

    (void)snprintf(text, sizeof text, "%s", heard(c));
    replace(text, sizeof text, hub_conn_client_id(&c->conn).text, "ID");
    replace(text, sizeof text, GRACECAST_VERSION " Gracecast", "VERSION");
    return text;
}
