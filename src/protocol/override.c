/* SPDX-License-Identifier: MIT */
#include "override.h"

#include "json.h"

/* {"value":true} */
static bool read_choice(view object, override_choice *out)
{
    json_iter it;
    view key;
    view value;
    bool on = false;

    if (json_kind_of(object) == JSON_KIND_NULL)
        return true;
    if (json_kind_of(object) != JSON_KIND_OBJECT || !json_iter_init(&it, object))
        return false;
    while (json_iter_next(&it, &key, &value)) {
        if (!json_string_is(key, VIEW_LIT("value")) || json_kind_of(value) == JSON_KIND_NULL)
            continue;
        if (!json_bool(value, &on))
            return false;
    }
    *out = on ? OVERRIDE_ON : OVERRIDE_OFF;
    return true;
}

bool channel_override_read(view object, channel_override *out)
{
    const struct {
        view name;
        override_choice *choice;
    } members[] = {
        {VIEW_LIT("presence"), &out->presence},
        {VIEW_LIT("join_leave"), &out->join_leave},
        {VIEW_LIT("force_push_join_leave"), &out->force_push_join_leave},
        {VIEW_LIT("force_positioning"), &out->force_positioning},
        {VIEW_LIT("force_recovery"), &out->force_recovery},
    };
    json_iter it;
    view key;
    view value;

    *out = (channel_override){0};
    if (json_kind_of(object) == JSON_KIND_NULL)
        return true;
    if (json_kind_of(object) != JSON_KIND_OBJECT || !json_iter_init(&it, object))
        return false;
    while (json_iter_next(&it, &key, &value)) {
        for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
            if (json_string_is(key, members[i].name) && !read_choice(value, members[i].choice))
                return false;
        }
    }
    return true;
}
