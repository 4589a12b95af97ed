/* SPDX-License-Identifier: MIT */
/* A YAML document, and so a JSON one, as a tree that remembers its lines. */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <yaml.h>

#include "place.h"

typedef struct tree {
    yaml_document_t document;
    yaml_node_t *root; /* NULL: the document is empty */
} tree;

/* Reads exactly one document. false: the reason was reported, with its line if the place is a file.
 * On success the caller owes tree_fini(). */
bool tree_init(tree *t, view text, const place *at);
void tree_fini(tree *t);

/* Calls visit() for every pair of a mapping until it returns false. Keys that are no text, or there
 * twice, are reported and left out. */
typedef bool tree_visitor(void *context, view key, yaml_node_t *value, const place *at);
void tree_for_each(tree *t, const yaml_node_t *mapping, const place *at, tree_visitor *visit,
                   void *context);

/* The place of a node: that of its source with the node's line. */
place tree_place(const place *source, const yaml_node_t *node);

/* The text of a scalar, "" for null and for a node that is no scalar; good as long as the tree. */
view tree_text(const yaml_node_t *node);

#endif
