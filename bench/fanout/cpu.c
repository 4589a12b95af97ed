/* SPDX-License-Identifier: MIT */
#include "cpu.h"

#include <dirent.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first bytes of a file as a string; false: there is no such file. */
static bool slurp(const char *path, char *out, size_t cap)
{
    FILE *file = fopen(path, "r");
    size_t len = 0;

    if (file == NULL)
        return false;
    len = fread(out, 1, cap - 1, file);
    out[len] = '\0';
    (void)fclose(file);
    return len != 0;
}

static uint64_t schedstat_ns(const char *path)
{
    char text[128];
    uint64_t ns = 0;

    if (slurp(path, text, sizeof text))
        (void)sscanf(text, "%" SCNu64, &ns);
    return ns;
}

/* All threads of a process */
static uint64_t process_ns(pid_t pid)
{
    char path[300];
    uint64_t ns = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);

    DIR *dir = opendir(path);

    if (dir == NULL)
        return 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, e->d_name);
        ns += schedstat_ns(path);
    }
    (void)closedir(dir);
    return ns;
}

/* The nth processor that we may use, or the last. */
static int nth_cpu(int n)
{
    static cpu_set_t usable; /* as it was before we pinned ourselves */
    int found = 0;

    if (CPU_COUNT(&usable) == 0 && sched_getaffinity(0, sizeof usable, &usable) != 0)
        return 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET((size_t)cpu, &usable))
            continue;
        found = cpu;
        if (n-- == 0)
            break;
    }
    return found;
}

int cpu_count(void)
{
    cpu_set_t usable;

    (void)nth_cpu(0);
    return sched_getaffinity(0, sizeof usable, &usable) == 0 ? CPU_COUNT(&usable) : 1;
}

static void pin(int n)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET((size_t)nth_cpu(n), &one);
    (void)sched_setaffinity(0, sizeof one, &one); /* where it is forbidden we measure as it is */
}

void cpu_pin_server(void)
{
    pin(0);
}

void cpu_pin_client(void)
{
    pin(1);
}

/* The kernel thread has a process id of its own, that stays the same. */
static pid_t find_ksoftirqd(void)
{
    char name[32];
    char path[300];
    char comm[32];
    pid_t found = 0;
    DIR *dir = opendir("/proc");

    (void)snprintf(name, sizeof name, "ksoftirqd/%d\n", nth_cpu(0));
    if (dir == NULL)
        return 0;
    for (struct dirent *e; found == 0 && (e = readdir(dir)) != NULL;) {
        int pid = 0;

        if (sscanf(e->d_name, "%d", &pid) != 1)
            continue;
        (void)snprintf(path, sizeof path, "/proc/%d/comm", pid);
        if (slurp(path, comm, sizeof comm) && strcmp(comm, name) == 0)
            found = pid;
    }
    (void)closedir(dir);
    return found;
}

static uint64_t ksoftirqd_ns(void)
{
    static pid_t pid = -1;

    if (pid == -1)
        pid = find_ksoftirqd();
    return pid == 0 ? 0 : process_ns(pid); /* in a container it cannot be seen */
}

static void read_ticks(pid_t pid, cpu_time *t)
{
    char path[64];
    char text[1024];
    const char *after = NULL;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!slurp(path, text, sizeof text) || (after = strrchr(text, ')')) == NULL)
        return;
    /* fields 14 and 15; the name, field 2, ends at the last parenthesis */
    (void)sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
                 &t->user_ticks, &t->system_ticks);
}

cpu_time cpu_time_of(pid_t pid)
{
    cpu_time t = {.ns = process_ns(pid), .softirq_ns = ksoftirqd_ns()};

    read_ticks(pid, &t);
    return t;
}

cpu_time cpu_time_between(cpu_time a, cpu_time b)
{
    return (cpu_time){
        .ns = b.ns - a.ns,
        .softirq_ns = b.softirq_ns - a.softirq_ns,
        .user_ticks = b.user_ticks - a.user_ticks,
        .system_ticks = b.system_ticks - a.system_ticks,
    };
}

uint64_t cpu_rss_of(pid_t pid)
{
    char path[64];
    char text[256];
    uint64_t pages = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (slurp(path, text, sizeof text))
        (void)sscanf(text, "%*u %" SCNu64, &pages);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
