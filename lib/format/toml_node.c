#include "format/toml_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

#define CHUNK_SIZE ((size_t)32 * 1024)

struct chunk {
	struct chunk *next;
	char *at; /* the first free byte */
	int64_t bytes[];
};

void *toml_alloc(struct toml *doc, size_t size)
{
	const size_t align = _Alignof(struct toml_node);

	size = (size + align - 1) / align * align;
	if (size > doc->chunk_left || !doc->chunks) {
		size_t capacity = size > CHUNK_SIZE ? size : CHUNK_SIZE;
		struct chunk *chunk = memory_take_zeroed(1, sizeof(*chunk) + capacity);
		chunk->at = (char *)chunk->bytes;
		chunk->next = doc->chunks;
		doc->chunks = chunk;
		doc->chunk_left = capacity;
	}
	void *bytes = doc->chunks->at;
	doc->chunks->at += size;
	doc->chunk_left -= size;
	return bytes;
}

char *toml_copy(struct toml *doc, const char *bytes, size_t len)
{
	char *copy = toml_alloc(doc, len + 1);

	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

void toml_clear(struct toml *doc)
{
	for (struct toml_want *want = doc->wants; want; want = want->next)
		json_decref(want->value);
	for (struct chunk *chunk = doc->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(doc->slots);
	free(doc->text);
	*doc = (struct toml){0};
}

void toml_free(struct toml *doc)
{
	if (doc)
		toml_clear(doc);
	free(doc);
}

/* ---- the tree ---- */

static uint32_t hash_key(const struct toml_node *parent, struct toml_text key)
{
	uint32_t hash = 2166136261u ^ parent->hash; /* FNV-1a, started with the parent's */

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ (unsigned char)key.text[i]) * 16777619u;
	hash = (hash ^ hash >> 16) * 0x85EBCA6Bu; /* mixes the bits */
	return hash ^ hash >> 15;
}

/* The slot of that key, which is empty if there is no node. */
static struct toml_node **slot_of(
    const struct toml *doc, const struct toml_node *parent, uint32_t hash, struct toml_text key)
{
	for (size_t i = hash;; i++) {
		struct toml_node **slot = &doc->slots[i & (doc->slot_count - 1)];
		const struct toml_node *node = *slot;
		if (!node || (node->hash == hash && node->parent == parent && node->key_len == key.len &&
		                 !memcmp(node->key, key.text, key.len)))
			return slot;
	}
}

static void grow_slots(struct toml *doc)
{
	size_t count = doc->slot_count ? doc->slot_count * 2 : 64;

	if (doc->slot_used < doc->slot_count / 2)
		return;
	struct toml_node **old = doc->slots, **slots = memory_take_zeroed(count, sizeof(*slots));
	size_t old_count = doc->slot_count;
	doc->slots = slots;
	doc->slot_count = count;
	for (size_t i = 0; i < old_count; i++) {
		if (old[i])
			*slot_of(doc, old[i]->parent, old[i]->hash,
			    (struct toml_text){old[i]->key, old[i]->key_len}) = old[i];
	}
	free(old);
}

struct toml_node *toml_node_new(struct toml *doc, enum toml_kind kind, enum toml_form form)
{
	struct toml_node *node = toml_alloc(doc, sizeof(*node));

	node->kind = (uint8_t)kind;
	node->form = (uint8_t)form;
	if (kind == TOML_TABLE) {
		node->table = toml_alloc(doc, sizeof(*node->table));
		node->table->doc = doc;
	}
	return node;
}

/* An element has no key. Its index gives equal keys in its tables different hashes. */
static void enter_key(struct toml *doc, struct toml_node *node, const struct toml_text *key)
{
	if (!key) {
		size_t number = node->parent->u.children.count;
		node->hash =
		    hash_key(node->parent, (struct toml_text){(const char *)&number, sizeof(number)});
		return;
	}
	node->key = toml_copy(doc, key->text, key->len);
	node->key_len = key->len;
	node->hash = hash_key(node->parent, *key);
	grow_slots(doc);
	struct toml_node **slot = slot_of(doc, node->parent, node->hash, *key);
	if (*slot)
		node->was = toml_node_source(*slot);
	else
		doc->slot_used++;
	*slot = node;
}

void toml_node_attach(
    struct toml *doc, struct toml_node *parent, struct toml_node *node, const struct toml_text *key)
{
	node->parent = parent;
	node->depth = (uint16_t)(parent->depth + 1);
	enter_key(doc, node, key);
	struct toml_node **first = node->is_new ? &parent->table->new_first : &parent->u.children.first;
	struct toml_node **last = node->is_new ? &parent->table->new_last : &parent->u.children.last;
	if (*first)
		(*last)->next = node;
	else
		*first = node;
	*last = node;
	if (!node->is_new)
		parent->u.children.count++;
}

struct toml_node *toml_node_find(const struct toml_node *table, struct toml_text key)
{
	const struct toml *doc = table->table->doc;

	if (!doc->slot_count)
		return NULL;
	return *slot_of(doc, table, hash_key(table, key), key);
}

struct toml_node *toml_node_source(struct toml_node *newest)
{
	if (newest && newest->is_new)
		return newest->was;
	return newest;
}

struct toml_node *toml_node_live(struct toml_node *newest)
{
	if (newest && newest->gone)
		newest = newest->was;
	if (newest && !newest->gone)
		return newest;
	return NULL;
}

bool toml_node_inline(const struct toml_node *table)
{
	const struct toml_node *scope = table->table->scope;

	return scope && scope->form == FORM_VALUE;
}

json_t *toml_node_wanted(const struct toml_node *node)
{
	if (node->want)
		return node->want->value;
	return NULL;
}

static bool any_exists(const struct toml_node *first)
{
	for (const struct toml_node *node = first; node; node = node->next) {
		if (toml_node_exists(node))
			return true;
	}
	return false;
}

bool toml_node_exists(const struct toml_node *node)
{
	if (node->gone)
		return false;
	if (node->kind != TOML_TABLE || (node->form != FORM_IMPLICIT && node->form != FORM_DOTTED))
		return true;
	return any_exists(node->u.children.first) || any_exists(node->table->new_first);
}

/* ---- reading ---- */

const struct toml_node *toml_root(const struct toml *doc)
{
	if (!doc)
		return NULL;
	return doc->root;
}

bool toml_is(const struct toml_node *node, enum toml_kind kind)
{
	return node && toml_kind(node) == kind;
}

size_t toml_line(const struct toml *doc, const struct toml_node *node)
{
	struct toml_error at;
	size_t offset = node->form == FORM_HEADER ? node->table->line_begin : node->begin;

	toml_error_at(&at, doc, offset, "");
	return at.line;
}

bool toml_has_bom(const struct toml *doc)
{
	return doc->body > 0;
}

enum toml_kind toml_kind(const struct toml_node *node)
{
	return (enum toml_kind)node->kind;
}

const struct toml_node *toml_member(const struct toml_node *table, const char *key)
{
	if (!toml_is(table, TOML_TABLE))
		return NULL;
	return toml_node_source(toml_node_find(table, (struct toml_text){key, strlen(key)}));
}

const struct toml_node *toml_get(const struct toml *doc, const char *const path[])
{
	const struct toml_node *node = toml_root(doc);

	for (size_t i = 0; path[i]; i++)
		node = toml_member(node, path[i]);
	return node;
}

const struct toml_node *toml_first(const struct toml_node *parent)
{
	if (!toml_is(parent, TOML_TABLE) && !toml_is(parent, TOML_ARRAY))
		return NULL;
	return parent->u.children.first;
}

const struct toml_node *toml_next(const struct toml_node *node)
{
	return node->next;
}

const char *toml_key(const struct toml_node *node, size_t *ret_len)
{
	if (ret_len)
		*ret_len = node->key_len;
	return node->key;
}

const char *toml_string(const struct toml_node *node, size_t *ret_len)
{
	if (!toml_is(node, TOML_STRING))
		return NULL;
	if (ret_len)
		*ret_len = node->u.string.len;
	return node->u.string.text;
}

int64_t toml_integer(const struct toml_node *node)
{
	assert(node->kind == TOML_INTEGER);
	return node->u.integer;
}

double toml_float(const struct toml_node *node)
{
	assert(node->kind == TOML_FLOAT);
	return node->u.real;
}

bool toml_boolean(const struct toml_node *node)
{
	assert(node->kind == TOML_BOOLEAN);
	return node->u.boolean;
}

const char *toml_datetime(const struct toml_node *node)
{
	assert(node->kind >= TOML_OFFSET_DATETIME && node->kind <= TOML_LOCAL_TIME);
	return node->u.string.text;
}
