/* SPDX-License-Identifier: MIT */
/* What a configuration that is read again cannot change while the server runs. */
#include "config.h"
#include "option.h"

static bool same_strings(const config_strings *a, const config_strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

static bool same(option_type type, const void *a, const void *b)
{
    switch (type) {
    case OPTION_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case OPTION_COUNT:
    case OPTION_CHOICE:
        return *(const uint32_t *)a == *(const uint32_t *)b;
    case OPTION_SIZE:
    case OPTION_DURATION:
        return *(const uint64_t *)a == *(const uint64_t *)b;
    case OPTION_STRING:
    case OPTION_TEXT:
    case OPTION_ADDRESS:
    case OPTION_PATH:
        return view_eq(*(const view *)a, *(const view *)b);
    case OPTION_STRINGS:
        return same_strings(a, b);
    case OPTION_NAMESPACES:
        break; /* never only at the start */
    }
    return true;
}

void config_list_waiting(const config *running, const config *next, buf *names)
{
    for (size_t i = 0; i < options_of_server.count; i++) {
        const option *o = &options_of_server.items[i];

        if (!o->at_start ||
            same(o->type, (const char *)running + o->offset, (const char *)next + o->offset))
            continue;
        buf_printf(names, "%s%s", names->len == 0 ? "" : ", ", o->name);
    }
}
