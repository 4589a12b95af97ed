/* SPDX-License-Identifier: MIT */
/* Against the tables of the protocol, written out a second time on purpose. */
#include <criterion/criterion.h>

#include "codes.h"

typedef struct row {
    const char *text;
    uint32_t code;
    bool temporary;
} row;

static const row errors[] = {
    {"internal server error", 100, true},
    {"unauthorized", 101, false},
    {"unknown channel", 102, false},
    {"permission denied", 103, false},
    {"method not found", 104, false},
    {"already subscribed", 105, false},
    {"limit exceeded", 106, false},
    {"bad request", 107, false},
    {"not available", 108, false},
    {"token expired", 109, false},
    {"expired", 110, false},
    {"too many requests", 111, true},
    {"unrecoverable position", 112, false},
    {"concurrent pagination", 113, false},
};

static const row disconnects[] = {
    {"connection closed", 3000, false},
    {"shutdown", 3001, false},
    {"internal server error", 3004, false},
    {"connection expired", 3005, false},
    {"subscription expired", 3006, false},
    {"slow", 3008, false},
    {"write error", 3009, false},
    {"insufficient state", 3010, false},
    {"force reconnect", 3011, false},
    {"no pong", 3012, false},
    {"too many requests", 3013, false},
    {"state invalidated", 3014, false},
    {"invalid token", 3500, false},
    {"bad request", 3501, false},
    {"stale", 3502, false},
    {"force disconnect", 3503, false},
    {"connection limit", 3504, false},
    {"channel limit", 3505, false},
    {"inappropriate protocol", 3506, false},
    {"permission denied", 3507, false},
    {"not available", 3508, false},
    {"too many errors", 3509, false},
};

static const row unsubscribes[] = {
    {"server unsubscribe", 2000, false},
    {"insufficient state", 2500, false},
    {"subscription expired", 2501, false},
    {"state invalidated", 2502, false},
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
