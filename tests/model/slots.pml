/* SPDX-License-Identifier: MIT */
/*
 * The slot protocol of src/registry (slots.c, entry.c) over one key, for every interleaving of a few
 * threads: claim, publish, replace, clear, free, and release after a grace period.
 *
 * Modelled as in the code: the free stack with its count of pops, the three states of a slot word,
 * turns, the two ways to publish, and which slots are freed at once and which at the release. Taken
 * as given: the hash table inserts, replaces and removes in one step each; a grace period waits for
 * every section that is open when it begins; memory is sequentially consistent (the orderings on
 * weaker machines are argued at each atomic in the code).
 *
 * Checked
 *   no visit, and no look at a turn, after the entry's release;
 *   no entry visited twice in a traversal;
 *   no slot claimed while somebody has it;
 *   at the end, slots show what the table holds, and every other slot is free, once;
 *   with ONLY_REPLACE: a traversal meets the key exactly once, however often it is replaced.
 *
 * Each -DBREAK_... removes one precaution; the checker must then find an error (see run.sh).
 */
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef OPS
#define OPS 1
#endif
#ifndef SLOTS
#define SLOTS 3
#endif

#define ENTRIES (1 + WORKERS * OPS) /* entry 0 is there from the start with FIRST_ENTRY */
#define READER  WORKERS             /* number of the reader's section */
#define NONE    15

/* A slot word: kind in the high half, a slot or an entry in the low half. */
#define EMPTY   64
#define CLAIMED 32
#define TAKEN   16
#define KIND(w) ((w) & 112)
#define VAL(w)  ((w) & 15)

byte word[SLOTS];
byte head = 0;
byte pops = 0;
bool in_use[SLOTS]; /* ghost: claimed and not freed */

byte table = NONE; /* the entry that has the key */
byte turn[ENTRIES];
byte slot_of[ENTRIES];

bool in_section[WORKERS + 1];
bool retired[ENTRIES];
bool released[ENTRIES];
byte waits_for[ENTRIES]; /* the sections that its grace period still waits for, a bit each */
byte pending = 0; /* retired and not yet wholly released */
byte workers_done = 0;
bool reader_done = false;

inline section_begin(me) { in_section[me] = true }

inline section_end(me)
{
    atomic {
        in_section[me] = false;
        i = 0;
        do
        :: i < ENTRIES -> waits_for[i] = waits_for[i] & ~(1 << me); i++
        :: else -> break
        od;
        i = 0
    }
}

inline put(e)
{
    atomic {
        retired[e] = true;
        pending++;
#ifndef BREAK_GRACE
        i = 0;
        do
        :: i <= WORKERS ->
            if
            :: in_section[i] -> waits_for[e] = waits_for[e] | (1 << i)
            :: else
            fi;
            i++
        :: else -> break
        od;
#endif
        i = 0
    }
}

inline claim(s, e)
{
    do
    :: atomic { h = head; p = pops };
        if
        :: h == NONE -> s = NONE; break
        :: else
        fi;
        w = word[h];
        if
        :: atomic {
            (head == h
#ifndef BREAK_POPS
             && pops == p
#endif
            ) -> head = VAL(w); pops++;
            assert(!in_use[h]);
            in_use[h] = true
           };
            s = h;
            break
        :: else
        fi
    od;
    if
    :: s != NONE -> word[s] = CLAIMED | e
    :: else
    fi
}

inline free_slot(s)
{
    in_use[s] = false;
    do
    :: atomic { h = head; p = pops };
        word[s] = EMPTY | h;
        if
        :: atomic { (head == h && pops == p) -> head = s };
            break
        :: else
        fi
    od
}

inline publish_first(s, e)
{
#ifdef BREAK_FIRST
    word[s] = TAKEN | e
#else
    atomic {
        if
        :: word[s] == (CLAIMED | e) -> word[s] = TAKEN | e
        :: else
        fi
    }
#endif
}

inline publish_later(s, e)
{
    do
    :: w = word[s];
        if
        :: KIND(w) == TAKEN -> assert(!released[VAL(w)])
        :: else
        fi;
        if
#ifdef BREAK_LATER
        :: w != (TAKEN | e) ->
#else
        :: KIND(w) == CLAIMED || (KIND(w) == TAKEN && turn[e] > turn[VAL(w)]) ->
#endif
            if
            :: atomic { word[s] == w -> word[s] = TAKEN | e };
                break
            :: else
            fi
        :: else -> break
        fi
    od
}

/* `won`, or the key is taken; the slot `s` is claimed for `e`. */
inline insert(s, e, won)
{
    atomic { slot_of[e] = s; turn[e] = 0 };
    atomic {
        if
        :: table == NONE -> table = e; won = true
        :: else -> won = false
        fi
    };
    if
    :: won -> publish_first(s, e)
    :: else
    fi
}

inline add(e)
{
    section_begin(me);
    claim(s, e);
    if
    :: s != NONE ->
        insert(s, e, won);
        if
        :: !won -> slot_of[e] = NONE; free_slot(s)
        :: else
        fi
    :: else
    fi;
    section_end(me)
}

inline replace(e)
{
    section_begin(me);
    spare = NONE;
    do
    :: old = table;
        if
        :: old != NONE ->
            assert(!released[old]);
            atomic { s = slot_of[old]; slot_of[e] = s; turn[e] = turn[old] + 1 };
            atomic {
                if
                :: table == old -> table = e; won = true
                :: else -> won = false
                fi
            };
            if
            :: won -> publish_later(s, e); slot_of[old] = NONE; break
            :: else
            fi
        :: else ->
            if
            :: spare == NONE -> claim(spare, e)
            :: else
            fi;
            if
            :: spare == NONE -> break
            :: else
            fi;
            insert(spare, e, won);
            if
            :: won -> spare = NONE; break
            :: else
            fi
        fi
    od;
    if
    :: spare != NONE -> free_slot(spare)
    :: else
    fi;
    section_end(me);
    if
    :: old != NONE -> put(old)
    :: else
    fi
}

inline remove()
{
    section_begin(me);
    old = table;
    won = false;
    if
    :: old != NONE ->
        s = slot_of[old];
        atomic {
            if
            :: s != NONE && table == old -> table = NONE; won = true
            :: else
            fi
        }
    :: else
    fi;
    if
    :: won ->
        if
#ifdef BREAK_DEFER
        :: true ->
#else
        :: turn[old] == 0 ->
#endif
            slot_of[old] = NONE;
            free_slot(s)
#ifndef BREAK_DEFER
        :: else -> word[s] = EMPTY | NONE
#endif
        fi
    :: else
    fi;
    section_end(me);
    if
    :: won -> put(old)
    :: else
    fi
}

proctype worker(byte me)
{
    byte op = 0, e, s, h, p, w, old, spare, i;
    bool won;

    do
    :: op < OPS ->
        e = 1 + me * OPS + op;
        if
#ifndef ONLY_REPLACE
        :: add(e)
        :: remove()
#endif
        :: replace(e)
        fi;
        atomic { op++; e = 0; s = 0; h = 0; p = 0; w = 0; old = 0; spare = 0; won = false }
    :: else -> break
    od;
    atomic { workers_done++; op = 0 }
}

proctype reader()
{
    byte at = 0, w, i, met = 0;
    bool visited[ENTRIES];

    section_begin(READER);
    do
    :: at < SLOTS ->
        w = word[at];
        if
        :: KIND(w) == TAKEN ->
            assert(!visited[VAL(w)]);
            visited[VAL(w)] = true;
            met++;
            assert(!released[VAL(w)])
        :: else
        fi;
        atomic { at++; w = 0 }
    :: else -> break
    od;
    section_end(READER);
#ifdef ONLY_REPLACE
    assert(met == 1);
#endif
    atomic {
        reader_done = true;
        at = 0;
        met = 0;
        do
        :: at < ENTRIES -> visited[at] = false; at++
        :: else -> break
        od;
        at = 0
    }
}

/* liburcu's thread: releases what was retired when its grace period is over; at the very end looks
 * at what is left. */
proctype reclaimer()
{
    byte e, h, p, s, free, shown;

    do
    :: pending > 0 ->
        /* one whose grace period is over; if there is none, look again */
        atomic {
            e = 0;
            do
            :: e < ENTRIES && !(retired[e] && !released[e] && waits_for[e] == 0) -> e++
            :: else -> break
            od;
            if
            :: e < ENTRIES -> released[e] = true
            :: else
            fi
        };
        if
        :: e < ENTRIES ->
            if
            :: slot_of[e] != NONE -> s = slot_of[e]; free_slot(s)
            :: else
            fi;
            pending--
        :: else
        fi
    :: atomic { pending == 0 && workers_done == WORKERS && reader_done -> break }
    od;
    atomic {
        h = head;
        do
        :: h != NONE -> assert(free < SLOTS && !in_use[h] && KIND(word[h]) == EMPTY);
            free++;
            h = VAL(word[h])
        :: else -> break
        od;
        s = 0;
        do
        :: s < SLOTS ->
            if
            :: KIND(word[s]) == TAKEN -> shown++; assert(VAL(word[s]) == table)
            :: else
            fi;
            s++
        :: else -> break
        od;
        assert(shown == (table != NONE -> 1 : 0));
        assert(free + shown == SLOTS)
    }
}

init {
    byte i;

    atomic {
        i = 0;
        do
        :: i < SLOTS -> word[i] = EMPTY | (i + 1 < SLOTS -> i + 1 : NONE); i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < ENTRIES -> slot_of[i] = NONE; i++
        :: else -> break
        od;
#ifdef FIRST_ENTRY
        word[0] = TAKEN | 0;
        in_use[0] = true;
        head = 1;
        table = 0;
        slot_of[0] = 0;
#endif
        i = 0
    };
    atomic {
        do
        :: i < WORKERS -> run worker(i); i++
        :: else -> break
        od;
#ifdef NO_READER
        reader_done = true;
#else
        run reader();
#endif
        run reclaimer()
    }
}
