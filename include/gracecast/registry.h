/* SPDX-License-Identifier: MIT */
/*
 * A registry of live objects (connections, sessions, channels) that many threads read without locks:
 * look-ups and traversals wait for nobody, adding is one atomic insert, removing one atomic removal
 * whose memory is released after a grace period.
 *
 * DRAFT of the shape; every function gets its full contract (callers, section, ordering, failure,
 * ownership, cost).
 */
#ifndef GRACECAST_REGISTRY_H
#define GRACECAST_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <urcu/urcu-memb.h>
#include <urcu/rculfhash.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gcast_err {
    GCAST_OK = 0,
    GCAST_ENOMEM = -101,  /* out of memory; nothing was changed */
    GCAST_EEXIST = -102,  /* an entry with this key is there already */
    GCAST_ENOENT = -103,  /* no such entry, or another thread removed it first */
    GCAST_ECLOSED = -104, /* gcast_registry_close() was called */
} gcast_err;

typedef struct gcast_registry gcast_registry;

/* Embedded in the caller's object; fields are the registry's own. At most 64 bytes. */
typedef struct gcast_entry gcast_entry;

typedef enum gcast_keys { GCAST_KEYS_ID, GCAST_KEYS_BYTES } gcast_keys;
typedef enum gcast_flavor { GCAST_FLAVOR_MEMB, GCAST_FLAVOR_QSBR } gcast_flavor;

typedef struct gcast_registry_opts {
    gcast_keys keys;
    gcast_flavor flavor;
    /* Called once per entry, a grace period after its last reference was dropped, on liburcu's
     * call_rcu thread: frees or posts, touches nothing else. */
    void (*on_release)(gcast_entry *e, void *arg);
    void *arg;
} gcast_registry_opts;

gcast_err gcast_registry_new(gcast_registry **out, const gcast_registry_opts *opts);
void gcast_registry_close(gcast_registry *r); /* refuses later adds */
void gcast_registry_free(gcast_registry *r);  /* plain thread, outside any section, empty */
void gcast_barrier(gcast_registry *r);        /* every release issued so far has run */

void gcast_thread_enter(gcast_registry *r);
void gcast_thread_leave(gcast_registry *r);
void gcast_read_begin(gcast_registry *r);
void gcast_read_end(gcast_registry *r);

void gcast_entry_init_id(gcast_entry *e, uint64_t id);
void gcast_entry_init_bytes(gcast_entry *e, const void *key, size_t len); /* key lives with e */

gcast_err gcast_add(gcast_registry *r, gcast_entry *e);
gcast_err gcast_replace(gcast_registry *r, gcast_entry *e, gcast_entry **old);
gcast_err gcast_remove(gcast_registry *r, gcast_entry *e);

gcast_entry *gcast_peek(gcast_registry *r, uint64_t id);
gcast_entry *gcast_peek_bytes(gcast_registry *r, const void *key, size_t len);

/* References: an entry has one while it is findable; a peeked entry is kept past its section by
 * get (fails once the count reached zero) and given back by put. */
bool gcast_get(gcast_entry *e);
void gcast_put(gcast_registry *r, gcast_entry *e);

/* Dense traversal. Each call to gcast_next() inside a read section; the section may end and a new
 * one begin between two calls (a slice border). NULL at the end. */
typedef struct gcast_cursor {
    uint64_t at;
} gcast_cursor;

void gcast_cursor_init(gcast_cursor *c);
gcast_entry *gcast_next(gcast_registry *r, gcast_cursor *c);

size_t gcast_count(gcast_registry *r);
uint64_t gcast_id_new(void); /* never 0, never twice in a process */

#ifdef __cplusplus
}
#endif

#endif
