/* SPDX-License-Identifier: MIT */
/*
 * Several threads post to one box whose owner sleeps until it is woken.
 *
 * Checked:
 *   order      the letters of one poster are opened in the order in which it posted them
 *   once       each is opened, and once
 *   wakes      the owner never sleeps while there is a letter, and is not woken for nothing
 *   turns      a letter that posts itself again comes in a later turn, and none is lost
 *   content    what a poster wrote into a letter is what the owner reads (ThreadSanitizer sees more)
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include "list.h"
#include "mailbox.h"
#include "torture.h"

enum { POSTERS = 4, MOST_UNOPENED = 64, LOST_WAKE_S = 5 };

typedef struct poster {
    pthread_t thread;
    uint64_t random;
    uint64_t posted;            /* poster; others after joining it */
    _Atomic(uint64_t) x_opened; /* atomic: owner writes */
} poster;

typedef struct note {
    letter letter;
    poster *from;
    uint64_t number;  /* from 1 */
    uint64_t content; /* of the number, see content_of() */
    bool farewell;    /* the poster's last */
    unsigned again;   /* owner: how often it posts itself again */
    uint64_t turn;    /* owner: when it did */
} note;

static torture conf;
static mailbox box;
static sem_t wakes;
static poster posters[POSTERS];
static uint64_t last[POSTERS]; /* owner: the number that was opened last */
static uint64_t turn;          /* owner */
static uint64_t again_posted;  /* owner */
static uint64_t again_opened;  /* owner */
static unsigned said_farewell; /* owner: posters that will post no more */

static uint64_t content_of(uint64_t number)
{
    return torture_random(&number);
}

static void wake(void *arg)
{
    (void)arg;
    CHECK(sem_post(&wakes) == 0, "sem_post");
}

static void open_again(letter *l);

static void post_again(note *n)
{
    n->letter.open = open_again;
    n->turn = turn;
    again_posted++;
    mailbox_post(&box, &n->letter);
}

static void open_again(letter *l)
{
    note *n = container_of(l, note, letter);

    CHECK(n->turn < turn, "a letter was posted and opened in one turn");
    again_opened++;
    if (n->again-- == 0)
        free(n);
    else
        post_again(n);
}

static void open_note(letter *l)
{
    note *n = container_of(l, note, letter);
    poster *p = n->from;
    uint64_t *before = &last[p - posters];

    CHECK(n->number == *before + 1, "number %llu after %llu", (unsigned long long)n->number,
          (unsigned long long)*before);
    CHECK(n->content == content_of(n->number), "a letter was opened before it was written");
    *before = n->number;
    /* relaxed: only paces the poster */
    atomic_store_explicit(&p->x_opened, n->number, memory_order_relaxed);
    said_farewell += n->farewell;
    if (n->number % 16 != 0) {
        free(n);
        return;
    }
    n->again = (unsigned)(n->content % 4);
    post_again(n);
}

static void post_next(poster *p, bool farewell)
{
    note *n = malloc(sizeof *n);

    CHECK(n != NULL, "out of memory");
    *n = (note){.letter.open = open_note, .from = p, .number = ++p->posted, .farewell = farewell};
    n->content = content_of(n->number);
    mailbox_post(&box, &n->letter);
}

/* Few letters at a time, so that the box is empty often. */
static void *poster_main(void *arg)
{
    poster *p = arg;

    while (torture_goes_on(&conf)) {
        uint64_t burst = 1 + torture_random(&p->random) % MOST_UNOPENED;

        for (uint64_t i = 0; i < burst; i++)
            post_next(p, false);
        /* relaxed: see open_note() */
        while (atomic_load_explicit(&p->x_opened, memory_order_relaxed) + MOST_UNOPENED < p->posted)
            (void)sched_yield();
    }
    post_next(p, true);
    return NULL;
}

static void wait_for_wake(void)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LOST_WAKE_S;
    while (sem_timedwait(&wakes, &until) != 0)
        CHECK(errno == EINTR, "nobody woke the owner for %d s", LOST_WAKE_S);
}

static void work(void)
{
    while (said_farewell < POSTERS || again_opened < again_posted) {
        wait_for_wake();
        turn++;
        CHECK(mailbox_drain(&box) != 0, "woken for nothing");
    }
    CHECK(mailbox_drain(&box) == 0, "letters after the last one");
    CHECK(sem_trywait(&wakes) != 0, "a wake after the last letter");
}

int main(int argc, char **argv)
{
    uint64_t random;
    uint64_t posted = 0;

    conf = torture_begin(argc, argv);
    random = conf.seed;
    CHECK(sem_init(&wakes, 0, 0) == 0, "sem_init");
    mailbox_init(&box, wake, NULL);
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i].random = torture_random(&random);
        CHECK(pthread_create(&posters[i].thread, NULL, poster_main, &posters[i]) == 0, "thread");
    }
    work();
    for (unsigned i = 0; i < POSTERS; i++) {
        (void)pthread_join(posters[i].thread, NULL);
        CHECK(posters[i].posted == last[i], "%llu posted, %llu opened",
              (unsigned long long)posters[i].posted, (unsigned long long)last[i]);
        posted += posters[i].posted;
    }
    CHECK(sem_destroy(&wakes) == 0, "sem_destroy");
    (void)printf("%llu letters, %llu posted again, %llu turns: all held\n",
                 (unsigned long long)posted, (unsigned long long)again_posted,
                 (unsigned long long)turn);
    return 0;
}
