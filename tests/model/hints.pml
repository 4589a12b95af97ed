/* SPDX-License-Identifier: MIT */
/*
 * The hint protocol of src/registry (hints.c, entry.c, sizing.c) over one entry, for every
 * interleaving: a thread that adds it, one that removes it, readers that follow hints, and a resize
 * that puts other hints in the place of the old ones and fills them.
 *
 * Taken as given: the hash table inserts and removes in one step each; a grace period waits for
 * every section that is open when it begins; memory is sequentially consistent (the orderings on
 * weaker machines are argued at each atomic in the code).
 *
 * Checked
 *   nobody follows a hint to the entry after its release;
 *   nobody touches the old hints after they are freed;
 *   at the end no hint leads to the entry.
 *
 * Each -DBREAK_... removes one precaution; the checker must then find an error (see run.sh).
 */
#define ADDER   0
#define REMOVER 1
#define RESIZER 2
#define READER  3 /* and READER + 1 */
#define THREADS 5
#define WAYS    2
#define HINTS   2 /* the old ones and the fresh ones */

bool hint[HINTS * WAYS]; /* whether the place holds the entry */
bool freed[HINTS];
byte current = 0;

bool in_table = false;
bool in_slot = false;
bool left = false; /* taken out of the table */
bool retired = false;
bool released = false;
bool waits_for[THREADS]; /* the sections that the entry's grace period waits for */
bool in_section[THREADS];

inline section_begin(me) { in_section[me] = true }

inline section_end(me) { atomic { in_section[me] = false; waits_for[me] = false } }

/* Into either place, which may hold it already, as two threads that set it do not agree on one. */
inline set(h)
{
    assert(!freed[h]);
    if
    :: hint[h * WAYS] = true
    :: hint[h * WAYS + 1] = true
    fi;
#ifndef BREAK_CHECK
    if
    :: left -> clear(h)
    :: else
    fi
#endif
}

inline clear(h)
{
    assert(!freed[h]);
    hint[h * WAYS] = false;
    hint[h * WAYS + 1] = false
}

proctype adder()
{
    byte h;

    section_begin(ADDER);
    in_table = true;
    in_slot = true;
    h = current;
    set(h);
    section_end(ADDER)
}

proctype remover()
{
    byte h;

    section_begin(REMOVER);
    if
    :: atomic { in_table -> in_table = false; left = true };
#ifdef BREAK_SECTION
        section_end(REMOVER);
        atomic { retired = true; h = 0 };
        do
        :: h < THREADS -> waits_for[h] = in_section[h]; h++
        :: else -> break
        od;
        section_begin(REMOVER);
#endif
        h = current;
#ifndef BREAK_CLEAR
        clear(h);
#endif
        in_slot = false
    :: else
    fi;
    section_end(REMOVER);
    atomic {
        if
        :: left && !retired ->
            h = 0;
            do
            :: h < THREADS -> waits_for[h] = in_section[h]; h++
            :: else -> break
            od;
            retired = true
        :: else
        fi
    }
}

/* Finds the entry by its hint, twice in a section. */
proctype reader(byte me)
{
    byte h, i, way;

    section_begin(me);
    do
    :: i < 2 ->
        h = current;
        assert(!freed[h]);
        if
        :: way = 0
        :: way = 1
        fi;
        if
        :: hint[h * WAYS + way] -> assert(!released)
        :: else
        fi;
        i++
    :: else -> break
    od;
    section_end(me)
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
    :: in_slot -> set(1)
    :: else
    fi;
    section_end(RESIZER)
}

proctype resizer()
{
    byte i;
    bool open[THREADS];

    current = 1;
#ifdef BREAK_FILL
    fill();
#endif
#ifndef BREAK_GRACE
    synchronize();
#endif
    freed[0] = true;
#ifndef BREAK_FILL
    fill()
#endif
}

/* liburcu's thread; at the very end looks at what is left. */
proctype reclaimer()
{
    if
    :: retired && !waits_for[ADDER] && !waits_for[REMOVER] && !waits_for[RESIZER] &&
       !waits_for[READER] && !waits_for[READER + 1] ->
        released = true;
        assert(!hint[current * WAYS] && !hint[current * WAYS + 1])
    :: timeout
    fi
}

init
{
    atomic {
        run adder();
        run remover();
        run reader(READER);
        run reader(READER + 1);
        run resizer();
        run reclaimer()
    }
}
