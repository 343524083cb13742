/* Paths on the bus are part of libsecret that is marked so, unchanged since its first version. */
#define SECRET_API_SUBJECT_TO_CHANGE
#include "keyring/keyring.h"

#include "keyring/secret_service.h"

#include <stdbool.h>

/* DONT_MATCH_NAME: Python's keyring stores items without a schema's name. */
static const SecretSchema schema = {
    .name = "org.freedesktop.Secret.Generic",
    .flags = SECRET_SCHEMA_DONT_MATCH_NAME,
    .attributes = {{"service", SECRET_SCHEMA_ATTRIBUTE_STRING}, {"username", SECRET_SCHEMA_ATTRIBUTE_STRING}},
};

static const char service_name[] = "kimi-code";

/* Takes the error. */
static enum keyring_answer keyring_trouble(const char *doing, GError *error, struct err *err)
{
	bool locked = g_error_matches(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED);

	err_set(err, ERR_BUSY, NULL, "cannot %s: %s", doing, error ? error->message : "no answer");
	g_clear_error(&error);
	return locked ? KEYRING_LOCKED : KEYRING_UNAVAILABLE;
}

static GHashTable *attributes_of(const char *username)
{
	return secret_attributes_build(&schema, "service", service_name, "username", username, NULL);
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
	guint64 one = secret_item_get_modified(SECRET_ITEM((gpointer)a)),
	        other = secret_item_get_modified(SECRET_ITEM((gpointer)b));

	return one > other ? -1 : one < other;
}

/* All items of the key, locked ones too; the newest first, whatever the service's order is. */
static GList *find_items(SecretService *service, const char *username, GError **error)
{
	GHashTable *attributes = attributes_of(username);
	GList *items =
	    secret_service_search_sync(service, &schema, attributes, SECRET_SEARCH_ALL, NULL, error);

	g_hash_table_unref(attributes);
	return g_list_sort(items, newest_first);
}

/* The secret of an item, whatever its content type says: KEYRING_DONE; KEYRING_NONE, it is empty. */
static enum keyring_answer get_one(
    SecretService *service, const char *path, struct buf *ret_secret, struct err *err)
{
	GError *error = NULL;
	gsize len = 0;
	SecretValue *value = secret_service_get_secret_for_dbus_path_sync(service, path, NULL, &error);

	if (error)
		return keyring_trouble("read the item", error, err);
	const char *bytes = value ? secret_value_get(value, &len) : NULL;
	buf_add(ret_secret, bytes, len);
	if (value)
		secret_value_unref(value);
	return len ? KEYRING_DONE : KEYRING_NONE;
}

static enum keyring_answer get_newest(
    SecretService *service, const char *username, struct buf *ret_secret, struct err *err)
{
	GError *error = NULL;
	GList *items = find_items(service, username, &error);
	enum keyring_answer answer = error ? keyring_trouble("search the keyring", error, err) : KEYRING_NONE;

	for (GList *at = items; at && answer == KEYRING_NONE; at = at->next)
		if (!secret_item_get_locked(at->data))
			answer = get_one(service, g_dbus_proxy_get_object_path(at->data), ret_secret, err);
	g_list_free_full(items, g_object_unref);
	return answer;
}

/*
 * By paths and not by items, whose properties would be asked for one by one: this
 * is what `kimi token` waits for. Only of several the newest has to be found.
 */
static enum keyring_answer item_get(
    SecretService *service, const char *username, struct buf *ret_secret, struct err *err)
{
	GHashTable *attributes = attributes_of(username);
	char **open = NULL, **locked = NULL;
	GError *error = NULL;
	enum keyring_answer answer = KEYRING_NONE;

	secret_service_search_for_dbus_paths_sync(service, &schema, attributes, NULL, &open, &locked, &error);
	g_hash_table_unref(attributes);
	if (error)
		return keyring_trouble("search the keyring", error, err);
	if (open && open[0])
		answer = open[1] ? get_newest(service, username, ret_secret, err)
		                 : get_one(service, open[0], ret_secret, err);
	if (answer == KEYRING_NONE && locked && *locked)
		answer = KEYRING_LOCKED;
	g_strfreev(open);
	g_strfreev(locked);
	return answer;
}

/* Where deleting would ask for a confirmation, what is left is an item with nothing in it, which is no login. */
static bool remove_item(SecretItem *item, GError **error)
{
	if (secret_item_delete_sync(item, NULL, error))
		return true;
	if (!g_error_matches(*error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
		return false;
	g_clear_error(error);
	SecretValue *nothing = secret_value_new("", 0, "text/plain");
	bool emptied = secret_item_set_secret_sync(item, nothing, NULL, error);
	secret_value_unref(nothing);
	return emptied;
}

static enum keyring_answer keyring_create(
    SecretService *service, const char *username, SecretValue *value, struct err *err)
{
	GError *error = NULL;
	SecretCollection *collection = secret_collection_for_alias_sync(
	    service, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE, NULL, &error);

	if (error)
		return keyring_trouble("find the default keyring", error, err);
	if (!collection) /* making one would ask for its password */
		return keyring_trouble(
		    "store the login", g_error_new(SECRET_ERROR, 0, "there is no default keyring"), err);
	enum keyring_answer answer = KEYRING_LOCKED;
	if (!secret_collection_get_locked(collection)) {
		GHashTable *attributes = attributes_of(username);
		/* The name of the schema makes it an item that readers who match it find as well. */
		g_hash_table_replace(attributes, g_strdup("xdg:schema"), g_strdup(schema.name));
		char *label = g_strdup_printf("Kimi login (%s)", username);
		SecretItem *item = secret_item_create_sync(
		    collection, NULL, attributes, label, value, SECRET_ITEM_CREATE_REPLACE, NULL, &error);
		answer = item ? KEYRING_DONE : keyring_trouble("store the login", error, err);
		g_clear_object(&item);
		g_free(label);
		g_hash_table_unref(attributes);
	}
	g_object_unref(collection);
	return answer;
}

/* One item keeps the login: the first that is open gets it, and others of the same key go. */
static enum keyring_answer item_store(
    SecretService *service, const char *username, const char *secret, struct err *err)
{
	GError *error = NULL;
	GList *items = find_items(service, username, &error);
	if (error)
		return keyring_trouble("search the keyring", error, err);
	SecretValue *value = secret_value_new(secret, -1, "text/plain");
	enum keyring_answer answer = items ? KEYRING_LOCKED : KEYRING_NONE;

	for (GList *at = items; at; at = at->next) {
		SecretItem *item = at->data;
		if (secret_item_get_locked(item))
			continue;
		if (answer == KEYRING_DONE && !remove_item(item, &error))
			g_clear_error(&error);
		else if (answer != KEYRING_DONE)
			answer = secret_item_set_secret_sync(item, value, NULL, &error)
			             ? KEYRING_DONE
			             : keyring_trouble("store the login", error, err);
		if (answer == KEYRING_UNAVAILABLE)
			break;
	}
	if (answer == KEYRING_NONE)
		answer = keyring_create(service, username, value, err);
	secret_value_unref(value);
	g_list_free_full(items, g_object_unref);
	return answer;
}

static enum keyring_answer item_erase(SecretService *service, const char *username, struct err *err)
{
	GError *error = NULL;
	GList *items = find_items(service, username, &error);
	enum keyring_answer answer = error ? keyring_trouble("search the keyring", error, err) : KEYRING_NONE;

	for (GList *at = items; at; at = at->next) {
		if (secret_item_get_locked(at->data)) {
			answer = KEYRING_LOCKED; /* deleting it would ask for the password */
			break;
		}
		if (!remove_item(at->data, &error)) {
			answer = keyring_trouble("remove the item", error, err);
			break;
		}
		answer = KEYRING_DONE;
	}
	g_list_free_full(items, g_object_unref);
	return answer;
}

static SecretService *keyring_reach(struct err *err)
{
	GError *error = NULL;
	SecretService *service = keyring_service_open(&error);

	if (!service)
		keyring_trouble("reach the keyring", error, err);
	return service;
}

enum keyring_answer keyring_get(const char *username, struct buf *ret_secret, struct err *err)
{
	SecretService *service = keyring_reach(err);
	enum keyring_answer answer =
	    service ? item_get(service, username, ret_secret, err) : KEYRING_UNAVAILABLE;

	g_clear_object(&service);
	return answer;
}

enum keyring_answer keyring_store(const char *username, const char *secret, struct err *err)
{
	SecretService *service = keyring_reach(err);
	enum keyring_answer answer =
	    service ? item_store(service, username, secret, err) : KEYRING_UNAVAILABLE;

	g_clear_object(&service);
	return answer;
}

enum keyring_answer keyring_erase(const char *username, struct err *err)
{
	SecretService *service = keyring_reach(err);
	enum keyring_answer answer = service ? item_erase(service, username, err) : KEYRING_UNAVAILABLE;

	g_clear_object(&service);
	return answer;
}
