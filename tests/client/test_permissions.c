/* SPDX-License-Identifier: MIT */
/* Who may do what, by the options of the channel's namespace: each namespace below allows one thing
 * to one kind of client. */
#include "fixture.h"

#include <stdio.h>

#define NS(name, options) "{\"name\":\"" name "\",\"presence\":true" options "}"
#define ALLOW(option)     ",\"allow_" option "\":true"
#define SUBSCRIBABLE      ALLOW("subscribe_for_client") ALLOW("subscribe_for_anonymous")

static void setup(void)
{
    OPEN("--client.allow_anonymous_connect_without_token",
         "--channel.without_namespace.allow_publish_for_client",
         "--channel.namespaces=[" NS("closed", SUBSCRIBABLE) "," NS("sub_users", ALLOW("subscribe_"
                                                                                       "for_"
                                                                                       "client")) "," NS(
             "sub_anon",
             ALLOW("subscribe_for_anonymous")) "," NS("sub_all",
                                                      SUBSCRIBABLE) "," NS("pub_users", SUBSCRIBABLE
                                                                                            ALLOW("publish_for_client")) "," NS("pub_anon", SUBSCRIBABLE
                                                                                                                                                ALLOW(
                                                                                                                                                    "publish_for_anonymous")) "," NS("pub_all", SUBSCRIBABLE ALLOW("publish_for_client") ALLOW("publish_for_anonymous")) "," NS("pub_subs", SUBSCRIBABLE ALLOW("publish_for_subscriber")) "," NS("see_users", SUBSCRIBABLE ALLOW("presence_for_client")) "," NS("see_anon",
                                                                                                                                                                                                                                                                                                                                                                                                                SUBSCRIBABLE ALLOW(
                                                                                                                                                                                                                                                                                                                                                                                                                    "presence_for_anonymous")) "," NS("see_all",
                                                                                                                                                                                                                                                                                                                                                                                                                                                      SUBSCRIBABLE ALLOW("presence_for_client") ALLOW("presence_for_anonymous")) "," NS("see_subs",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        SUBSCRIBABLE
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                            ALLOW(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                "presence_for_subscriber")) "]");
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
    {"publish", "pub_subs:a", false, false, true, true},
    {"publish", "see_all:a", false, false, false, false},
    {"presence_stats", "closed:a", false, false, false, false},
    {"presence_stats", "see_users:a", false, true, false, true},
    {"presence_stats", "see_anon:a", false, false, false, false},
    {"presence_stats", "see_all:a", true, true, true, true},
    {"presence_stats", "see_subs:a", false, false, true, true},
    {"presence_stats", "pub_all:a", false, false, false, false},
};

Test(client_permissions, to_subscribe)
{
    client *anonymous = come_connected(NULL);
    client *user = come_connected("ann");

    cr_expect(may(anonymous, "subscribe", "sub_all:a"));
    cr_expect(may(user, "subscribe", "sub_all:a"));
    cr_expect_not(may(anonymous, "subscribe", "sub_users:a"));
    cr_expect(may(user, "subscribe", "sub_users:a"));
    cr_expect_not(may(anonymous, "subscribe", "sub_anon:a"), "it takes both options");
    cr_expect_not(may(user, "subscribe", "sub_anon:a"));
    cr_expect_not(may(user, "subscribe", "a"));
    cr_expect_not(may(user, "subscribe", "$sub_all:a"));
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
    client *c = come_connected(NULL);

    cr_assert(may(c, "subscribe", "pub_subs:a"));
    cr_expect(may(c, "publish", "pub_subs:a"));
    cr_expect_not(may(c, "publish", "pub_subs:b"), "subscribed to another channel");
    cr_assert(may(c, "unsubscribe", "pub_subs:a"));
    cr_expect_not(may(c, "publish", "pub_subs:a"));
}

Test(client_permissions, without_a_namespace_are_their_own)
{
    cr_expect(may(come_connected("ann"), "publish", "a"));
    cr_expect_not(may(come_connected(NULL), "publish", "a"));
}
