/* kimi proxy: adds a fresh token to each request, for programs that keep their key. */
#include "base/buf.h"
#include "base/sd_notify.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/proxy_serve.h"
#include "proxy/environment.h"
#include "proxy/key.h"
#include "proxy/listener.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OUTPUT_MAX = 64 * 1024 };

struct proxy {
	struct command *command;
	const char *listen, *socket, *key_file; /* options */
	unsigned env;                           /* option */
	struct proxy_serve serve;
	struct variable variables[ENVIRONMENT_MAX + 1];
};

static int check(const struct proxy *proxy, struct err *err)
{
	struct context context;

	if (proxy->listen && proxy->socket)
		return err_set(
		    err, ERR_USAGE, OPTIONS_SEE_HELP, "--listen and --socket cannot be used together");
	if (proxy->env & ENVIRONMENT_NONE && proxy->env != ENVIRONMENT_NONE)
		return err_set(
		    err, ERR_USAGE, OPTIONS_SEE_HELP, "--env none cannot be used with another --env");
	if ((proxy->listen && listener_check_tcp(proxy->listen, err) < 0) ||
	    (proxy->socket && listener_check_unix(proxy->socket, err) < 0))
		return -1;
	return context_open(&context, &proxy->serve.login, err);
}

/* Uses the sockets of the service manager, else those that the options name, else a free port. */
static int open_listeners(struct proxy *proxy, struct err *err)
{
	struct proxy_serve *serve = &proxy->serve;
	int result;

	if (listener_inherit(serve->listeners, &serve->count, err) < 0)
		return -1;
	if (serve->count)
		return 0;
	if (proxy->socket)
		result = listener_open_unix(&serve->listeners[0], proxy->socket, err);
	else if (proxy->listen)
		result = listener_open_tcp(&serve->listeners[0], proxy->listen, err);
	else
		result = listener_open_tcp(&serve->listeners[0], "127.0.0.1:0", err);
	serve->count = result == 0;
	return result;
}

static int build_environment(struct proxy *proxy, struct err *err)
{
	const struct listener *listener = &proxy->serve.listeners[0];
	const struct environment set = {
	    .kinds = proxy->env ? proxy->env : environment_default(proxy->serve.command),
	    .url = listener->url,
	    .key = proxy->serve.key,
	    .socket = text_or_null(listener->socket),
	    .no_proxy = {getenv("no_proxy"), getenv("NO_PROXY")},
	};

	return environment_build(&set, proxy->variables, err);
}

static void proxy_print_json(const struct proxy *proxy)
{
	const struct listener *listener = &proxy->serve.listeners[0];

	report_json(json_pack("{s:s, s:s, s:i, s:o, s:o*}", "url", listener->url, "key", proxy->serve.key,
	    "pid", (int)getpid(), "environment", environment_json(proxy->variables), "socket",
	    json_string(text_or_null(listener->socket))));
}

/* Tells where the proxy listens. */
static int proxy_announce(void *context, struct err *err)
{
	const struct proxy *proxy = context;
	struct buf lines;

	if (proxy->command->report.json) {
		proxy_print_json(proxy);
	} else if (!proxy->command->report.quiet) {
		buf_init_secret(&lines, OUTPUT_MAX);
		environment_print(proxy->variables, &lines);
		fputs(lines.data, stdout);
		buf_release(&lines);
	}
	if (report_flush() != 0)
		return err_output(err);
	sd_notify_send("READY=1");
	return 0;
}

/* Returns only if the command cannot run. */
static int run_command(struct proxy *proxy, char *const argv[], struct err *err)
{
	if (proxy_serve_behind(&proxy->serve, err) < 0 || environment_apply(proxy->variables, err) < 0)
		return -1;
	unsetenv("KIMI_API_KEY"); /* the command gets the local key */
	return command_become(proxy->command, argv, err);
}

static int run(struct proxy *proxy, char *const argv[], struct err *err)
{
	struct proxy_serve *serve = &proxy->serve;
	int result = check(proxy, err);

	serve->command = argv[0];
	serve->json = proxy->command->report.json;
	if (result == 0)
		result = proxy->key_file ? proxy_key_of_file(proxy->key_file, serve->key, err)
		                         : proxy_key_make(serve->key, err);
	if (result == 0)
		result = open_listeners(proxy, err);
	if (result == 0)
		result = build_environment(proxy, err);
	if (result == 0 && argv[0])
		result = run_command(proxy, argv, err);
	else if (result == 0)
		result = proxy_serve_here(serve, proxy_announce, proxy, err);
	for (size_t i = 0; i < serve->count; i++)
		listener_close(&serve->listeners[i]);
	wipe(proxy, sizeof(*proxy));
	return result;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("proxy", "[OPTIONS] [[--] COMMAND [ARGUMENT ...]]",
	    "Run a loopback HTTP proxy that adds a fresh token to each request.");
	struct proxy proxy = {.command = &c, .serve = {.grace = 5}};
	const struct option_row table[] = {
	    OPTION_TEXT(
	        "listen", &proxy.listen, "ADDRESS", "127.0.0.1:PORT or [::1]:PORT (default a free port)"),
	    OPTION_TEXT("socket", &proxy.socket, "PATH", "listen on a Unix socket instead"),
	    OPTION_TEXT("key-file", &proxy.key_file, "FILE",
	        "the file of the local key (default a new key each time)"),
	    OPTION_CHOICES("env", &proxy.env, ENVIRONMENT_KINDS, "whose variables to set; repeatable"),
	    OPTION_FLAG("verbose", &proxy.serve.verbose, "print a line for each request"),
	    COMMAND_SECONDS_ROW("grace", &proxy.serve.grace),
	    OPTION_TEXT("platform", &proxy.serve.login.platform, "ID",
	        "the platform (default kimi-code, else the default model's)"),
	    COMMAND_ACCOUNT_ROW(&proxy.serve.login.account),
	    COMMAND_CLIENT_ROW(&proxy.serve.login.client),
	    COMMAND_ROWS(c),
	    OPTION_END_AT_COMMAND,
	};
	int result = command_begin(&c, table, argc, argv, INT_MAX);

	if (result == 0)
		result = run(&proxy, argv + c.operands, &c.err);
	return command_end(&c, result);
}
