/* SPDX-License-Identifier: MIT */
#include "codes.h"

#include <stddef.h>

typedef struct entry {
    const char *text;
    uint32_t code;
    bool temporary;
} entry;

static const entry errors[] = {
#define X(name, code, text, temporary) {(text), (code), (temporary)},
    PROTOCOL_ERROR_MAP(X)
#undef X
};

static const entry disconnects[] = {
#define X(name, code, text) {(text), (code), false},
    DISCONNECT_MAP(X)
#undef X
};

static const entry unsubscribes[] = {
#define X(name, code, text) {(text), (code), false},
    UNSUBSCRIBE_MAP(X)
#undef X
};

static const entry *find(const entry *entries, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (entries[i].code == code)
            return &entries[i];
    }
    return NULL;
}

static const entry *find_error(protocol_error code)
{
    const entry *e = find(errors, sizeof errors / sizeof *errors, code);

    return e != NULL ? e : &errors[0]; /* the internal error leads the list */
}

const char *protocol_error_text(protocol_error code)
{
    return find_error(code)->text;
}

bool protocol_error_temporary(protocol_error code)
{
    return find_error(code)->temporary;
}

const char *disconnect_text(uint32_t code)
{
    const entry *e = find(disconnects, sizeof disconnects / sizeof *disconnects, code);

    return e != NULL ? e->text : "";
}

const char *unsubscribe_text(uint32_t code)
{
    const entry *e = find(unsubscribes, sizeof unsubscribes / sizeof *unsubscribes, code);

    return e != NULL ? e->text : "";
}
