#include "format/toml_internal.h"

static struct toml_node *define_refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return NULL;
}

/* `part` NULL: an array's element. */
static struct toml_node *define_grow(struct toml *doc, struct toml_node *parent, const struct toml_part *part,
    enum toml_kind kind, enum toml_form form, const char **ret_why)
{
	if (parent->depth >= TOML_DEPTH_MAX)
		return define_refuse(ret_why, "nested too deeply");
	struct toml_node *node = toml_node_new(doc, kind, form);
	if (!node || !toml_node_attach(doc, parent, node, part ? part->key : NULL, part ? part->len : 0))
		return define_refuse(ret_why, toml_no_memory);
	if (part)
		node->begin = part->begin;
	return node;
}

static struct toml_node *define_find(const struct toml_node *parent, const struct toml_part *part)
{
	return toml_node_find(parent, part->key, part->len);
}

/* ---- behind a key ---- */

struct toml_node *toml_define_value(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_why)
{
	if (define_find(parent, part))
		return define_refuse(ret_why, "this key is already defined");
	return define_grow(doc, parent, part, TOML_BOOLEAN, FORM_VALUE, ret_why);
}

/* Dotted keys add to tables that dotted keys of the same scope made, or that were only named on the way to a
 * header so far and thereby become such tables; to no other. */
struct toml_node *toml_define_dotted(struct toml *doc, struct toml_node *parent, const struct toml_part *part,
    struct toml_node *scope, const char **ret_why)
{
	struct toml_node *node = define_find(parent, part);

	if (!node)
		node = define_grow(doc, parent, part, TOML_TABLE, FORM_DOTTED, ret_why);
	else if (node->kind != TOML_TABLE)
		return define_refuse(ret_why, "this key already has a value that is not a table");
	else if (node->form == FORM_IMPLICIT)
		node->form = FORM_DOTTED;
	else if (node->form != FORM_DOTTED || node->table->scope != scope)
		return define_refuse(
		    ret_why, "this table is defined elsewhere; a dotted key cannot add to it");
	if (node)
		node->table->scope = scope;
	return node;
}

struct toml_node *toml_define_element(
    struct toml *doc, struct toml_node *array, enum toml_form form, const char **ret_why)
{
	enum toml_kind kind = form == FORM_HEADER ? TOML_TABLE : TOML_BOOLEAN;

	return define_grow(doc, array, NULL, kind, form, ret_why);
}

/* ---- in a header ---- */

/* A header may lead through every table but inline ones, and through the last element of an array of tables. */
struct toml_node *toml_define_super(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_why)
{
	struct toml_node *node = define_find(parent, part);

	if (!node)
		return define_grow(doc, parent, part, TOML_TABLE, FORM_IMPLICIT, ret_why);
	if (node->form == FORM_VALUE)
		return define_refuse(ret_why, "this key already has a value that no header can add to");
	return node->kind == TOML_ARRAY ? node->u.children.last : node;
}

struct toml_node *toml_define_table(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_why)
{
	struct toml_node *node = define_find(parent, part);

	if (!node)
		return define_grow(doc, parent, part, TOML_TABLE, FORM_HEADER, ret_why);
	if (node->kind != TOML_TABLE)
		return define_refuse(ret_why, "this key is already defined, not as a table");
	if (node->form != FORM_IMPLICIT)
		return define_refuse(ret_why, "this table is already defined");
	node->form = FORM_HEADER;
	node->begin = part->begin;
	return node;
}

struct toml_node *toml_define_next_table(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_why)
{
	struct toml_node *array = define_find(parent, part);

	if (!array)
		array = define_grow(doc, parent, part, TOML_ARRAY, FORM_TABLES, ret_why);
	else if (array->form != FORM_TABLES)
		return define_refuse(ret_why, "this key is already defined, not as an array of tables");
	struct toml_node *table = array ? toml_define_element(doc, array, FORM_HEADER, ret_why) : NULL;
	if (table)
		table->begin = part->begin;
	return table;
}
