/* SPDX-License-Identifier: MIT */
#include "codes.h"

const char *protocol_error_text(protocol_error code)
{
    switch ((unsigned)code) {
#define X(name, code, text, temporary) \
    case code:                         \
        return text;
        PROTOCOL_ERROR_MAP(X)
#undef X
    default:
        return protocol_error_text(PROTOCOL_INTERNAL);
    }
}

bool protocol_error_temporary(protocol_error code)
{
    switch ((unsigned)code) {
#define X(name, code, text, temporary) \
    case code:                         \
        return temporary;
        PROTOCOL_ERROR_MAP(X)
#undef X
    default:
        return protocol_error_temporary(PROTOCOL_INTERNAL);
    }
}

const char *disconnect_text(uint32_t code)
{
    switch (code) {
#define X(name, code, text) \
    case code:              \
        return text;
        DISCONNECT_MAP(X)
#undef X
    default:
        return "";
    }
}

const char *unsubscribe_text(uint32_t code)
{
    switch (code) {
#define X(name, code, text) \
    case code:              \
        return text;
        UNSUBSCRIBE_MAP(X)
#undef X
    default:
        return "";
    }
}
