/* SPDX-License-Identifier: MIT */
/*
 * The hint protocol of src/registry (hints.c, entry.c, sizing.c) over one entry, for every
 * interleaving: a thread that adds it, one that removes it, a reader that follows a hint, and a
 * resize that puts other hints in the place of the old ones and fills them.
 *
 * Taken as given: the hash table inserts and removes in one step each; a grace period waits for
 * every section that is open when it begins; memory is sequentially consistent (the orderings on
 * weaker machines are argued at each atomic in the code).
 *
 * Checked
 *   nobody follows a hint to the entry after its release;
 *   nobody touches the old hints after they are freed;
 *   no hint can be followed once the entry is retired, nor is there one at its release.
 *
 * Each -DBREAK_... removes one precaution; the checker must then find an error (see run.sh).
 */
#define ADDER   0
#define REMOVER 1
#define RESIZER 2
#define READER  3
#define THREADS 4
#define WAYS    2
#define HINTS   2 /* the old ones and the fresh ones */

/* A place: empty, or the entry, claimed by the one or the other, or published. */
#define EMPTY     0
#define BY_OWNER  1
#define BY_RESIZE 2
#define PUBLISHED 3

byte hint[HINTS * WAYS];
bool freed[HINTS];
byte current = 0;

bool in_table = false;
bool in_slot = false;
bool slot_freed = false;
bool left = false; /* taken out of the table */
bool retired = false;
bool released = false;
bool waits_for[THREADS]; /* the sections that the entry's grace period waits for */
bool in_section[THREADS];

inline section_begin(me) { in_section[me] = true }

inline section_end(me) { atomic { in_section[me] = false; waits_for[me] = false } }

/* Into either place, whatever it holds: with all others taken it may be any. */
inline claim(h, mark)
{
    assert(!freed[h]);
    if
    :: at = h * WAYS
    :: at = h * WAYS + 1
    fi;
    hint[at] = mark
}

inline publish(h, mark)
{
    assert(!freed[h]);
    atomic {
        if
#ifdef BREAK_PUBLISH
        :: true -> hint[at] = PUBLISHED
#endif
#ifdef BREAK_MARK
        :: hint[at] == BY_OWNER || hint[at] == BY_RESIZE -> hint[at] = PUBLISHED
#else
        :: hint[at] == mark -> hint[at] = PUBLISHED
#endif
        :: else
        fi
    }
}

inline clear(h)
{
    assert(!freed[h]);
    hint[h * WAYS] = EMPTY;
    hint[h * WAYS + 1] = EMPTY
}

inline retire()
{
    atomic {
        i = 0;
        do
        :: i < THREADS -> waits_for[i] = in_section[i]; i++
        :: else -> break
        od;
        retired = true
    }
}

/* The key may be taken: then the entry is the caller's, who frees it at once. */
proctype adder()
{
    byte h, at;

    section_begin(ADDER);
    h = current;
#ifndef BREAK_CLAIM
    claim(h, BY_OWNER);
#endif
    if
    :: in_table = true;
        atomic {
            if
            :: !slot_freed -> in_slot = true
            :: else
            fi
        };
#ifdef BREAK_CLAIM
        claim(h, BY_OWNER);
#endif
        publish(h, BY_OWNER);
        section_end(ADDER)
    :: true ->
#ifndef BREAK_FAILED
        clear(h);
#endif
        section_end(ADDER);
        released = true;
        assert(hint[h * WAYS] == EMPTY && hint[h * WAYS + 1] == EMPTY)
    fi
}

proctype remover()
{
    byte h, i;

    section_begin(REMOVER);
    if
    :: atomic { in_table -> in_table = false; left = true };
#ifdef BREAK_SECTION
        section_end(REMOVER);
        retire();
        section_begin(REMOVER);
#endif
        h = current;
#ifndef BREAK_CLEAR
        clear(h);
#endif
        atomic { in_slot = false; slot_freed = true }
    :: else
    fi;
    section_end(REMOVER);
    if
    :: left && !retired -> retire()
    :: else
    fi
}

/* Follows a hint, in a section of its own that begins at any time. */
proctype reader()
{
    byte h, at;

    section_begin(READER);
    h = current;
    assert(!freed[h]);
    if
    :: at = h * WAYS
    :: at = h * WAYS + 1
    fi;
    if
    :: hint[at] == PUBLISHED -> assert(!released)
    :: else
    fi;
    atomic { section_end(READER); h = 0; at = 0 }
}

/* Waits for the sections open now. */
inline synchronize()
{
    atomic { i = 0; do :: i < THREADS -> open[i] = in_section[i]; i++ :: else -> break od; i = 0 };
    do
    :: i < THREADS -> !(open[i] && in_section[i]); i++
    :: else -> break
    od
}

inline fill()
{
    section_begin(RESIZER);
    if
    :: in_slot ->
        claim(1, BY_RESIZE);
        if
#ifndef BREAK_LOOK
        :: left -> clear(1)
#endif
        :: else -> publish(1, BY_RESIZE)
        fi
    :: else
    fi;
    section_end(RESIZER)
}

proctype resizer()
{
    byte i, at;
    bool open[THREADS];

    current = 1;
#ifndef BREAK_GRACE
    synchronize();
#endif
    freed[0] = true;
    fill()
}

/* liburcu's thread; at the very end looks at what is left. */
proctype reclaimer()
{
    if
    :: retired && !waits_for[ADDER] && !waits_for[REMOVER] && !waits_for[RESIZER] &&
       !waits_for[READER] ->
        released = true;
        assert(hint[current * WAYS] == EMPTY && hint[current * WAYS + 1] == EMPTY)
    :: timeout
    fi
}

init
{
    atomic {
        run adder();
        run remover();
        run reader();
        run resizer();
        run reclaimer()
    }
}
