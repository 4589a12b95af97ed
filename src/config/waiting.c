/* SPDX-License-Identifier: MIT */
/* What a configuration that is read again cannot change while the server runs. */
#include "config.h"
#include "option.h"
#include "value.h"

void config_list_waiting(const config *running, const config *next, buf *names)
{
    for (size_t i = 0; i < options_of_server.count; i++) {
        const option *o = &options_of_server.items[i];

        if (!o->at_start ||
            value_same(o->type, (const char *)running + o->offset, (const char *)next + o->offset))
            continue;
        buf_printf(names, "%s%s", names->len == 0 ? "" : ", ", o->name);
    }
}
