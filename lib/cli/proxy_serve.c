#include "cli/proxy_serve.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/inherited.h"
#include "base/process.h"
#include "base/signals.h"
#include "format/json.h"
#include "proxy/relay.h"
#include "status/proxy_record.h"
#include "store/store.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2048 };

/* Where the lines for requests go. */
struct request_log {
	int fd;
	bool json;
};

/* A reader that stalls must not block the streams, so lines that it does not take are lost. */
static void log_write(const struct request_log *log, const char *line)
{
	struct pollfd output = {.fd = log->fd, .events = POLLOUT};

	if (poll(&output, 1, 0) == 1 && output.revents & POLLOUT)
		write_all(log->fd, line, strlen(line));
}

static void log_words(const struct exchange_record *request, char ret_line[LINE_MAX_BYTES])
{
	time_t now = time(NULL);
	char text[40];
	struct tm utc;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	snprintf(ret_line, LINE_MAX_BYTES, "%s %s %s %d %.0f ms %llu %llu\n", text, request->method,
	    request->path, request->status, request->milliseconds, request->bytes_up, request->bytes_down);
}

static void log_json(const struct exchange_record *request, char ret_line[LINE_MAX_BYTES])
{
	json_t *object = json_pack("{s:s, s:o, s:s, s:s, s:i, s:o, s:I, s:I}", "type", "request", "time",
	    json_from_number(clock_now()), "method", request->method, "path", request->path, "status",
	    request->status, "milliseconds", json_from_number(request->milliseconds), "bytes_up",
	    (json_int_t)request->bytes_up, "bytes_down", (json_int_t)request->bytes_down);
	char *text = json_print_short(object);

	json_decref(object);
	snprintf(ret_line, LINE_MAX_BYTES, "%s\n", text ? text : "");
	wipe_str(text);
}

static void log_request(void *context, const struct exchange_record *request)
{
	const struct request_log *log = context;
	char line[LINE_MAX_BYTES];

	if (log->json)
		log_json(request, line);
	else
		log_words(request, line);
	log_write(log, line);
}

/* See struct token_login. -1: as context_open(). */
static int serve_locate(const struct token_login *login, const char *platform,
    struct token_location *ret_location, struct err *err)
{
	const struct login_options options = {
	    .client = login->client, .platform = login->platform, .account = login->account};
	struct token_location location = {0};
	struct context context;
	struct store store;

	if (context_open(&context, &options, err) < 0)
		return -1;
	home_path(&context.home, HOME_CONFIG, location.files[0]);
	if (*context.account.key) {
		if (store_open(&store, &context.account, err) < 0)
			return -1;
		snprintf(location.files[1], sizeof(location.files[1]), "%s", store.file.path);
		snprintf(location.files[2], sizeof(location.files[2]), "%s", store.state);
	}
	/* Another platform stands in only where nothing is stored, so it has no account. */
	if (platform && strcmp(platform, context.account.platform->id) != 0 &&
	    account_find(&context.account, &context.home, platform, "", err) < 0)
		return -1;
	location.client = context.home.client->name;
	memcpy(location.base_url, context.account.base_url, sizeof(location.base_url));
	*ret_location = location;
	return 0;
}

static struct relay *serve_open(
    struct proxy_serve *serve, int watched, struct request_log *log, struct err *err)
{
	const struct relay_options options = {
	    .listeners = serve->listeners,
	    .count = serve->count,
	    .key = serve->key,
	    .login = {.client = serve->login.client,
	        .platform = serve->login.platform,
	        .account = serve->login.account,
	        .locate = serve_locate},
	    .grace_ms = (int)(serve->grace * 1000),
	    .watched = watched,
	    .log = serve->json || serve->verbose ? log_request : NULL,
	    .context = log,
	};

	return relay_open(&options, err);
}

static void serve_run(const struct proxy_serve *serve, struct relay *relay)
{
	const struct listener *first = &serve->listeners[0];
	struct proxy_record record;

	proxy_record_open(&record, *first->socket ? first->socket : first->url, serve->command);
	relay_run(relay);
	proxy_record_close(&record);
	relay_close(relay);
}

int proxy_serve_here(
    struct proxy_serve *serve, int (*begun)(void *context, struct err *err), void *context, struct err *err)
{
	struct request_log log = {.fd = serve->json ? STDOUT_FILENO : STDERR_FILENO, .json = serve->json};
	struct relay *relay = serve_open(serve, -1, &log, err);

	if (!relay)
		return -1;
	if (begun(context, err) < 0) {
		relay_close(relay);
		return -1;
	}
	serve_run(serve, relay);
	return 0;
}

struct behind {
	struct proxy_serve *serve;
	int command; /* pidfd */
};

/* The background process. It writes to `line` whether it serves. */
static void behind_run(void *context, int line)
{
	const struct behind *behind = context;
	struct proxy_serve *serve = behind->serve;
	struct request_log log = {.fd = -1, .json = serve->json};
	struct err err = {0};

	signals_outlast();
	process_adopt_orphans(); /* the command may be process 1, and reap none */
	if (serve->json || serve->verbose)
		log.fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	inherited_drop();
	struct relay *relay = serve_open(serve, behind->command, &log, &err);
	bool told = write_all(line, &err, sizeof(err)) == 0;
	close(line);
	if (relay && told)
		serve_run(serve, relay);
	for (size_t i = 0; i < serve->count; i++)
		listener_close(&serve->listeners[i]);
}

/* Reads what behind_run() writes. */
static int behind_hear(int line, struct err *err)
{
	struct err heard;

	if (signals_read(line, &heard, sizeof(heard), err) < 0)
		return -1;
	if (heard.code == ERR_NONE)
		return 0;
	*err = heard;
	return -1;
}

int proxy_serve_behind(struct proxy_serve *serve, struct err *err)
{
	struct behind behind = {.serve = serve, .command = process_pidfd(getpid())};
	int result = -1;

	if (behind.command < 0)
		return err_errno(
		    err, ERR_FAILED, "use Linux 5.3 or later", "cannot watch the command (pidfd_open)");
	int line = process_start_background(behind_run, &behind);
	if (line >= 0) {
		result = behind_hear(line, err);
		close(line);
	} else {
		err_errno(err, ERR_BUSY, "try again when fewer processes are running",
		    "cannot start a background process");
	}
	close(behind.command);
	return result;
}
