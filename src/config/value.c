/* SPDX-License-Identifier: MIT */
#include "value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "parse.h"

/* A pointer that is never NULL, also for "" */
static char *copy_text(view text)
{
    char *copy = malloc(text.len + 1);

    if (copy == NULL)
        return NULL;
    if (text.len != 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text); /* ours since copy_text(); const for those who read it */
}

static bool out_of_memory(const place *at)
{
    place_error(at, "out of memory");
    return false;
}

static bool set_bool(option_ref ref, view text, const place *at)
{
    if (parse_bool(text, ref.field))
        return true;
    place_error(at, "%s is neither true nor false", log_quote(text).text);
    return false;
}

static bool in_range(const option *o, uint64_t number, uint64_t type_max)
{
    return number >= o->min && number <= (o->max != 0 ? o->max : type_max);
}

static bool set_count(option_ref ref, view text, const place *at)
{
    uint64_t number = 0;
    bool left_out = text.len == 0 && *ref.option->preset == '\0';

    if (!left_out && (!parse_number(text, &number) || !in_range(ref.option, number, UINT32_MAX))) {
        place_error(at, "%s is not a whole number from %ju to %ju", log_quote(text).text,
                    (uintmax_t)ref.option->min,
                    (uintmax_t)(ref.option->max != 0 ? ref.option->max : UINT32_MAX));
        return false;
    }
    *(uint32_t *)ref.field = (uint32_t)number;
    return true;
}

static bool set_size(option_ref ref, view text, const place *at)
{
    uint64_t bytes;

    if (!parse_size(text, &bytes)) {
        place_error(at, "%s is not a number of bytes such as 65536, 64KiB or 16MiB",
                    log_quote(text).text);
        return false;
    }
    if (!in_range(ref.option, bytes, UINT64_MAX)) {
        place_error(at, "%s is not from %ju to %ju bytes", log_quote(text).text,
                    (uintmax_t)ref.option->min,
                    (uintmax_t)(ref.option->max != 0 ? ref.option->max : UINT64_MAX));
        return false;
    }
    *(uint64_t *)ref.field = bytes;
    return true;
}

/* A century: every sum of two of them and the clock fits. */
static const uint64_t max_duration_ms = UINT64_C(100) * 366 * 24 * 3600 * 1000;

static bool set_duration(option_ref ref, view text, const place *at)
{
    uint64_t ms;

    if (!parse_duration(text, &ms) || !in_range(ref.option, ms, max_duration_ms)) {
        place_error(at, "%s is not a time in whole milliseconds such as 25s, 1m30s or 500ms",
                    log_quote(text).text);
        return false;
    }
    *(uint64_t *)ref.field = ms;
    return true;
}

static bool set_choice(option_ref ref, view text, const place *at)
{
    const char *const *choices = ref.option->choices;
    char list[128];
    size_t len = 0;

    for (uint32_t i = 0; choices[i] != NULL; i++) {
        if (view_eq(text, view_of(choices[i]))) {
            *(uint32_t *)ref.field = i;
            return true;
        }
        len += (size_t)snprintf(list + len, sizeof list - len, "%s\"%s\"", i == 0 ? "" : ", ",
                                choices[i]);
    }
    place_error(at, "%s is none of %s", log_quote(text).text, list);
    return false;
}

static bool is_address(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];

    return *text == '\0' || inet_pton(AF_INET, text, address) == 1 ||
           inet_pton(AF_INET6, text, address) == 1;
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static bool is_line_break(char c)
{
    return c == '\n' || c == '\r';
}

/* `text` has a NUL behind it. Secrets are among the strings: no message repeats a plain one. */
static bool good_text(const option *o, view text, const place *at)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_control(text.ptr[i]) && !(o->type == OPTION_TEXT && is_line_break(text.ptr[i]))) {
            place_error(at, "there is a control character in the text");
            return false;
        }
    if (o->type == OPTION_ADDRESS && !is_address(text.ptr)) {
        place_error(at, "%s is not an IPv4 or IPv6 address", log_quote(text).text);
        return false;
    }
    if (o->type == OPTION_PATH && *text.ptr != '/') {
        place_error(at, "%s does not begin with '/'", log_quote(text).text);
        return false;
    }
    return true;
}

/* A checked copy; its ptr is NULL if that failed and was reported. */
static view new_text(const option *o, view text, const place *at)
{
    view copy = {.ptr = copy_text(text), .len = text.len};

    if (copy.ptr == NULL)
        place_error(at, "out of memory");
    else if (!good_text(o, copy, at)) {
        free_text(copy.ptr);
        copy.ptr = NULL;
    }
    return copy;
}

static bool set_string(option_ref ref, view text, const place *at)
{
    view copy = new_text(ref.option, text, at);
    view *field = ref.field;

    if (copy.ptr == NULL)
        return false;
    free_text(field->ptr);
    *field = copy;
    return true;
}

static void strings_fini(config_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free_text(strings->items[i]);
    free(strings->items);
    *strings = (config_strings){0};
}

bool value_set_strings(option_ref ref, const view *items, size_t count, const place *at)
{
    config_strings fresh = {.items = calloc(count + 1, sizeof *fresh.items)};

    if (fresh.items == NULL)
        return out_of_memory(at);
    for (size_t i = 0; i < count; i++) {
        fresh.items[i] = new_text(ref.option, items[i], at).ptr;
        if (fresh.items[i] == NULL) {
            strings_fini(&fresh);
            return false;
        }
        fresh.count++;
    }
    strings_fini(ref.field);
    *(config_strings *)ref.field = fresh;
    return true;
}

static view take_word(view *rest)
{
    static const char separators[] = ", \t\n";
    size_t skip = 0;
    size_t len = 0;

    while (skip < rest->len && strchr(separators, rest->ptr[skip]) != NULL)
        skip++;
    *rest = view_skip(*rest, skip);
    while (len < rest->len && strchr(separators, rest->ptr[len]) == NULL)
        len++;

    view word = {.ptr = rest->ptr, .len = len};

    *rest = view_skip(*rest, len);
    return word;
}

static bool set_strings(option_ref ref, view text, const place *at)
{
    view *words =
        calloc(text.len / 2 + 1, sizeof *words); /* a word and a separator are two bytes */
    size_t count = 0;

    if (words == NULL)
        return out_of_memory(at);
    for (view word = take_word(&text); word.len != 0; word = take_word(&text))
        words[count++] = word;

    bool set = value_set_strings(ref, words, count, at);

    free(words);
    return set;
}

bool value_set(option_ref ref, view text, const place *at)
{
    switch (ref.option->type) {
    case OPTION_BOOL:
        return set_bool(ref, text, at);
    case OPTION_COUNT:
        return set_count(ref, text, at);
    case OPTION_SIZE:
        return set_size(ref, text, at);
    case OPTION_DURATION:
        return set_duration(ref, text, at);
    case OPTION_CHOICE:
        return set_choice(ref, text, at);
    case OPTION_STRINGS:
        return set_strings(ref, text, at);
    case OPTION_STRING:
    case OPTION_TEXT:
    case OPTION_ADDRESS:
    case OPTION_PATH:
        return set_string(ref, text, at);
    case OPTION_NAMESPACES:
        break;
    }
    return false;
}

static bool holds_text(option_type type)
{
    return type == OPTION_STRING || type == OPTION_TEXT || type == OPTION_ADDRESS ||
           type == OPTION_PATH;
}

static bool same_strings(const config_strings *a, const config_strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

bool value_same(option_type type, const void *a, const void *b)
{
    switch (type) {
    case OPTION_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case OPTION_COUNT:
    case OPTION_CHOICE:
        return *(const uint32_t *)a == *(const uint32_t *)b;
    case OPTION_SIZE:
    case OPTION_DURATION:
        return *(const uint64_t *)a == *(const uint64_t *)b;
    case OPTION_STRING:
    case OPTION_TEXT:
    case OPTION_ADDRESS:
    case OPTION_PATH:
        return view_eq(*(const view *)a, *(const view *)b);
    case OPTION_STRINGS:
        return same_strings(a, b);
    case OPTION_NAMESPACES:
        break;
    }
    return true;
}

void value_fini(option_ref ref)
{
    if (holds_text(ref.option->type)) {
        free_text(((view *)ref.field)->ptr);
        *(view *)ref.field = (view){0};
    } else if (ref.option->type == OPTION_STRINGS)
        strings_fini(ref.field);
}
