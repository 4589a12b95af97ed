/* SPDX-License-Identifier: MIT */
/*
 * Reading /proc. The text is taken for what it is, somebody else's: a line that does not look as
 * expected is passed over, a number that is none ends its line, and nothing is written out of
 * bounds whatever the files say.
 */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    SECTOR_BYTES = 512, /* of /proc/diskstats, whatever the disk itself uses */
    CPU_FIELDS = 8,     /* user nice system idle iowait irq softirq steal; guest is part of user */
    CPU_IDLE = 3,
    CPU_IOWAIT = 4,
    NET_FIELDS = 9,
    NET_RX_BYTES = 0,
    NET_TX_BYTES = 8,
    DISK_FIELDS = 7,
    DISK_SECTORS_READ = 2,
    DISK_SECTORS_WRITTEN = 6,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Cuts `text` behind the first `separator`; what was before it is returned without it. */
static view cut(view *text, char separator)
{
    const char *end = text->len == 0 ? NULL : memchr(text->ptr, separator, text->len);
    view head = {.ptr = text->ptr, .len = end == NULL ? text->len : (size_t)(end - text->ptr)};

    *text = view_skip(*text, end == NULL ? head.len : head.len + 1);
    return head;
}

static view next_line(view *text)
{
    return cut(text, '\n');
}

static view next_word(view *line)
{
    while (line->len > 0 && (line->ptr[0] == ' ' || line->ptr[0] == '\t'))
        *line = view_skip(*line, 1);
    return cut(line, ' ');
}

/* false: empty, not all digits, or over UINT64_MAX. */
static bool parse_u64(view digits, uint64_t *out)
{
    uint64_t number = 0;

    for (size_t i = 0; i < digits.len; i++) {
        if (!is_digit(digits.ptr[i]) || __builtin_mul_overflow(number, 10U, &number) ||
            __builtin_add_overflow(number, (uint64_t)(digits.ptr[i] - '0'), &number))
            return false;
    }
    *out = number;
    return digits.len > 0;
}

/* Takes up to `count` numbers off the line and says how many there were. */
static size_t next_numbers(view *line, uint64_t *out, size_t count)
{
    size_t found = 0;

    while (found < count && parse_u64(next_word(line), &out[found]))
        found++;
    return found;
}

static void count_up(proc_counter *counter, uint64_t amount)
{
    counter->value += amount;
    counter->known = true;
}

/* The file's text, without a last line that was cut short; empty when it cannot be read. */
static view read_file(int proc_fd, const char *name, char *scratch)
{
    int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got = 1;

    if (fd < 0)
        return (view){0};
    while (got != 0 && len < PROC_FILE_MAX) {
        got = read(fd, scratch + len, PROC_FILE_MAX - len);
        if (got < 0 && errno != EINTR)
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd); /* it was only read from */
    if (len == PROC_FILE_MAX) {
        while (len > 0 && scratch[len - 1] != '\n')
            len--;
    }
    return (view){.ptr = scratch, .len = len};
}

/* stat: "cpu  3239 0 2687 236954 1189 0 70 271 0 0", then one such line for each core that is on */
static proc_cpu parse_cpu(view line)
{
    uint64_t ticks[CPU_FIELDS] = {0};
    size_t found = next_numbers(&line, ticks, CPU_FIELDS);
    proc_cpu cpu = {0};

    if (found <= CPU_IDLE)
        return cpu;
    for (size_t i = 0; i < found; i++)
        cpu.total += ticks[i];
    cpu.busy = cpu.total - ticks[CPU_IDLE] - ticks[CPU_IOWAIT];
    return cpu;
}

static void parse_stat(view text, proc_reading *out)
{
    while (text.len > 0) {
        view line = next_line(&text);
        view name = next_word(&line);
        uint64_t core = 0;

        if (view_eq(name, VIEW_LIT("cpu"))) {
            out->cpu = parse_cpu(line);
            continue;
        }
        if (!view_starts_with(name, VIEW_LIT("cpu")) || !parse_u64(view_skip(name, 3), &core) ||
            core >= DEMO_MAX_CORES)
            continue;
        out->cores[core] = parse_cpu(line);
        if (core >= out->core_count)
            out->core_count = (unsigned)core + 1;
    }
}

/* meminfo: "MemTotal:        8134412 kB" */
static void parse_meminfo(view text, proc_reading *out)
{
    uint64_t swap_total = 0;
    uint64_t swap_free = 0;
    const struct {
        view name;
        uint64_t *bytes;
    } wanted[] = {
        {VIEW_LIT("MemTotal:"), &out->memory_total},
        {VIEW_LIT("MemAvailable:"), &out->memory_available},
        {VIEW_LIT("SwapTotal:"), &swap_total},
        {VIEW_LIT("SwapFree:"), &swap_free},
    };

    while (text.len > 0) {
        view line = next_line(&text);
        view name = next_word(&line);
        uint64_t kib = 0;

        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
            if (view_eq(name, wanted[i].name) && next_numbers(&line, &kib, 1) == 1 &&
                kib <= UINT64_MAX / 1024)
                *wanted[i].bytes = kib * 1024;
        }
    }
    out->swap_used = swap_total > swap_free ? swap_total - swap_free : 0;
}

/* "0.18" -> 18; 0 for what does not look like that */
static uint64_t parse_hundredths(view word)
{
    uint64_t whole = 0;
    uint64_t fraction = 0;
    view head = cut(&word, '.');

    if (!parse_u64(head, &whole) || word.len != 2 || !parse_u64(word, &fraction) ||
        whole > UINT32_MAX)
        return 0;
    return whole * 100 + fraction;
}

/* loadavg: "0.18 0.05 0.01 1/95 6062": running / all tasks, last process id */
static void parse_loadavg(view text, proc_reading *out)
{
    view line = next_line(&text);

    for (size_t i = 0; i < 3; i++)
        out->load_hundredths[i] = parse_hundredths(next_word(&line));

    view tasks = next_word(&line);

    (void)cut(&tasks, '/');
    (void)parse_u64(tasks, &out->tasks); /* leaves 0 when it is no number */
}

/* net/dev: "  eth0: 3193 29 0 0 0 0 0 0 3193 29 0 0 0 0 0 0", after two lines of headings */
static void parse_net(view text, proc_reading *out)
{
    while (text.len > 0) {
        view line = next_line(&text);
        view head = cut(&line, ':');
        view name = next_word(&head);
        uint64_t fields[NET_FIELDS] = {0};

        if (view_eq(name, VIEW_LIT("lo")) || next_numbers(&line, fields, NET_FIELDS) < NET_FIELDS)
            continue;
        count_up(&out->net_rx, fields[NET_RX_BYTES]);
        count_up(&out->net_tx, fields[NET_TX_BYTES]);
    }
}

/* Devices that are memory, or are made of disks that are counted already. */
static bool is_virtual_disk(view name)
{
    static const char *const prefixes[] = {"loop", "ram", "zram", "dm-", "md"};

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (view_starts_with(name, view_of(prefixes[i])))
            return true;
    }
    return false;
}

/* A partition is called after its disk and a number, with a p between two digits: sda1, nvme0n1p1.
 * The kernel lists it after its disk; where it shows a partition only, that is taken for a disk. */
static bool is_partition_of(view name, view disk)
{
    uint64_t number = 0;

    if (disk.len == 0 || !view_starts_with(name, disk))
        return false;
    name = view_skip(name, disk.len);
    if (is_digit(disk.ptr[disk.len - 1])) {
        if (!view_starts_with(name, VIEW_LIT("p")))
            return false;
        name = view_skip(name, 1);
    }
    return parse_u64(name, &number);
}

/* diskstats: " 254 0 vda 5168 1583 327666 1423 2305 ..." */
static void parse_diskstats(view text, proc_reading *out)
{
    view disk = {0};

    while (text.len > 0) {
        view line = next_line(&text);
        uint64_t device[2] = {0}; /* major and minor number */
        uint64_t fields[DISK_FIELDS] = {0};

        if (next_numbers(&line, device, 2) < 2)
            continue;

        view name = next_word(&line);

        if (is_virtual_disk(name) || is_partition_of(name, disk) ||
            next_numbers(&line, fields, DISK_FIELDS) < DISK_FIELDS)
            continue;
        disk = name;
        count_up(&out->disk_read, fields[DISK_SECTORS_READ] * SECTOR_BYTES);
        count_up(&out->disk_write, fields[DISK_SECTORS_WRITTEN] * SECTOR_BYTES);
    }
}

void proc_read(int proc_fd, char *scratch, proc_reading *out)
{
    *out = (proc_reading){0};
    parse_stat(read_file(proc_fd, "stat", scratch), out);
    parse_meminfo(read_file(proc_fd, "meminfo", scratch), out);
    parse_loadavg(read_file(proc_fd, "loadavg", scratch), out);
    parse_net(read_file(proc_fd, "net/dev", scratch), out);
    parse_diskstats(read_file(proc_fd, "diskstats", scratch), out);
}
