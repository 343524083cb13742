#include "cli/token_keeper.h"

#include "account/call.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/file.h"
#include "base/inherited.h"
#include "base/memory.h"
#include "base/newfile.h"
#include "base/process.h"
#include "base/runtime_dir.h"
#include "base/signals.h"
#include "base/text.h"
#include "format/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* kimi-token bounds itself; this bound is only for a kimi-token that hangs. */
enum { CALL_MAX_MS = 310000, TOKEN_MAX = 256 * 1024 };

struct keeper {
	const struct token_keeper_options *options;
	pid_t pid;            /* of the process it works for */
	int caller;           /* pidfd of that process */
	int children;         /* of process_adopt_orphans() */
	struct buf token;     /* while it is handed on */
	uint64_t fingerprint; /* of the token in the file */
	double left;          /* seconds until the token expires; 0: never */
	char file[TOKEN_KEEPER_PATH_MAX];
	char directory
	    [TOKEN_KEEPER_PATH_MAX]; /* made for the file alone; "": it is in $XDG_RUNTIME_DIR/kimi */
};

/* What the keeper tells the caller, once; the token follows. */
struct greeting {
	struct err err; /* ERR_NONE: the token follows */
	char file[TOKEN_KEEPER_PATH_MAX];
	bool is_access_token;
	size_t token_len;
};

static int token_keeper_take_answer(struct keeper *k, const json_t *response, struct err *err)
{
	const char *token = json_text(response, "access_token");
	double expires_at;

	if (!token)
		return err_set(err, ERR_FAILED, "run 'kimi token' to see why", "kimi-token printed no token");
	buf_clear(&k->token);
	buf_addstr(&k->token, token);
	k->left = 0;
	if (json_number(response, "expires_at", &expires_at))
		k->left = expires_at - clock_now();
	if (k->token.failed)
		return err_memory(err);
	return 0;
}

static int token_keeper_ask(struct keeper *k, struct err *err)
{
	const struct login_options *login = &k->options->login;
	const struct call call = {
	    .program = "kimi-token",
	    .client = login->client,
	    .platform = login->platform,
	    .account = login->account,
	    .wait_ms = CALL_MAX_MS,
	};
	json_t *response;
	int result = call_run(&call, &response, err);

	if (result == 0)
		result = token_keeper_take_answer(k, response, err);
	json_decref(response);
	return result;
}

static int token_keeper_write_file(struct keeper *k, struct err *err)
{
	if (!*k->file)
		return 0;
	if (newfile_replace(k->file, k->token.data, k->token.len, err) < 0)
		return -1;
	k->fingerprint = text_fingerprint(k->token.data);
	return 0;
}

/* Waits until the next call of kimi-token. Reaps children meanwhile. True: the caller has ended. */
static bool token_keeper_wait(const struct keeper *k)
{
	double seconds = k->options->interval;

	if (k->left > 0 && k->left / 4 < seconds)
		seconds = fmax(k->left / 4, 1);
	wipe_stack();
	return process_wait_and_reap(k->caller, k->children, (int)(seconds * 1000));
}

static void token_keeper_renew(struct keeper *k)
{
	struct err err = {0};

	if (token_keeper_ask(k, &err) < 0 && err.code != ERR_LOGIN_REQUIRED && err.code != ERR_REJECTED)
		return;
	/* Without a login the file is empty. */
	if (text_fingerprint(k->token.data) != k->fingerprint)
		token_keeper_write_file(k, NULL);
	buf_clear(&k->token);
}

static int token_keeper_choose_file(struct keeper *k, struct err *err)
{
	const char *tmp = env_get("TMPDIR");
	char directory[TOKEN_KEEPER_PATH_MAX - 64];

	if (!k->options->file)
		return 0;
	runtime_dir_sweep("exec."); /* secrets that keepers left that were killed */
	if (!runtime_dir(true, directory, sizeof(directory))) {
		if (!tmp || *tmp != '/')
			tmp = "/tmp";
		int n = snprintf(directory, sizeof(directory), "%s/kimi-XXXXXX", tmp);
		if (n < 0 || (size_t)n >= sizeof(directory) || !mkdtemp(directory))
			return err_errno(err, ERR_STORAGE,
			    "set XDG_RUNTIME_DIR or TMPDIR to a directory that only you can write to",
			    "there is no private directory for the token file");
		snprintf(k->directory, sizeof(k->directory), "%s", directory);
	}
	snprintf(k->file, sizeof(k->file), "%s/exec.%d", directory, (int)k->pid);
	return 0;
}

static void token_keeper_remove_file(const struct keeper *k)
{
	if (*k->file) {
		unlink(k->file);
		newfile_sweep(k->file);
	}
	if (*k->directory)
		rmdir(k->directory);
}

static const struct keeper *running_keeper;

static void token_keeper_undo(void)
{
	token_keeper_remove_file(running_keeper);
}

/* The background process. It writes the greeting and the token to `line`. */
static void token_keeper_run(void *context, int line)
{
	struct keeper *k = context;
	struct greeting greeting = {0};

	running_keeper = k;
	memory_before_end(token_keeper_undo);
	signals_outlast();
	inherited_drop();
	k->children = process_adopt_orphans();
	buf_init_secret(&k->token, TOKEN_MAX);
	if (token_keeper_choose_file(k, &greeting.err) == 0 && token_keeper_ask(k, &greeting.err) == 0)
		token_keeper_write_file(k, &greeting.err);
	memcpy(greeting.file, k->file, sizeof(greeting.file));
	greeting.is_access_token = k->left != 0;
	greeting.token_len = k->token.len;
	bool told = write_all(line, &greeting, sizeof(greeting)) == 0 &&
	            write_all(line, k->token.data, k->token.len) == 0;
	close(line);
	buf_clear(&k->token);
	while (told && greeting.err.code == ERR_NONE && !token_keeper_wait(k))
		token_keeper_renew(k);
	buf_release(&k->token);
	token_keeper_remove_file(k);
}

static int token_keeper_hear_greeting(int line, struct token_keeper_result *ret_result, struct err *err)
{
	struct greeting greeting = {0};
	struct buf *token = &ret_result->token;

	if (signals_read(line, &greeting, sizeof(greeting), err) < 0)
		return -1;
	if (greeting.err.code != ERR_NONE) {
		*err = greeting.err;
		return -1;
	}
	if (!buf_reserve(token, greeting.token_len))
		return err_memory(err);
	if (signals_read(line, token->data + token->len, greeting.token_len, err) < 0)
		return -1;
	token->len += greeting.token_len;
	token->data[token->len] = '\0';
	ret_result->is_access_token = greeting.is_access_token;
	memcpy(ret_result->file, greeting.file, TOKEN_KEEPER_PATH_MAX);
	return 0;
}

int token_keeper_start(
    const struct token_keeper_options *options, struct token_keeper_result *ret_result, struct err *err)
{
	struct keeper keeper = {.options = options, .pid = getpid(), .caller = process_pidfd(getpid())};
	int result = -1;

	if (keeper.caller < 0)
		return err_errno(
		    err, ERR_FAILED, "use Linux 5.3 or later", "cannot watch the command (pidfd_open)");
	int line = process_start_background(token_keeper_run, &keeper);
	if (line >= 0) {
		result = token_keeper_hear_greeting(line, ret_result, err);
		close(line);
	} else {
		err_errno(err, ERR_BUSY, "try again when fewer processes are running",
		    "cannot start a background process");
	}
	close(keeper.caller);
	return result;
}
