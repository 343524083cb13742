/*
 * kimi-credential-libsecret: the system keyring as a Git credential helper.
 *
 * get, store or erase as the argument; git-credential(1)'s lines on standard
 * input and output. It uses the attributes that Python's keyring uses (service
 * and username), so that both find what the other stored. It never launches a
 * bus, never unlocks and waits for nobody's answer; exit status 0 found or done,
 * 1 none, 3 locked, 4 unavailable. Whoever runs it sets the deadline.
 */
#include "base/buf.h"
#include "base/bus.h"
#include "base/env.h"
#include "cli/command.h"

/* Paths on the bus are part of libsecret that is marked so, unchanged since its first version. */
#define SECRET_API_SUBJECT_TO_CHANGE
#include <libsecret/secret.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOUND = 0, NONE = 1, USAGE = 2, LOCKED = 3, UNAVAILABLE = 4 };
enum { MAX_LINE = 1024 * 1024 + 64, PROMPT_MS = 500 };

/* DONT_MATCH_NAME: Python's keyring stores items without a schema's name. */
static const SecretSchema schema = {
    .name = "org.freedesktop.Secret.Generic",
    .flags = SECRET_SCHEMA_DONT_MATCH_NAME,
    .attributes = {{"service", SECRET_SCHEMA_ATTRIBUTE_STRING}, {"username", SECRET_SCHEMA_ATTRIBUTE_STRING}},
};

static const char service_name[] = "kimi-code", prompt_interface[] = "org.freedesktop.Secret.Prompt";

struct request {
	char *username, *password; /* password: memory of libsecret's, wiped when freed */
};

static void take_line(struct request *request, const char *line)
{
	if (strncmp(line, "username=", 9) == 0) {
		g_free(request->username);
		request->username = g_strdup(line + 9);
	} else if (strncmp(line, "password=", 9) == 0) {
		secret_password_free(request->password);
		request->password = g_strdup(line + 9);
	}
}

static int read_request(struct request *request)
{
	char *line = malloc(MAX_LINE);
	int ok = line != NULL;

	while (ok && fgets(line, MAX_LINE, stdin)) {
		size_t len = strlen(line);
		ok = len && line[len - 1] == '\n'; /* a longer line, or a NUL in it */
		line[len ? len - 1 : 0] = '\0';
		if (!*line)
			break;
		take_line(request, line);
	}
	if (line)
		wipe(line, MAX_LINE);
	free(line);
	return ok && request->username && *request->username;
}

/* How a prompt ended. */
struct asked {
	bool over;
	GVariant *result; /* NULL: it was dismissed */
};

static void on_completed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
    const char *signal, GVariant *parameters, gpointer data)
{
	struct asked *asked = data;
	gboolean dismissed;

	(void)bus, (void)sender, (void)path, (void)interface, (void)signal;
	if (asked->over || !g_variant_is_of_type(parameters, G_VARIANT_TYPE("(bv)")))
		return;
	g_variant_get(parameters, "(bv)", &dismissed, &asked->result);
	if (dismissed)
		g_clear_pointer(&asked->result, g_variant_unref);
	asked->over = true;
}

static gboolean on_time_over(gpointer data)
{
	((struct asked *)data)->over = true;
	return G_SOURCE_REMOVE;
}

static void call_prompt(GDBusProxy *prompt, const char *method, GVariant *parameters)
{
	g_dbus_connection_call(g_dbus_proxy_get_connection(prompt), g_dbus_proxy_get_name(prompt),
	    g_dbus_proxy_get_object_path(prompt), prompt_interface, method, parameters, NULL,
	    G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
}

static void refuse(GError **error)
{
	g_set_error(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED, "the keyring wants to ask somebody");
}

/*
 * Some services, KeePassXC for one, have a prompt for everything, and it is over
 * at once where there is nothing to ask. One that does ask is dismissed, and what
 * it was for has failed as what is locked does. Without a desktop there is none.
 */
static GVariant *prompt_briefly(GDBusProxy *prompt, GError **error)
{
	if (!env_get("DISPLAY") && !env_get("WAYLAND_DISPLAY")) {
		refuse(error);
		return NULL;
	}
	GMainContext *context = g_main_context_new();
	GSource *timer = g_timeout_source_new(PROMPT_MS);
	struct asked asked = {0};

	g_main_context_push_thread_default(context);
	guint signal = g_dbus_connection_signal_subscribe(g_dbus_proxy_get_connection(prompt),
	    g_dbus_proxy_get_name(prompt), prompt_interface, "Completed",
	    g_dbus_proxy_get_object_path(prompt), NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_completed, &asked, NULL);
	g_source_set_callback(timer, on_time_over, &asked, NULL);
	g_source_attach(timer, context);
	call_prompt(prompt, "Prompt", g_variant_new("(s)", ""));
	while (!asked.over)
		g_main_context_iteration(context, TRUE);
	if (!asked.result) {
		call_prompt(prompt, "Dismiss", NULL);
		g_dbus_connection_flush_sync(g_dbus_proxy_get_connection(prompt), NULL, NULL);
		refuse(error);
	}
	g_dbus_connection_signal_unsubscribe(g_dbus_proxy_get_connection(prompt), signal);
	g_main_context_pop_thread_default(context);
	g_source_destroy(timer);
	g_source_unref(timer);
	g_main_context_unref(context);
	return asked.result;
}

static GVariant *prompt_sync(SecretService *service, SecretPrompt *prompt, GCancellable *cancellable,
    const GVariantType *type, GError **error)
{
	(void)service, (void)cancellable, (void)type;
	return prompt_briefly(G_DBUS_PROXY(prompt), error);
}

static void prompt_async(SecretService *service, SecretPrompt *prompt, const GVariantType *type,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
	GTask *task = g_task_new(service, cancellable, callback, data);
	GError *error = NULL;
	GVariant *result = prompt_briefly(G_DBUS_PROXY(prompt), &error);

	(void)type;
	if (result)
		g_task_return_pointer(task, result, (GDestroyNotify)g_variant_unref);
	else
		g_task_return_error(task, error);
	g_object_unref(task);
}

static GVariant *prompt_finish(SecretService *service, GAsyncResult *result, GError **error)
{
	(void)service;
	return g_task_propagate_pointer(G_TASK(result), error);
}

static void replace_prompts(gpointer class, gpointer data)
{
	(void)data;
	SECRET_SERVICE_CLASS(class)->prompt_sync = prompt_sync;
	SECRET_SERVICE_CLASS(class)->prompt_async = prompt_async;
	SECRET_SERVICE_CLASS(class)->prompt_finish = prompt_finish;
}

static GType quiet_service(void)
{
	return g_type_register_static_simple(SECRET_TYPE_SERVICE, "KimiQuietService",
	    sizeof(SecretServiceClass), replace_prompts, sizeof(SecretService), NULL, 0);
}

static int trouble(const char *doing, GError *error)
{
	bool locked = g_error_matches(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED);

	fprintf(stderr, "kimi-credential-libsecret: cannot %s: %s\n", doing,
	    error ? error->message : "no answer");
	g_clear_error(&error);
	return locked ? LOCKED : UNAVAILABLE;
}

static GHashTable *attributes_of(const struct request *request)
{
	return secret_attributes_build(&schema, "service", service_name, "username", request->username, NULL);
}

/* JSON that others stored may have line ends in it, and between its tokens they are blanks. */
static void print_secret(const struct request *request, const char *bytes, size_t len)
{
	printf("username=%s\npassword=", request->username);
	for (size_t i = 0; i < len; i++)
		putchar(bytes[i] == '\n' || bytes[i] == '\r' || !bytes[i] ? ' ' : bytes[i]);
	putchar('\n');
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
	guint64 one = secret_item_get_modified(SECRET_ITEM((gpointer)a)),
	        other = secret_item_get_modified(SECRET_ITEM((gpointer)b));

	return one > other ? -1 : one < other;
}

/* All items of the key, locked ones too; the newest first, whatever the service's order is. */
static GList *find_items(SecretService *service, const struct request *request, GError **error)
{
	GHashTable *attributes = attributes_of(request);
	GList *items =
	    secret_service_search_sync(service, &schema, attributes, SECRET_SEARCH_ALL, NULL, error);

	g_hash_table_unref(attributes);
	return g_list_sort(items, newest_first);
}

/* The secret of an item, whatever its content type says: FOUND, printed; NONE, it is empty. */
static int get_one(SecretService *service, const struct request *request, const char *path)
{
	GError *error = NULL;
	gsize len = 0;
	SecretValue *value = secret_service_get_secret_for_dbus_path_sync(service, path, NULL, &error);

	if (error)
		return trouble("read the item", error);
	const char *bytes = value ? secret_value_get(value, &len) : NULL;
	if (len)
		print_secret(request, bytes, len);
	if (value)
		secret_value_unref(value);
	return len ? FOUND : NONE;
}

static int get_newest(SecretService *service, const struct request *request)
{
	GError *error = NULL;
	GList *items = find_items(service, request, &error);
	int answer = error ? trouble("search the keyring", error) : NONE;

	for (GList *at = items; at && answer == NONE; at = at->next)
		if (!secret_item_get_locked(at->data))
			answer = get_one(service, request, g_dbus_proxy_get_object_path(at->data));
	g_list_free_full(items, g_object_unref);
	return answer;
}

/*
 * By paths and not by items, whose properties would be asked for one by one: this
 * is what `kimi token` waits for. Only of several the newest has to be found.
 */
static int get(SecretService *service, const struct request *request)
{
	GHashTable *attributes = attributes_of(request);
	char **open = NULL, **locked = NULL;
	GError *error = NULL;
	int answer = NONE;

	secret_service_search_for_dbus_paths_sync(service, &schema, attributes, NULL, &open, &locked, &error);
	g_hash_table_unref(attributes);
	if (error)
		return trouble("search the keyring", error);
	if (open && open[0])
		answer = open[1] ? get_newest(service, request) : get_one(service, request, open[0]);
	if (answer == NONE && locked && *locked)
		answer = LOCKED;
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

static int create(SecretService *service, const struct request *request, SecretValue *value)
{
	GError *error = NULL;
	SecretCollection *collection = secret_collection_for_alias_sync(
	    service, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE, NULL, &error);

	if (error)
		return trouble("find the default keyring", error);
	if (!collection) /* making one would ask for its password */
		return trouble(
		    "store the login", g_error_new(SECRET_ERROR, 0, "there is no default keyring"));
	int answer = LOCKED;
	if (!secret_collection_get_locked(collection)) {
		GHashTable *attributes = attributes_of(request);
		/* The name of the schema makes it an item that readers who match it find as well. */
		g_hash_table_replace(attributes, g_strdup("xdg:schema"), g_strdup(schema.name));
		char *label = g_strdup_printf("Kimi login (%s)", request->username);
		SecretItem *item = secret_item_create_sync(
		    collection, NULL, attributes, label, value, SECRET_ITEM_CREATE_REPLACE, NULL, &error);
		answer = item ? FOUND : trouble("store the login", error);
		g_clear_object(&item);
		g_free(label);
		g_hash_table_unref(attributes);
	}
	g_object_unref(collection);
	return answer;
}

/* One item keeps the login: the first that is open gets it, and others of the same key go. */
static int store(SecretService *service, const struct request *request)
{
	GError *error = NULL;
	GList *items = find_items(service, request, &error);
	if (error)
		return trouble("search the keyring", error);
	SecretValue *value = secret_value_new(request->password, -1, "text/plain");
	int answer = items ? LOCKED : NONE;

	for (GList *at = items; at; at = at->next) {
		SecretItem *item = at->data;
		if (secret_item_get_locked(item))
			continue;
		if (answer == FOUND && !remove_item(item, &error))
			g_clear_error(&error);
		else if (answer != FOUND)
			answer = secret_item_set_secret_sync(item, value, NULL, &error)
			             ? FOUND
			             : trouble("store the login", error);
		if (answer == UNAVAILABLE)
			break;
	}
	if (answer == NONE)
		answer = create(service, request, value);
	secret_value_unref(value);
	g_list_free_full(items, g_object_unref);
	return answer;
}

static int erase(SecretService *service, const struct request *request)
{
	GError *error = NULL;
	GList *items = find_items(service, request, &error);
	int answer = error ? trouble("search the keyring", error) : NONE;

	for (GList *at = items; at; at = at->next) {
		if (secret_item_get_locked(at->data)) {
			answer = LOCKED; /* deleting it would ask for the password */
			break;
		}
		if (!remove_item(at->data, &error)) {
			answer = trouble("remove the item", error);
			break;
		}
		answer = FOUND;
	}
	g_list_free_full(items, g_object_unref);
	return answer;
}

typedef int operation(SecretService *service, const struct request *request);

static int perform(operation *run, const struct request *request)
{
	GError *error = NULL;
	SecretService *service;
	int answer;

	if (!bus_find()) {
		fprintf(stderr, "kimi-credential-libsecret: there is no session bus\n");
		return UNAVAILABLE;
	}
	service = secret_service_open_sync(quiet_service(), NULL, SECRET_SERVICE_OPEN_SESSION, NULL, &error);
	if (!service)
		return trouble("reach the keyring", error);
	answer = run(service, request);
	g_object_unref(service);
	return answer;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		operation *run;
	} operations[] = {{"get", get}, {"store", store}, {"erase", erase}};
	struct request request = {0};
	operation *run = NULL;

	command_harden();
	for (size_t i = 0; argc == 2 && i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(argv[1], operations[i].name) == 0)
			run = operations[i].run;
	if (argc != 2) {
		fprintf(stderr, "usage: kimi-credential-libsecret get|store|erase; see git-credential(1)\n");
		return USAGE;
	}
	if (!run) /* operations to come are to be ignored, by the protocol */
		return FOUND;
	if (!read_request(&request) || (run == store && (!request.password || !*request.password))) {
		fprintf(stderr, "kimi-credential-libsecret: no username, or nothing to store\n");
		return USAGE;
	}
	int answer = perform(run, &request);
	g_free(request.username);
	secret_password_free(request.password);
	if (fflush(stdout) != 0)
		answer = UNAVAILABLE;
	return answer;
}
