#include "proxy/token_source.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	DUE_S = 300,   /* before a token ends; half of what is left of one that ends sooner */
	LOOK_MS = 10,  /* between two looks at the files: many requests at once need one */
	RETRY_S = 10,  /* to the next try where kimi-token could not get a newer one */
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

/* A file that is not there is all zeros. */
static void token_source_look(const struct token_source *source, struct stat ret_seen[TOKEN_FILES])
{
	memset(ret_seen, 0, TOKEN_FILES * sizeof(*ret_seen));
	for (int i = 0; i < TOKEN_FILES; i++)
		if (*source->place.files[i] && stat(source->place.files[i], &ret_seen[i]) < 0)
			memset(&ret_seen[i], 0, sizeof(ret_seen[i]));
}

static bool token_source_has_changed(struct token_source *source)
{
	struct stat now[TOKEN_FILES];

	if (clock_ms() - source->looked_ms < LOOK_MS)
		return false;
	token_source_look(source, now);
	for (int i = 0; i < TOKEN_FILES; i++)
		if (!is_same_file(&now[i], &source->seen[i]))
			return true;
	source->looked_ms = clock_ms();
	return false;
}

static void token_waiter_answer(
    struct token_waiter *waiter, const struct token_source *source, const struct err *err)
{
	waiter->is_waiting = false;
	waiter->ready(waiter->context, err ? NULL : source->secret, source->place.base_url, err);
}

/* A waiter may ask again right away. */
static void token_source_deliver(struct token_source *source, const struct err *err)
{
	struct token_waiter *waiter = source->waiters, *next;
	uint64_t fingerprint = source->secret ? text_fingerprint(source->secret) : 0;
	struct err rejected;

	err_set(&rejected, ERR_REJECTED, "run 'kimi login'", "Kimi refused the token");
	source->waiters = NULL;
	source->refused = 0;
	for (; waiter; waiter = next) {
		next = waiter->next;
		if (!err && waiter->refused == fingerprint)
			token_waiter_answer(waiter, source, &rejected);
		else
			token_waiter_answer(waiter, source, err);
	}
}

static int token_source_take(struct token_source *source, const json_t *answer, struct err *err)
{
	const char *secret = json_text(answer, "access_token"), *platform = json_text(answer, "platform");
	double now = clock_now(), expires_at = INFINITY;

	if (!secret || !platform || !text_is_plain(secret))
		return err_set(err, ERR_FAILED, "run 'kimi token' to see why", "kimi-token gave no token");
	/* The platform is another one where the key of the default model's stands in. */
	if (source->login.locate(&source->login, platform, &source->place, err) < 0)
		return -1;
	snprintf(source->platform, sizeof(source->platform), "%s", platform);
	source->is_token = json_number(answer, "expires_at", &expires_at);
	token_source_drop(source);
	source->secret = memory_copy(secret);
	source->expires_at = expires_at;
	source->due_at = expires_at - fmin(DUE_S, (expires_at - now) / 2);
	if (!source->is_token)
		source->due_at = INFINITY;
	else if (json_is_false(json_object_get(answer, "satisfied")))
		source->due_at = now + RETRY_S;
	return 0;
}

static bool token_source_may_force(const struct token_source *source)
{
	return source->is_token && clock_now() >= source->refreshed_at + FORCED_S;
}

/* kimi-token has answered, or failed. */
static void token_source_asked(
    struct token_source *source, enum token_step step, const json_t *answer, struct err *err)
{
	if (err->code == ERR_NONE && token_source_take(source, answer, err) == 0) {
		bool refused = source->refused && text_fingerprint(source->secret) == source->refused;
		if (refused && step == TOKEN_ASKING && token_source_may_force(source)) {
			token_source_start(source, TOKEN_REFRESHING);
			return;
		}
		token_source_deliver(source, NULL);
		return;
	}
	/* One that lives does until there is a better one, unless it may be another login by now. */
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
	json_t *answer;

	(void)events;
	token_source_unwatch(source);
	source->step = TOKEN_IDLE;
	call_end(&source->running, &answer, &err);
	if (step == TOKEN_REFRESHING)
		token_source_start(source, TOKEN_ASKING_AGAIN); /* it knows what came of it */
	else
		token_source_asked(source, step, answer, &err);
	json_decref(answer);
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
		call.outlives = true; /* nothing that ends us ends an exchange */
		call.client = source->place.client;
		call.platform = source->platform;
		source->refreshed_at = clock_now();
	} else {
		if (!*source->place.base_url &&
		    source->login.locate(&source->login, NULL, &source->place, err) < 0)
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
	if (source->step == TOKEN_IDLE)
		token_source_start(source, TOKEN_ASKING);
}

/* What is kept will do for the waiter. */
static bool token_source_is_ready(struct token_source *source, const struct token_waiter *waiter)
{
	uint64_t fingerprint = source->secret ? text_fingerprint(source->secret) : 0;

	return fingerprint && fingerprint != waiter->refused && fingerprint != source->refused &&
	       clock_now() < source->expires_at && !token_source_has_changed(source);
}

void token_source_get(struct token_source *source, struct token_waiter *waiter, const char *refused)
{
	waiter->refused = refused ? text_fingerprint(refused) : 0;
	if (token_source_is_ready(source, waiter)) {
		if (clock_now() >= source->due_at)
			token_source_prefetch(source);
		token_waiter_answer(waiter, source, NULL);
		return;
	}
	waiter->is_waiting = true;
	waiter->next = source->waiters;
	source->waiters = waiter;
	if (waiter->refused)
		source->refused = waiter->refused;
	if (source->step == TOKEN_IDLE)
		token_source_start(source, TOKEN_ASKING);
}

void token_source_leave(struct token_source *source, struct token_waiter *waiter)
{
	struct token_waiter **at = &source->waiters;

	while (*at && *at != waiter)
		at = &(*at)->next;
	if (*at)
		*at = waiter->next;
	waiter->is_waiting = false;
}
