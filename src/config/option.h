/* SPDX-License-Identifier: MIT */
/* The table of options, from which flags, variables, file keys, defaults and help derive. */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

#include "config.h"

typedef enum option_type {
    OPTION_BOOL,       /* bool */
    OPTION_COUNT,      /* uint32_t */
    OPTION_SIZE,       /* uint64_t, bytes */
    OPTION_DURATION,   /* uint64_t, milliseconds */
    OPTION_STRING,     /* view */
    OPTION_TEXT,       /* view: may have line breaks */
    OPTION_ADDRESS,    /* view: a literal IPv4 or IPv6 address, or "" */
    OPTION_PATH,       /* view: begins with '/' */
    OPTION_STRINGS,    /* config_strings */
    OPTION_CHOICE,     /* an enum; choices[] names its values from 0 on */
    OPTION_NAMESPACES, /* config_namespaces */
} option_type;

enum { OPTION_MAX_CHOICES = 8 };

typedef struct option {
    const char *name;                        /* dotted, as in the file */
    size_t offset;                           /* of the field, in config or in channel_options */
    const char *preset;                      /* the default, as a user would write it */
    const char *help;                        /* one line */
    uint64_t min;                            /* of COUNT, SIZE and DURATION */
    uint64_t max;                            /* 0: no other limit than the type's */
    const char *flag;                        /* a second, short name of the flag, or NULL */
    const char *choices[OPTION_MAX_CHOICES]; /* of CHOICE, ended by NULL */
    option_type type;
    char letter;    /* a flag of one letter, or 0 */
    bool flag_only; /* neither in the environment nor in a file */
    bool at_start;  /* read once: a change takes effect with the next start */
} option;

typedef struct option_table {
    const option *items;
    size_t count;
} option_table;

extern const option_table options_of_server;  /* offsets in config */
extern const option_table options_of_channel; /* offsets in channel_options */

/* What precedes the options of options_of_channel in the name of those without namespace. */
#define WITHOUT_NAMESPACE "channel.without_namespace."

/* An option and where its value lives. */
typedef struct option_ref {
    const option *option; /* NULL: no such option */
    void *field;
} option_ref;

/* All options one after the other: those of the server, then those of channels without namespace. */
size_t option_count(void);

/* The one at this place, and its full dotted name; `at` is below option_count(). */
typedef struct option_name {
    char text[96];
} option_name;

const option *option_at(size_t at, option_name *name);

/* The option called `name` in `table`, or NULL. */
const option *option_in(const option_table *table, view name);

/* By full dotted name, with its field in c. */
option_ref option_by_name(config *c, view name);

/* By what follows the prefix of a variable: "CLIENT_INSECURE". */
option_ref option_by_variable(config *c, view variable);

/* By flag without its dashes: a full name, a second name, or one letter if is_letter. */
option_ref option_by_flag(config *c, view flag, bool is_letter);

/* true: `name` is where options are nested: "client", "channel.without_namespace". */
bool option_is_section(view name);

/* " NUMBER": what stands behind the flag in texts, with a space before it; "" for switches. */
const char *option_value_name(option_type type);

/* "client" of "client.insecure"; "" of "workers" */
view option_section(const option *o);

/* Appends ": one, two" for the words that a choice is one of; nothing for other types. */
void option_write_choices(buf *out, const option *o);

static inline void *option_field(const option *o, void *object)
{
    return (char *)object + o->offset;
}

#endif
