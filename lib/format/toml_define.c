#include "format/toml_internal.h"

static struct toml_node *define_refuse(const char **ret_reason, const char *reason)
{
	*ret_reason = reason;
	return NULL;
}

/* Adds a node to `parent`; `part` is NULL for an array's element. */
static struct toml_node *define_grow(struct toml *doc, struct toml_node *parent, const struct toml_part *part,
    enum toml_kind kind, enum toml_form form, const char **ret_reason)
{
	if (parent->depth >= TOML_DEPTH_MAX)
		return define_refuse(ret_reason, "nested too deeply");
	struct toml_node *node = toml_node_new(doc, kind, form);
	toml_node_attach(doc, parent, node, part ? &part->key : NULL);
	if (part)
		node->begin = part->begin;
	return node;
}

/* ---- after a key ---- */

struct toml_node *toml_define_value(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_reason)
{
	if (toml_node_find(parent, part->key))
		return define_refuse(ret_reason, "this key is already defined");
	return define_grow(doc, parent, part, TOML_BOOLEAN, FORM_VALUE, ret_reason);
}

/*
 * Dotted keys can add to a table only if dotted keys of the same scope have created it,
 * or if so far only headers of sub-tables name it.
 */
struct toml_node *toml_define_dotted(struct toml *doc, struct toml_node *parent, const struct toml_part *part,
    struct toml_node *scope, const char **ret_reason)
{
	struct toml_node *node = toml_node_find(parent, part->key);

	if (!node)
		node = define_grow(doc, parent, part, TOML_TABLE, FORM_DOTTED, ret_reason);
	else if (node->kind != TOML_TABLE)
		return define_refuse(ret_reason, "this key already has a value that is not a table");
	else if (node->form == FORM_IMPLICIT)
		node->form = FORM_DOTTED;
	else if (node->form != FORM_DOTTED || node->table->scope != scope)
		return define_refuse(
		    ret_reason, "this table is defined elsewhere; a dotted key cannot add to it");
	if (node)
		node->table->scope = scope;
	return node;
}

struct toml_node *toml_define_element(
    struct toml *doc, struct toml_node *array, enum toml_form form, const char **ret_reason)
{
	enum toml_kind kind = form == FORM_HEADER ? TOML_TABLE : TOML_BOOLEAN;

	return define_grow(doc, array, NULL, kind, form, ret_reason);
}

/* ---- in a header ---- */

/*
 * The parts of a header can name any table except inline tables; an array of tables means
 * its last element.
 */
struct toml_node *toml_define_super(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_reason)
{
	struct toml_node *node = toml_node_find(parent, part->key);

	if (!node)
		return define_grow(doc, parent, part, TOML_TABLE, FORM_IMPLICIT, ret_reason);
	if (node->form == FORM_VALUE)
		return define_refuse(ret_reason, "this key already has a value and cannot be a table");
	if (node->kind == TOML_ARRAY)
		return node->u.children.last;
	return node;
}

struct toml_node *toml_define_table(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_reason)
{
	struct toml_node *node = toml_node_find(parent, part->key);

	if (!node)
		return define_grow(doc, parent, part, TOML_TABLE, FORM_HEADER, ret_reason);
	if (node->kind != TOML_TABLE)
		return define_refuse(ret_reason, "this key is already defined and is not a table");
	if (node->form != FORM_IMPLICIT)
		return define_refuse(ret_reason, "this table is already defined");
	node->form = FORM_HEADER;
	node->begin = part->begin;
	return node;
}

struct toml_node *toml_define_next_table(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_reason)
{
	struct toml_node *array = toml_node_find(parent, part->key);

	if (!array)
		array = define_grow(doc, parent, part, TOML_ARRAY, FORM_TABLES, ret_reason);
	else if (array->form != FORM_TABLES)
		return define_refuse(ret_reason, "this key is already defined and is not an array of tables");
	struct toml_node *table = array ? toml_define_element(doc, array, FORM_HEADER, ret_reason) : NULL;
	if (table)
		table->begin = part->begin;
	return table;
}
