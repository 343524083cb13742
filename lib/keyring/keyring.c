/*
 * For the functions with paths on the bus, which have not changed since the first version
 * of libsecret.
 */
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

/* Fills *err with what failed and why. Returns the result that the error means; frees it. */
static enum keyring_result keyring_failed(const char *what, GError **error, struct err *err)
{
	enum keyring_result result = KEYRING_UNAVAILABLE;
	const char *reason = "no response";

	if (*error)
		reason = (*error)->message;
	err_set(err, ERR_BUSY, NULL, "%s: %s", what, reason);
	if (g_error_matches(*error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
		result = KEYRING_LOCKED;
	g_clear_error(error);
	return result;
}

static const char cannot_search[] = "cannot search the keyring";
static const char cannot_store[] = "cannot store the login";

static GHashTable *attributes_of(const char *username)
{
	return secret_attributes_build(&schema, "service", service_name, "username", username, NULL);
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
	guint64 one = secret_item_get_modified(SECRET_ITEM((gpointer)a)),
	        other = secret_item_get_modified(SECRET_ITEM((gpointer)b));

	return (one < other) - (one > other);
}

/*
 * Finds all items of the key, locked ones too, the newest first. The result is
 * KEYRING_NONE if the search worked, even if it found items; else why it failed.
 */
static enum keyring_result find_items(
    SecretService *service, const char *username, GList **ret_items, struct err *err)
{
	g_autoptr(GHashTable) attributes = attributes_of(username);
	GError *error = NULL;
	GList *items =
	    secret_service_search_sync(service, &schema, attributes, SECRET_SEARCH_ALL, NULL, &error);

	*ret_items = g_list_sort(items, newest_first);
	if (error)
		return keyring_failed(cannot_search, &error, err);
	return KEYRING_NONE;
}

/* Reads the secret of an item, of any content type. KEYRING_NONE: it is empty. */
static enum keyring_result get_one(
    SecretService *service, const char *path, struct buf *ret_secret, struct err *err)
{
	GError *error = NULL;
	gsize len = 0;
	g_autoptr(SecretValue) value =
	    secret_service_get_secret_for_dbus_path_sync(service, path, NULL, &error);

	if (error)
		return keyring_failed("cannot read the login", &error, err);
	if (value) {
		const char *bytes = secret_value_get(value, &len);
		buf_add(ret_secret, bytes, len);
	}
	if (!len)
		return KEYRING_NONE;
	return KEYRING_DONE;
}

static enum keyring_result get_newest(
    SecretService *service, const char *username, struct buf *ret_secret, struct err *err)
{
	g_autolist(SecretItem) items = NULL;
	enum keyring_result result = find_items(service, username, &items, err);

	for (GList *at = items; at && result == KEYRING_NONE; at = at->next)
		if (!secret_item_get_locked(at->data))
			result = get_one(service, g_dbus_proxy_get_object_path(at->data), ret_secret, err);
	return result;
}

static SecretService *keyring_reach(struct err *err)
{
	GError *error = NULL;
	SecretService *service = keyring_service_open(&error);

	if (!service)
		keyring_failed("cannot reach the keyring", &error, err);
	return service;
}

/*
 * Uses paths, because libsecret asks the service for every property of an item, and
 * `kimi token` waits for this. Properties are needed only to find the newest of several.
 */
enum keyring_result keyring_get(const char *username, struct buf *ret_secret, struct err *err)
{
	g_autoptr(SecretService) service = keyring_reach(err);
	g_autoptr(GHashTable) attributes = attributes_of(username);
	g_auto(GStrv) open = NULL;
	g_auto(GStrv) locked = NULL;
	GError *error = NULL;
	enum keyring_result result = KEYRING_NONE;

	if (!service)
		return KEYRING_UNAVAILABLE;
	secret_service_search_for_dbus_paths_sync(service, &schema, attributes, NULL, &open, &locked, &error);
	if (error)
		return keyring_failed(cannot_search, &error, err);
	if (open && open[0] && open[1])
		result = get_newest(service, username, ret_secret, err);
	else if (open && open[0])
		result = get_one(service, open[0], ret_secret, err);
	if (result == KEYRING_NONE && locked && *locked)
		result = KEYRING_LOCKED;
	return result;
}

/*
 * If the keyring asks for a confirmation to delete an item, empties it instead; an empty
 * item is no login.
 */
static bool remove_item(SecretItem *item, GError **error)
{
	if (secret_item_delete_sync(item, NULL, error))
		return true;
	if (!g_error_matches(*error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
		return false;
	g_clear_error(error);
	g_autoptr(SecretValue) nothing = secret_value_new("", 0, "text/plain");
	return secret_item_set_secret_sync(item, nothing, NULL, error);
}

static enum keyring_result keyring_create(
    SecretService *service, const char *username, SecretValue *value, struct err *err)
{
	GError *error = NULL;
	g_autoptr(SecretCollection) collection = secret_collection_for_alias_sync(
	    service, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE, NULL, &error);

	if (error)
		return keyring_failed("cannot find the default keyring", &error, err);
	/* Do not create one, which would ask the user for a password. */
	if (!collection) {
		err_set(err, ERR_BUSY, NULL, "cannot store the login: there is no default keyring");
		return KEYRING_UNAVAILABLE;
	}
	if (secret_collection_get_locked(collection))
		return KEYRING_LOCKED;
	g_autoptr(GHashTable) attributes = attributes_of(username);
	/* Programs that search by the name of the schema must find the item, too. */
	g_hash_table_replace(attributes, g_strdup("xdg:schema"), g_strdup(schema.name));
	g_autofree char *label = g_strdup_printf("Kimi login (%s)", username);
	g_autoptr(SecretItem) item = secret_item_create_sync(
	    collection, NULL, attributes, label, value, SECRET_ITEM_CREATE_REPLACE, NULL, &error);
	if (!item)
		return keyring_failed(cannot_store, &error, err);
	return KEYRING_DONE;
}

/* Stores the login in the first unlocked item, and removes the other items of the key. */
enum keyring_result keyring_store(const char *username, const char *secret, struct err *err)
{
	g_autoptr(SecretService) service = keyring_reach(err);
	g_autoptr(SecretValue) value = secret_value_new(secret, -1, "text/plain");
	g_autolist(SecretItem) items = NULL;
	GError *error = NULL;

	if (!service)
		return KEYRING_UNAVAILABLE;
	enum keyring_result result = find_items(service, username, &items, err);
	if (result != KEYRING_NONE)
		return result;
	if (items)
		result = KEYRING_LOCKED;

	for (GList *at = items; at; at = at->next) {
		SecretItem *item = at->data;
		if (secret_item_get_locked(item))
			continue;
		if (result == KEYRING_DONE) {
			if (!remove_item(item, &error))
				g_clear_error(&error);
			continue;
		}
		result = KEYRING_DONE;
		if (!secret_item_set_secret_sync(item, value, NULL, &error))
			result = keyring_failed(cannot_store, &error, err);
		if (result == KEYRING_UNAVAILABLE)
			break;
	}
	if (result == KEYRING_NONE)
		result = keyring_create(service, username, value, err);
	return result;
}

enum keyring_result keyring_erase(const char *username, struct err *err)
{
	g_autoptr(SecretService) service = keyring_reach(err);
	g_autolist(SecretItem) items = NULL;
	GError *error = NULL;

	if (!service)
		return KEYRING_UNAVAILABLE;
	enum keyring_result result = find_items(service, username, &items, err);
	for (GList *at = items; at; at = at->next) {
		if (secret_item_get_locked(at->data))
			return KEYRING_LOCKED; /* deleting it would ask the user for a password */
		if (!remove_item(at->data, &error))
			return keyring_failed("cannot remove the login", &error, err);
		result = KEYRING_DONE;
	}
	return result;
}
