#include "keyring/secret_service.h"

#include "base/env.h"
#include "keyring/session_bus.h"

#include <stdbool.h>

enum { PROMPT_MS = 500 };

static const char prompt_interface[] = "org.freedesktop.Secret.Prompt";

struct prompt_state {
	bool done;
	GVariant *result; /* NULL: the prompt was dismissed */
};

static void on_completed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
    const char *signal, GVariant *parameters, gpointer data)
{
	struct prompt_state *state = data;
	gboolean dismissed;

	(void)bus, (void)sender, (void)path, (void)interface, (void)signal;
	if (state->done || !g_variant_is_of_type(parameters, G_VARIANT_TYPE("(bv)")))
		return;
	g_variant_get(parameters, "(bv)", &dismissed, &state->result);
	if (dismissed)
		g_clear_pointer(&state->result, g_variant_unref);
	state->done = true;
}

static gboolean on_timeout(gpointer data)
{
	((struct prompt_state *)data)->done = true;
	return G_SOURCE_REMOVE;
}

static void call_prompt(GDBusProxy *prompt, const char *method, GVariant *parameters)
{
	g_dbus_connection_call(g_dbus_proxy_get_connection(prompt), g_dbus_proxy_get_name(prompt),
	    g_dbus_proxy_get_object_path(prompt), prompt_interface, method, parameters, NULL,
	    G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
}

static void service_refuse(GError **error)
{
	g_set_error(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED, "the keyring wants to show a prompt");
}

static GVariant *prompt_briefly(GDBusProxy *prompt, GError **error)
{
	if (!env_get("DISPLAY") && !env_get("WAYLAND_DISPLAY")) {
		service_refuse(error);
		return NULL;
	}
	GMainContext *context = g_main_context_new();
	GSource *timer = g_timeout_source_new(PROMPT_MS);
	struct prompt_state state = {0};

	g_main_context_push_thread_default(context);
	guint signal = g_dbus_connection_signal_subscribe(g_dbus_proxy_get_connection(prompt),
	    g_dbus_proxy_get_name(prompt), prompt_interface, "Completed",
	    g_dbus_proxy_get_object_path(prompt), NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_completed, &state, NULL);
	g_source_set_callback(timer, on_timeout, &state, NULL);
	g_source_attach(timer, context);
	call_prompt(prompt, "Prompt", g_variant_new("(s)", ""));
	while (!state.done)
		g_main_context_iteration(context, TRUE);
	if (!state.result) {
		call_prompt(prompt, "Dismiss", NULL);
		g_dbus_connection_flush_sync(g_dbus_proxy_get_connection(prompt), NULL, NULL);
		service_refuse(error);
	}
	g_dbus_connection_signal_unsubscribe(g_dbus_proxy_get_connection(prompt), signal);
	g_main_context_pop_thread_default(context);
	g_source_destroy(timer);
	g_source_unref(timer);
	g_main_context_unref(context);
	return state.result;
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

static GType type_of_service(void)
{
	static const char name[] = "KimiQuietService";
	GType known = g_type_from_name(name);

	if (known)
		return known;
	return g_type_register_static_simple(SECRET_TYPE_SERVICE, name, sizeof(SecretServiceClass),
	    replace_prompts, sizeof(SecretService), NULL, 0);
}

SecretService *keyring_service_open(GError **error)
{
	if (!session_bus_find()) {
		g_set_error(error, SECRET_ERROR, 0, "there is no session bus");
		return NULL;
	}
	return secret_service_open_sync(type_of_service(), NULL, SECRET_SERVICE_OPEN_SESSION, NULL, error);
}
