/* SPDX-License-Identifier: MIT */
/*
 * What one helper process counted. It lies in memory shared with the conductor, who reads it while
 * it grows; see counter.h.
 */
#ifndef CHURN_TALLY_H
#define CHURN_TALLY_H

#include "counter.h"
#include "hist.h"
#include "view.h"

/* Why a connection or a subscription did not come about, or a publication was not accepted. */
#define TALLY_CAUSE_MAP(X)                                                \
    X(NO_DESCRIPTOR, "no descriptor, port or memory left for the tool")   \
    X(REFUSED, "connection refused")                                      \
    X(UNREACHABLE, "connecting failed otherwise")                         \
    X(CONNECT_TIMEOUT, "no TCP connection in time")                       \
    X(UPGRADE_TIMEOUT, "handshake not answered in time")                  \
    X(UPGRADE_CLOSED, "closed during the handshake")                      \
    X(UPGRADE_STATUS, "handshake refused, by HTTP status")                \
    X(UPGRADE_INVALID, "handshake answered wrongly")                      \
    X(GREETING_TIMEOUT, "connect command not answered in time")           \
    X(GREETING_CLOSED, "closed before the connect command was answered")  \
    X(GREETING_ERROR, "connect command refused, by error code")           \
    X(SUBSCRIBE_TIMEOUT, "subscribe or unsubscribe not answered in time") \
    X(SUBSCRIBE_ERROR, "subscribe or unsubscribe refused, by error code") \
    X(PUBLISH_CLOSED, "publishing: connection lost before the answer")    \
    X(PUBLISH_TIMEOUT, "publishing: not answered in time")                \
    X(PUBLISH_STATUS, "publishing: refused, by HTTP status")              \
    X(PUBLISH_ERROR, "publishing: refused, by error code")

typedef enum tally_cause {
#define X(id, text) CAUSE_##id,
    TALLY_CAUSE_MAP(X)
#undef X
        CAUSE_COUNT,
} tally_cause;

const char *tally_cause_text(tally_cause cause);

/* true: a cause of not publishing; else one of not connecting or subscribing. */
static inline bool tally_cause_of_publishing(tally_cause cause)
{
    return cause >= CAUSE_PUBLISH_CLOSED;
}

#define TALLY_COUNTER_MAP(X)                                                    \
    X(open, "connections open now")                                             \
    X(steady, "of them steady ones, subscribed")                                \
    X(attempts, "connections attempted")                                        \
    X(connects, "connections made")                                             \
    X(subscribes, "subscriptions made")                                         \
    X(unsubscribes, "subscriptions given up")                                   \
    X(published, "publications sent")                                           \
    X(accepted, "publications that the server confirmed")                       \
    X(unpublished, "publications that it did not confirm")                      \
    X(deliveries, "publications that arrived")                                  \
    X(messages, "other messages that arrived")                                  \
    X(bytes_in, "bytes read")                                                   \
    X(lost, "publications that never came")                                     \
    X(duplicated, "publications that came again")                               \
    X(reordered, "publications that came late, after a newer one")              \
    X(conflated, "publications left out in favour of newer ones")               \
    X(stray, "publications of channels not subscribed to")                      \
    X(closes, "connections that the server ended unasked")                      \
    X(expected_closes, "connections that the server ended with good reason")    \
    X(unsubscribed, "subscriptions that the server ended unasked")              \
    X(failures, "connections or subscriptions that did not come about")         \
    X(retries, "failed attempts during a storm, repeated")                      \
    X(recovered, "subscriptions recovered")                                     \
    X(unrecovered, "subscriptions that could not be recovered")                 \
    X(slow_cut, "slow readers that the server cut off")                         \
    X(not_back, "connections not back in time after a storm")                   \
    X(unanswered_closes, "close frames that the server did not answer in time") \
    X(strange, "messages that are not of the protocol")                         \
    X(fragmented, "messages in fragments, which are counted but not verified")  \
    X(skipped, "connections not attempted because all places were still taken")

enum {
    TALLY_CODES = 24,    /* different codes that are told apart */
    TALLY_CLOSE_TCP = 0, /* as a close code: the connection ended without a close frame */
    TALLY_CLOSE_RESET = 1,
};

/* How often each code of some kind came. The last row takes what has no row of its own. */
typedef struct tally_codes {
    struct {
        counter code;
        counter count;
    } rows[TALLY_CODES];
} tally_codes;

typedef struct tally {
#define X(name, text) counter name;
    TALLY_COUNTER_MAP(X)
#undef X
    counter causes[CAUSE_COUNT];
    tally_codes close_codes;  /* of closes and expected_closes */
    tally_codes status_codes; /* UPGRADE_STATUS, PUBLISH_STATUS */
    tally_codes error_codes;  /* GREETING_ERROR, SUBSCRIBE_ERROR, PUBLISH_ERROR */
    hist connect;             /* from the instant it was due to the answer */
    hist subscribe;           /* from sending the command to the answer */
    hist publish;             /* from the instant it was due to the confirmation */
    hist delivery;            /* from the instant it was due to its arrival */
    hist lateness;            /* of the tool itself: from due to begun */
    counter cpu_ns;           /* of the helper */
} tally;

void tally_code(tally_codes *codes, uint64_t code);

/* Adds all of `from`; `from` may be written meanwhile. */
void tally_add(tally *to, const tally *from);

/* Leaves what was counted after `before`, an earlier copy. Only counters and histograms; those that
 * say how many there are now (open, steady) stay as they are. */
void tally_subtract(tally *t, const tally *before);

#endif
