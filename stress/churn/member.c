/* SPDX-License-Identifier: MIT */
#include "member.h"

#include "json.h"

view member_of(view object, view name)
{
    json_iter it;
    view key = {0};
    view value = {0};

    if (object.len == 0 || !json_iter_init(&it, object))
        return (view){0};
    while (json_iter_next(&it, &key, &value)) {
        if (json_string_is(key, name))
            return value;
    }
    return (view){0};
}
