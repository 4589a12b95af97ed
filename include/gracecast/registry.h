/* SPDX-License-Identifier: MIT */
/*
 * A registry of live objects (connections, sessions, channels) that many threads share. Look-ups
 * and traversals take no lock and wait for nobody; adding and removing wait for no reader. An
 * object that is removed is released after a grace period, when nobody can be looking at it any
 * more.
 *
 * Words used below
 *   entry         a gcast_entry, embedded by the caller in an object of his own; the registry
 *                 allocates nothing for it.
 *   read section  what happens between gcast_read_begin() and gcast_read_end() on one thread.
 *                 Sections nest. A pointer to an entry found inside a section is good until the
 *                 outermost one ends, and longer only with gcast_get(). Keep sections short and
 *                 never block in one: no memory is given back in the whole process meanwhile.
 *   grace period  the time until every section that was open at its beginning has ended.
 *   findable      between the return of a successful gcast_add() or gcast_replace() and the call of
 *                 a gcast_remove() or gcast_replace() that succeeds on it.
 *   flavour       the kind of userspace RCU behind a registry, see gcast_flavor.
 *
 * Threads. A thread calls gcast_thread_enter() before it uses a registry and gcast_thread_leave()
 * before it ends. Every function then may be called from any such thread, inside or outside a
 * section, at the same time as any other, unless its comment says otherwise. None may be called
 * from a signal handler.
 *
 *     struct session {
 *         gcast_entry entry;
 *         int fd;
 *     };
 *
 *     gcast_entry_init_id(&s->entry, gcast_id_new());
 *     if (gcast_add(registry, &s->entry) != GCAST_OK)
 *         free(s);
 *     ...
 *     gcast_read_begin(registry);
 *     gcast_cursor_init(&cursor);
 *     while ((e = gcast_next(registry, &cursor)) != NULL)
 *         greet((struct session *)e);
 *     gcast_read_end(registry);
 *     ...
 *     gcast_remove(registry, &s->entry);  -- on_release frees it later
 */
#ifndef GRACECAST_REGISTRY_H
#define GRACECAST_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GCAST_API       __attribute__((visibility("default")))
#define GCAST_NODISCARD __attribute__((warn_unused_result))

/* Every error: name, value, text. After an error nothing has changed. */
#define GCAST_ERR_MAP(X)                                                 \
    X(OK, 0, "success")                                                  \
    X(ENOMEM, -101, "out of memory")                                     \
    X(EEXIST, -102, "an entry with this key is in the registry already") \
    X(ENOENT, -103, "the entry is not in the registry")                  \
    X(ECLOSED, -104, "the registry is closed")                           \
    X(ESEED, -105, "the system gave no randomness for the hash seed")

typedef enum gcast_err {
#define GCAST_ERR_ENUM(name, value, text) GCAST_##name = (value),
    GCAST_ERR_MAP(GCAST_ERR_ENUM)
#undef GCAST_ERR_ENUM
} gcast_err;

/* The text of an error; never NULL; static. */
GCAST_API const char *gcast_strerror(gcast_err err);

/* ---- the registry ---------------------------------------------------------------------------- */

typedef struct gcast_registry gcast_registry;
typedef struct gcast_entry gcast_entry;

typedef enum gcast_keys {
    GCAST_KEYS_ID,    /* 64-bit numbers that the program chooses, e.g. by gcast_id_new() */
    GCAST_KEYS_BYTES, /* byte strings; peers may choose them (SipHash, seeded per registry) */
} gcast_keys;

typedef enum gcast_flavor {
    /* liburcu-memb: a section costs a few instructions; threads may block wherever no section is
     * open. For everybody. */
    GCAST_FLAVOR_MEMB,
    /* liburcu-qsbr: a section costs nothing, but every entered thread must say again and again that
     * it is in none: gcast_quiescent(), and gcast_thread_offline() around everything that blocks.
     * For event loops. */
    GCAST_FLAVOR_QSBR,
} gcast_flavor;

typedef struct gcast_registry_opts {
    gcast_keys keys;
    gcast_flavor flavor;
    /*
     * Called exactly once for each entry that was removed or replaced, a grace period after its
     * last reference was put: nobody else has the entry any more, it may be freed or used again.
     * Runs on liburcu's call_rcu thread, outside any section, one entry at a time. It should free
     * the object or post it to its owner, and must not block, nor call gcast_barrier() or
     * gcast_registry_free(). Not NULL.
     */
    void (*on_release)(gcast_entry *e, void *arg);
    void *arg; /* handed to on_release */
} gcast_registry_opts;

/* *out is set only on success. GCAST_ENOMEM, GCAST_ESEED. Needs no entered thread. Starts liburcu's
 * background threads, with all signals blocked, if they are not running. */
GCAST_API GCAST_NODISCARD gcast_err gcast_registry_new(gcast_registry **out,
                                                       const gcast_registry_opts *opts);

/* From now on adding fails with GCAST_ECLOSED. An add under way may still succeed; none is after
 * the next gcast_barrier(). Idempotent, never blocks. */
GCAST_API void gcast_registry_close(gcast_registry *r);

/*
 * Ends the registry; NULL is harmless. Entries still in it are removed and released first. Blocks
 * for at least a grace period. Outside any section, not from on_release; no other thread may use
 * the registry any more, and nobody may hold a reference.
 */
GCAST_API void gcast_registry_free(gcast_registry *r);

/* Waits until on_release has run for every entry whose last reference was put before the call, and
 * until a grace period has passed. Outside any section; never from on_release or an event loop. */
GCAST_API void gcast_barrier(gcast_registry *r);

/* How many entries are findable; exact while no add, replace or remove is under way. Wait-free. */
GCAST_API size_t gcast_count(gcast_registry *r);

/* A number never handed out before in this process, and never 0. Wait-free. */
GCAST_API uint64_t gcast_id_new(void);

/* ---- threads and sections -------------------------------------------------------------------- */

/* Enters the calling thread for all registries of r's flavour. Enters nest. With QSBR the thread is
 * online afterwards. */
GCAST_API void gcast_thread_enter(gcast_registry *r);
/* Undoes one enter; outside any section. */
GCAST_API void gcast_thread_leave(gcast_registry *r);

/* Wait-free. */
GCAST_API void gcast_read_begin(gcast_registry *r);
GCAST_API void gcast_read_end(gcast_registry *r);

/* QSBR: the thread is in no section at this moment. Cheap; once per turn of an event loop. Nothing
 * happens with MEMB. */
GCAST_API void gcast_quiescent(gcast_registry *r);
/* QSBR: until online is called the thread opens no section and calls nothing else of the registry;
 * around whatever blocks. Nothing happens with MEMB. */
GCAST_API void gcast_thread_offline(gcast_registry *r);
GCAST_API void gcast_thread_online(gcast_registry *r);

/* ---- other memory ---------------------------------------------------------------------------- */

/* Embedded in what is to be freed later; all fields are the registry's own. */
typedef struct gcast_deferred {
    void *reserved[2];
    void (*run)(struct gcast_deferred *d);
} gcast_deferred;

/*
 * For memory of the caller's own that readers follow inside the registry's sections (an array that
 * was replaced, a part of an object): calls run(d) once every section that is open now has ended.
 *
 *   d    no longer reachable for sections that begin after this call
 *   run  frees it; on liburcu's thread, with the same rules as on_release
 *
 * thread    any registered thread; inside or outside a section
 * progress  lock-free
 */
GCAST_API void gcast_defer(gcast_registry *r, gcast_deferred *d, void (*run)(gcast_deferred *d));

/* ---- entries --------------------------------------------------------------------------------- */

/* Complete here so that it can be embedded; all fields are the registry's own. */
struct gcast_entry {
    void *reserved_node[2]; /* rcu: the hash table's node */
    union {
        uint64_t id;
        const void *data;
    } key;                     /* const once added */
    void *reserved_release[2]; /* the callback's node once the last reference is gone */
    uint32_t key_len;          /* const once added: bytes of key.data */
    uint32_t turn;             /* const once added: how many entries it replaced */
    uint32_t x_refs;           /* atomic: references; 0 for good once the last is put */
    uint32_t x_slot;           /* atomic: its place in the traversal */
    gcast_registry *home;      /* const once added */
} __attribute__((aligned(8)));

/* Before each use of an entry: sets its key. */
GCAST_API void gcast_entry_init_id(gcast_entry *e, uint64_t id);
/* `key` is borrowed and must stay unchanged until the entry is released; `len` in bytes, at most
 * UINT32_MAX; NULL is allowed if it is 0. */
GCAST_API void gcast_entry_init_bytes(gcast_entry *e, const void *key, size_t len);

/*
 * Makes an initialised entry findable.
 *
 * returns   GCAST_OK       every look-up and every traversal begun after this return finds it; the
 *                          memory must stay until on_release
 *           GCAST_EEXIST   another entry has this key: e is still the caller's, who may free it now
 *           GCAST_ENOMEM, GCAST_ECLOSED  likewise
 * progress  lock-free
 * orders    what was written to the object before -> what others read in it after finding it
 * cost      O(1) expected; allocates only when more entries are in use than ever before
 */
GCAST_API GCAST_NODISCARD gcast_err gcast_add(gcast_registry *r, gcast_entry *e);

/*
 * Like gcast_add(), but takes the place of the entry with the same key, if there is one. Look-ups
 * find either at every moment, and every traversal under way meets exactly one of the two.
 *
 *   old  NULL, or receives the entry that was replaced, or NULL. It is no longer findable, and the
 *        caller gets its reference with it: gcast_put() it. With `old` NULL this is done here.
 *
 * returns   GCAST_OK       the registry has e, as after gcast_add()
 *           GCAST_ENOMEM, GCAST_ECLOSED  e is still the caller's, *old is as it was
 * progress  lock-free
 * orders    as gcast_add()
 * cost      O(1) expected; needs no memory if there is an entry to replace
 */
GCAST_API GCAST_NODISCARD gcast_err gcast_replace(gcast_registry *r, gcast_entry *e,
                                                  gcast_entry **old);

/*
 * Ends an entry's being findable and puts the reference it had for that. Of several threads that
 * remove or replace one entry exactly one succeeds. The caller knows the entry to be alive: it is
 * inside a section in which it found it, has a reference, or nobody else removes it.
 *
 * returns   GCAST_OK       no look-up and no traversal begun after this return finds it. If no
 *                          reference is left, on_release will get it: the caller may not touch it
 *                          any more, unless it is inside a section or has a reference
 *           GCAST_ENOENT   somebody else removed or replaced it, or it was never added
 * progress  lock-free
 * orders    all that holders did with the entry -> on_release
 * cost      O(1) expected; allocates nothing
 */
GCAST_API gcast_err gcast_remove(gcast_registry *r, gcast_entry *e);

/*
 * The entry with this key, or NULL.
 *
 * section   inside; the entry is good until it ends
 * progress  wait-free for a bounded number of entries in a hash bucket
 * orders    as gcast_add() says
 * cost      O(1) expected; writes nothing
 */
GCAST_API gcast_entry *gcast_peek(gcast_registry *r, uint64_t id);
GCAST_API gcast_entry *gcast_peek_bytes(gcast_registry *r, const void *key, size_t len);

/*
 * Takes a reference to an entry found in this section, or held otherwise: it will not be released
 * before the gcast_put() for it. False once the last reference is gone, which cannot be undone.
 *
 * section   inside, or with a reference; the new reference outlives the section
 * progress  lock-free
 * orders    nothing; whoever has the pointer has seen the entry
 * cost      one atomic operation on the entry
 */
GCAST_API GCAST_NODISCARD bool gcast_get(gcast_entry *e);

/*
 * Gives a reference back; the last one sends the entry to on_release.
 *
 * section   inside or outside; the caller may touch the entry afterwards only inside one in which
 *           it was found
 * progress  lock-free
 * orders    what the caller did with the entry -> on_release
 * cost      one atomic operation on the entry; the last put also queues it for liburcu's thread
 */
GCAST_API void gcast_put(gcast_registry *r, gcast_entry *e);

/* ---- traversal ------------------------------------------------------------------------------- */

/*
 * A traversal meets
 *   an entry findable from its begin to its end   exactly once,
 *   an entry added or removed meanwhile           once or not at all,
 *   an entry whose remove had returned before     never,
 *   a key replaced meanwhile                      exactly once, as the old entry or the new.
 * It begins with the first gcast_next() and ends with the NULL, which comes for sure: entries in
 * slots claimed later are not in it.
 *
 * Slices: the section may be ended and another begun between two calls; all of this holds across
 * the border, since a cursor holds no pointer. Pointers obtained before the border are dead after
 * it.
 */
typedef struct gcast_cursor {
    void *slot;         /* where slot number `at` is */
    uint32_t at;        /* the next slot to visit */
    uint32_t chunk_end; /* slots up to here lie in a row */
    uint32_t end;       /* slots up to here are in this traversal */
} gcast_cursor;

/* A zeroed cursor is as good. */
GCAST_API void gcast_cursor_init(gcast_cursor *c);

/* The next entry, or NULL at the end. Inside a section; a cursor belongs to one thread at a time.
 * Each call takes bounded time but for empty slots, which it passes over, at about a nanosecond
 * each. */
GCAST_API gcast_entry *gcast_next(gcast_registry *r, gcast_cursor *c);

/* The same for up to `cap` entries at once: how many were put into `out`; fewer than `cap` only at
 * the end. */
GCAST_API size_t gcast_next_batch(gcast_registry *r, gcast_cursor *c, gcast_entry **out,
                                  size_t cap);

#ifdef __cplusplus
}
#endif

#endif
