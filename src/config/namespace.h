/* SPDX-License-Identifier: MIT */
/* The list of namespaces: read, freed. */
#ifndef CONFIG_NAMESPACE_H
#define CONFIG_NAMESPACE_H

#include "place.h"
#include "tree.h"

/* Replaces the list by what the node says, a sequence of mappings. Reports what is wrong. */
void namespaces_set(config_namespaces *out, tree *t, const yaml_node_t *list, const place *at);

/* Adds the namespace of the demo's channels, which everybody may watch, unless there is one of that
 * name. Reports a failure, which only want of memory explains. */
void namespaces_add_demo(config_namespaces *list, const place *at);

void namespaces_fini(config_namespaces *namespaces);

#endif
