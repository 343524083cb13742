#include "proxy/token_source.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "format/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	DUE_S = 300,   /* seconds before a token expires; half of its rest if that is shorter */
	LOOK_MS = 10,  /* between two checks of the files: one check serves many requests */
	RETRY_S = 10,  /* to the next try after kimi-token could not get a newer token */
	FORCED_S = 30, /* between two refreshes that a 401 asks for */
};

static const char *const force[] = {"--force", NULL};

static void token_source_start(struct token_source *source, enum token_step step);

void token_source_open(struct token_source *source, struct loop *loop, const struct token_login *login)
{
	*source = (struct token_source){
	    .loop = loop, .login = *login, .output.fd = -1, .ended.fd = -1, .refreshed_at = -INFINITY};
}

static void token_source_drop(struct token_source *source)
{
	wipe_str(source->secret);
	source->secret = NULL;
	source->fingerprint = 0;
}

static void token_source_unwatch(struct token_source *source)
{
	loop_remove(source->loop, &source->output);
	loop_remove(source->loop, &source->ended);
}

void token_source_close(struct token_source *source)
{
	if (source->step != TOKEN_IDLE) {
		token_source_unwatch(source);
		call_abandon(&source->running);
	}
	token_source_drop(source);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A missing file is recorded as zeros. */
static void token_source_look(const struct token_source *source, struct stat ret_seen[TOKEN_FILES])
{
	memset(ret_seen, 0, TOKEN_FILES * sizeof(*ret_seen));
	for (int i = 0; i < TOKEN_FILES; i++)
		if (*source->location.files[i] && stat(source->location.files[i], &ret_seen[i]) < 0)
			memset(&ret_seen[i], 0, sizeof(ret_seen[i]));
}

/* A file has changed since the last call began. */
static bool token_source_is_outdated(const struct token_source *source)
{
	struct stat now[TOKEN_FILES];

	token_source_look(source, now);
	for (int i = 0; i < TOKEN_FILES; i++)
		if (!is_same_file(&now[i], &source->seen[i]))
			return true;
	return false;
}

static bool token_source_has_changed(struct token_source *source)
{
	if (clock_ms() - source->looked_ms < LOOK_MS)
		return false;
	if (token_source_is_outdated(source))
		return true;
	source->looked_ms = clock_ms();
	return false;
}

static void token_waiter_tell(
    struct token_waiter *waiter, const struct token_source *source, const struct err *err)
{
	waiter->ready(waiter->context, err ? NULL : source->secret, source->location.base_url, err);
}

/* A waiter may call token_source_get() again from its callback. */
static void token_source_deliver(struct token_source *source, const struct err *err)
{
	struct token_waiter *waiter = source->waiters, *next;
	struct err rejected;

	err_set(&rejected, ERR_REJECTED, "run 'kimi login'", "Kimi refused the token");
	source->waiters = NULL;
	source->refused = 0;
	for (; waiter; waiter = next) {
		next = waiter->next;
		if (!err && waiter->refused == source->fingerprint)
			token_waiter_tell(waiter, source, &rejected);
		else
			token_waiter_tell(waiter, source, err);
	}
}

static int token_source_take(struct token_source *source, const json_t *reply, struct err *err)
{
	const char *secret = json_text(reply, "access_token"), *platform = json_text(reply, "platform");
	double now = clock_now(), expires_at = INFINITY;

	if (!secret || !platform || !text_is_plain(secret))
		return err_set(err, ERR_FAILED, "run 'kimi token' to see why", "kimi-token printed no token");
	/* kimi-token may have used another platform: that of the default model. */
	if (source->login.locate(&source->login, platform, &source->location, err) < 0)
		return -1;
	snprintf(source->platform, sizeof(source->platform), "%s", platform);
	source->is_token = json_number(reply, "expires_at", &expires_at);
	token_source_drop(source);
	source->secret = memory_copy(secret);
	source->fingerprint = text_fingerprint(secret);
	source->expires_at = expires_at;
	source->due_at = expires_at - fmin(DUE_S, (expires_at - now) / 2);
	if (!source->is_token)
		source->due_at = INFINITY;
	else if (json_is_false(json_object_get(reply, "satisfied")))
		source->due_at = now + RETRY_S;
	return 0;
}

static bool token_source_may_force(const struct token_source *source)
{
	return source->is_token && clock_now() >= source->refreshed_at + FORCED_S;
}

/* kimi-token has ended. */
static void token_source_asked(
    struct token_source *source, enum token_step step, const json_t *reply, struct err *err)
{
	bool is_stopgap = json_is_false(json_object_get(reply, "satisfied"));

	/*
	 * Some may have asked after the change. Once only, because kimi-token itself may have changed a
	 * file, and not if it waited for a slow server and printed the old token.
	 */
	if (source->waiters && !source->is_repeated && !is_stopgap && token_source_is_outdated(source)) {
		source->is_repeated = true;
		token_source_start(source, step);
		return;
	}
	if (err->code == ERR_NONE && token_source_take(source, reply, err) == 0) {
		bool refused = source->refused && source->fingerprint == source->refused;
		if (refused && step == TOKEN_ASKING && token_source_may_force(source)) {
			token_source_start(source, TOKEN_REFRESHING);
			return;
		}
		token_source_deliver(source, NULL);
		return;
	}
	/* A token that is still valid is used on, unless the login may have changed. */
	if (!source->has_changed && source->secret && clock_now() < source->expires_at &&
	    err->code != ERR_LOGIN_REQUIRED && err->code != ERR_REJECTED) {
		source->due_at = clock_now() + RETRY_S;
		token_source_deliver(source, NULL);
		return;
	}
	token_source_drop(source);
	token_source_deliver(source, err);
}

static void token_source_ended(void *context, uint32_t events)
{
	struct token_source *source = context;
	enum token_step step = source->step;
	struct err err = {0};
	json_t *reply;

	(void)events;
	token_source_unwatch(source);
	source->step = TOKEN_IDLE;
	call_end(&source->running, &reply, &err);
	process_reap_orphans(-1); /* a slow refresh, which kimi-token does not wait for */
	if (step == TOKEN_REFRESHING)
		token_source_start(source, TOKEN_ASKING_AGAIN); /* kimi-token knows the result */
	else
		token_source_asked(source, step, reply, &err);
	json_decref(reply);
}

static void token_source_readable(void *context, uint32_t events)
{
	struct token_source *source = context;

	(void)events;
	if (!call_read(&source->running))
		loop_remove(source->loop, &source->output);
}

static int token_source_call(struct token_source *source, enum token_step step, struct err *err)
{
	struct call call = {
	    .program = "kimi-token",
	    .client = source->login.client,
	    .platform = source->login.platform,
	    .account = source->login.account,
	};

	if (step == TOKEN_REFRESHING) {
		call.program = "kimi-refresh";
		call.arguments = force;
		call.outlives = true; /* a refresh must end even if the proxy is killed */
		call.client = source->location.client;
		call.platform = source->platform;
		source->refreshed_at = clock_now();
	} else {
		if (!*source->location.base_url &&
		    source->login.locate(&source->login, NULL, &source->location, err) < 0)
			return -1;
		source->has_changed = token_source_has_changed(source);
		token_source_look(source, source->seen);
	}
	if (call_begin(&source->running, &call, err) < 0)
		return -1;
	loop_watch(source->loop, &source->output, source->running.child.output, EPOLLIN,
	    token_source_readable, source);
	loop_watch(
	    source->loop, &source->ended, source->running.child.pidfd, EPOLLIN, token_source_ended, source);
	source->step = step;
	return 0;
}

static void token_source_start(struct token_source *source, enum token_step step)
{
	struct err err = {0};

	if (token_source_call(source, step, &err) < 0)
		token_source_asked(source, TOKEN_ASKING_AGAIN, NULL, &err);
}

void token_source_prefetch(struct token_source *source)
{
	if (source->step != TOKEN_IDLE)
		return;
	source->is_repeated = false;
	token_source_start(source, TOKEN_ASKING);
}

/* Returns whether the cached secret can be used. */
static bool token_source_is_ready(struct token_source *source, const struct token_waiter *waiter)
{
	return source->fingerprint && source->fingerprint != waiter->refused &&
	       source->fingerprint != source->refused && clock_now() < source->expires_at &&
	       !token_source_has_changed(source);
}

void token_source_get(struct token_source *source, struct token_waiter *waiter, uint64_t refused)
{
	waiter->refused = refused;
	if (token_source_is_ready(source, waiter)) {
		if (clock_now() >= source->due_at)
			token_source_prefetch(source);
		token_waiter_tell(waiter, source, NULL);
		return;
	}
	waiter->next = source->waiters;
	source->waiters = waiter;
	if (waiter->refused)
		source->refused = waiter->refused;
	token_source_prefetch(source);
}

void token_source_leave(struct token_source *source, struct token_waiter *waiter)
{
	struct token_waiter **at = &source->waiters;

	while (*at && *at != waiter)
		at = &(*at)->next;
	if (*at)
		*at = waiter->next;
}
