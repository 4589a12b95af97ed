/* SPDX-License-Identifier: MIT */
/* Against the tables of the protocol, written out a second time on purpose. */
#include <criterion/criterion.h>

#include "codes.h"

typedef struct row {
    uint32_t code;
    const char *text;
    bool temporary;
} row;

static const row errors[] = {
    {100, "internal server error", true},
    {101, "unauthorized", false},
    {102, "unknown channel", false},
    {103, "permission denied", false},
    {104, "method not found", false},
    {105, "already subscribed", false},
    {106, "limit exceeded", false},
    {107, "bad request", false},
    {108, "not available", false},
    {109, "token expired", false},
    {110, "expired", false},
    {111, "too many requests", true},
    {112, "unrecoverable position", false},
    {113, "concurrent pagination", false},
};

static const row disconnects[] = {
    {3000, "connection closed", false},
    {3001, "shutdown", false},
    {3004, "internal server error", false},
    {3005, "connection expired", false},
    {3006, "subscription expired", false},
    {3008, "slow", false},
    {3009, "write error", false},
    {3010, "insufficient state", false},
    {3011, "force reconnect", false},
    {3012, "no pong", false},
    {3013, "too many requests", false},
    {3014, "state invalidated", false},
    {3500, "invalid token", false},
    {3501, "bad request", false},
    {3502, "stale", false},
    {3503, "force disconnect", false},
    {3504, "connection limit", false},
    {3505, "channel limit", false},
    {3506, "inappropriate protocol", false},
    {3507, "permission denied", false},
    {3508, "not available", false},
    {3509, "too many errors", false},
};

static const row unsubscribes[] = {
    {2000, "server unsubscribe", false},
    {2500, "insufficient state", false},
    {2501, "subscription expired", false},
    {2502, "state invalidated", false},
};

/* The text of `code` in a table; NULL if it is not there. */
static const char *text_in(const row *rows, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].code == code)
            return rows[i].text;
    }
    return NULL;
}

Test(protocol_codes, every_error_has_its_text_and_temporary_flag)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        protocol_error code = (protocol_error)errors[i].code;

        cr_assert_str_eq(protocol_error_text(code), errors[i].text);
        cr_assert_eq(protocol_error_temporary(code), errors[i].temporary, "%u", errors[i].code);
    }
}

Test(protocol_codes, a_number_that_is_no_error_reads_as_internal)
{
    const unsigned others[] = {0, 1, 99, 114, 3000, UINT32_MAX};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cr_assert_str_eq(protocol_error_text((protocol_error)others[i]), "internal server error");
        cr_assert(protocol_error_temporary((protocol_error)others[i]));
    }
}

Test(protocol_codes, disconnect_texts_exist_for_the_listed_codes_only)
{
    for (uint32_t code = 0; code < 5000; code++) {
        const char *text = text_in(disconnects, sizeof disconnects / sizeof *disconnects, code);

        cr_assert_str_eq(disconnect_text(code), text == NULL ? "" : text, "%u", code);
    }
}

Test(protocol_codes, a_disconnect_reason_fits_a_close_frame_and_does_not_look_like_json)
{
    for (size_t i = 0; i < sizeof disconnects / sizeof *disconnects; i++) {
        const char *text = disconnect_text(disconnects[i].code);

        cr_assert_leq(strlen(text), 123u); /* RFC 6455 section 5.5: 125 bytes, 2 are the code */
        cr_assert_neq(text[0], '{');
        cr_assert_neq(text[0], '\0');
    }
}

Test(protocol_codes, unsubscribe_texts_exist_for_the_listed_codes_only)
{
    for (uint32_t code = 0; code < 5000; code++) {
        const char *text = text_in(unsubscribes, sizeof unsubscribes / sizeof *unsubscribes, code);

        cr_assert_str_eq(unsubscribe_text(code), text == NULL ? "" : text, "%u", code);
    }
}
