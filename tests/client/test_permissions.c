/* SPDX-License-Identifier: MIT */
/* Who may do what, by the options of the channel's namespace: each namespace below allows one thing
 * to one kind of client. */
#include "fixture.h"

#include <stdio.h>

typedef struct space {
    const char *name;
    const char *allowed[5]; /* ended by NULL */
} space;

#define ANYBODY "subscribe_for_client", "subscribe_for_anonymous"

static const space spaces[] = {
    {"closed", {ANYBODY}},
    {"sub_users", {"subscribe_for_client"}},
    {"sub_anon", {"subscribe_for_anonymous"}},
    {"pub_users", {ANYBODY, "publish_for_client"}},
    {"pub_anon", {ANYBODY, "publish_for_anonymous"}},
    {"pub_all", {ANYBODY, "publish_for_client", "publish_for_anonymous"}},
    {"pub_subs", {ANYBODY, "publish_for_subscriber"}},
    {"pub_any_subs", {ANYBODY, "publish_for_subscriber", "publish_for_anonymous"}},
    {"see_users", {ANYBODY, "presence_for_client"}},
    {"see_anon", {ANYBODY, "presence_for_anonymous"}},
    {"see_all", {ANYBODY, "presence_for_client", "presence_for_anonymous"}},
    {"see_subs", {ANYBODY, "presence_for_subscriber"}},
    {"see_any_subs", {ANYBODY, "presence_for_subscriber", "presence_for_anonymous"}},
    {"limited", {ANYBODY, "user_limited_channels"}},
};

static void setup(void)
{
    buf flag = {0};

    buf_append_lit(&flag, "--channel.namespaces=[");
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        buf_printf(&flag, "%s{\"name\":\"%s\",\"presence\":true", i == 0 ? "" : ",",
                   spaces[i].name);
        for (const char *const *allowed = spaces[i].allowed; *allowed != NULL; allowed++)
            buf_printf(&flag, ",\"allow_%s\":true", *allowed);
        buf_append_lit(&flag, "}");
    }
    buf_append_lit(&flag, "]");
    buf_append_char(&flag, '\0');
    OPEN("--client.allow_anonymous_connect_without_token",
         "--channel.without_namespace.allow_publish_for_client", flag.data);
    buf_fini(&flag);
}

TestSuite(client_permissions, .init = setup, .fini = desk_close);

/* true: it was done; false: not permitted. */
static bool may(client *c, const char *what, const char *namespace)
{
    static const char denied[] = "{\"id\":1,\"error\":{\"code\":103,";
    char message[128];
    const char *answer;

    (void)snprintf(message, sizeof message, "{\"id\":1,\"%s\":{\"channel\":\"%s\",\"data\":1}}",
                   what, namespace);
    say(c, message);
    answer = heard(c);
    must_be_closed(c, 0);
    if (strncmp(answer, denied, strlen(denied)) == 0)
        return false;
    cr_expect_not_null(strstr(answer, what), "%s: %s", message, answer);
    return true;
}

typedef struct rule {
    const char *what;
    const char *channel;
    bool anonymous; /* an anonymous client may */
    bool user;      /* one with a user id may */
    bool subscriber_anonymous;
    bool subscriber_user;
} rule;

static const rule rules[] = {
    {"publish", "closed:a", false, false, false, false},
    {"publish", "pub_users:a", false, true, false, true},
    {"publish", "pub_anon:a", false, false, false, false},
    {"publish", "pub_all:a", true, true, true, true},
    {"publish", "pub_subs:a", false, false, false, true},
    {"publish", "pub_any_subs:a", false, false, true, true},
    {"publish", "see_all:a", false, false, false, false},
    {"presence_stats", "closed:a", false, false, false, false},
    {"presence_stats", "see_users:a", false, true, false, true},
    {"presence_stats", "see_anon:a", false, false, false, false},
    {"presence_stats", "see_all:a", true, true, true, true},
    {"presence_stats", "see_subs:a", false, false, false, true},
    {"presence_stats", "see_any_subs:a", false, false, true, true},
    {"presence", "see_users:a", false, true, false, true},
    {"presence", "see_any_subs:a", false, false, true, true},
    {"presence", "closed:a", false, false, false, false},
    {"presence_stats", "pub_all:a", false, false, false, false},
};

Test(client_permissions, to_subscribe)
{
    client *anonymous = come_connected(NULL);
    client *user = come_connected("ann");

    cr_expect(may(anonymous, "subscribe", "closed:a"));
    cr_expect(may(user, "subscribe", "closed:a"));
    cr_expect_not(may(anonymous, "subscribe", "sub_users:a"));
    cr_expect(may(user, "subscribe", "sub_users:a"));
    cr_expect_not(may(anonymous, "subscribe", "sub_anon:a"), "it takes both options");
    cr_expect_not(may(user, "subscribe", "sub_anon:a"));
    cr_expect_not(may(user, "subscribe", "a"));
    cr_expect_not(may(user, "subscribe", "$closed:a"));
}

Test(client_permissions, to_publish_and_to_see_who_is_there)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const rule *r = &rules[i];
        client *anonymous = come_connected(NULL);
        client *user = come_connected("ann");

        cr_expect_eq(may(anonymous, r->what, r->channel), r->anonymous, "%s %s", r->what,
                     r->channel);
        cr_expect_eq(may(user, r->what, r->channel), r->user, "%s %s", r->what, r->channel);
        cr_assert(may(anonymous, "subscribe", r->channel));
        cr_assert(may(user, "subscribe", r->channel));
        cr_expect_eq(may(anonymous, r->what, r->channel), r->subscriber_anonymous, "%s %s", r->what,
                     r->channel);
        cr_expect_eq(may(user, r->what, r->channel), r->subscriber_user, "%s %s", r->what,
                     r->channel);
    }
}

Test(client_permissions, of_a_subscriber_end_with_the_subscription)
{
    client *c = come_connected("ann");

    cr_assert(may(c, "subscribe", "pub_subs:a"));
    cr_expect(may(c, "publish", "pub_subs:a"));
    cr_expect_not(may(c, "publish", "pub_subs:b"), "subscribed to another channel");
    cr_assert(may(c, "unsubscribe", "pub_subs:a"));
    cr_expect_not(may(c, "publish", "pub_subs:a"));
}

Test(client_permissions, in_user_limited_channels_are_for_those_they_name)
{
    client *ann = come_connected("ann");
    client *bob = come_connected("bob");
    client *anonymous = come_connected(NULL);

    cr_expect(may(ann, "subscribe", "limited:a#ann"));
    cr_expect_not(may(bob, "subscribe", "limited:a#ann"));
    cr_expect(may(ann, "subscribe", "limited:a#ann,bob"));
    cr_expect(may(bob, "subscribe", "limited:a#ann,bob"));
    cr_expect(may(bob, "subscribe", "limited:#bob"));
    cr_expect(may(bob, "subscribe", "limited:a#ann#bob"), "what follows the last # counts");
    cr_expect_not(may(ann, "subscribe", "limited:a#ann#bob"));
    cr_expect_not(may(ann, "subscribe", "limited:a#an,nn"));
    cr_expect_not(may(ann, "subscribe", "limited:a#ann2"));
    cr_expect_not(may(ann, "subscribe", "limited:a#"));
    cr_expect_not(may(anonymous, "subscribe", "limited:a#"), "it is nobody's name");
    cr_expect_not(may(anonymous, "subscribe", "limited:a#ann,"));
    cr_expect_not(may(anonymous, "subscribe", "limited:a#,ann"));
    cr_expect(may(ann, "subscribe", "limited:a#,ann"));
    cr_expect(may(anonymous, "subscribe", "limited:a"));
    cr_expect(may(bob, "subscribe", "closed:a#ann"), "another namespace takes # as it is");
}

Test(client_permissions, without_a_namespace_are_their_own)
{
    cr_expect(may(come_connected("ann"), "publish", "a"));
    cr_expect_not(may(come_connected(NULL), "publish", "a"));
}
