#include "store/helper.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/exec_path.h"
#include "base/process.h"
#include "store/helper_protocol.h"

#include <stdio.h>
#include <string.h>
#include <sys/param.h>

enum { WAIT_MS = 2000, SILENCE_MS = 10000 };

/*
 * After a timeout the keyring is not asked again until then (clock_ms()), so that a list
 * of logins does not wait for it once per login.
 */
static long long silent_until;
static bool lacks_library; /* our helper could not load libsecret */

static const char own_helper[] = "kimi-credential-libsecret";
static const char timed_out[] = "the keyring did not answer in time";
static const char too_large[] = "the keyring holds something too large for a login";

/* Exit statuses of our helper. */
enum {
	STATUS_FOUND = 0,
	STATUS_NONE = 1,
	STATUS_LOCKED = 3,
	STATUS_UNAVAILABLE = 4,
	STATUS_NO_LIBRARY = 127 /* ld.so(8) */
};

/* The command line: our helper, or /bin/sh with the command that Git would run. */
struct helper {
	bool is_own;
	char command[8192];
	const char *argv[6];
};

static bool find_helper(struct helper *helper, const char *operation)
{
	const char *named = env_get("KIMI_CREDENTIAL_HELPER");
	size_t n = 0;

	if (env_true("KIMI_DISABLE_KEYRING"))
		return false;
	helper->is_own = !named;
	if (!named) {
		if (exec_path_find_helper(own_helper, helper->command, sizeof(helper->command), NULL) < 0)
			return false;
		helper->argv[n++] = helper->command;
	} else {
		/* Run by a shell, as Git does, so that "~" and quotes work. */
		const char *git = *named == '!' || *named == '/' || *named == '~' ? "" : "git credential-";
		int len = snprintf(
		    helper->command, sizeof(helper->command), "%s%s \"$@\"", git, named + (*named == '!'));
		if (len < 0 || (size_t)len >= sizeof(helper->command))
			return false;
		helper->argv[n++] = "/bin/sh";
		helper->argv[n++] = "-c";
		helper->argv[n++] = helper->command;
		helper->argv[n++] = "kimi-credential";
	}
	helper->argv[n++] = operation;
	helper->argv[n] = NULL;
	return true;
}

bool helper_is_off(void)
{
	struct helper helper;

	return !find_helper(&helper, "get");
}

const char *helper_remedy(void)
{
	if (env_true("KIMI_DISABLE_KEYRING"))
		return "unset KIMI_DISABLE_KEYRING, then try again";
	if (env_get("KIMI_CREDENTIAL_HELPER"))
		return "check the helper that KIMI_CREDENTIAL_HELPER names, then try again";
	if (helper_is_off())
		return "install libsecret-1-dev and build again, or log in with --storage file";
	if (lacks_library)
		return "install libsecret, then try again";
	return "unlock or start the keyring, then try again";
}

static enum helper_result helper_fail(struct helper_error *error, const char *reason)
{
	snprintf(error->reason, sizeof(error->reason), "%s", reason);
	return HELPER_UNAVAILABLE;
}

static enum helper_result helper_judge(
    const struct helper *helper, const struct process_exit *exit, struct helper_error *error)
{
	/*
	 * A failure means that nothing was stored only for our own helper, or if the
	 * helper could not be started.
	 */
	error->may_be_kept =
	    exit->end != PROCESS_EXITED || (!helper->is_own && exit->status != 126 && exit->status != 127);
	if (exit->end == PROCESS_UNFINISHED)
		return helper_fail(error, timed_out);
	if (exit->end == PROCESS_EXITED && exit->status == STATUS_FOUND)
		return HELPER_FOUND;
	if (!helper->is_own)
		return helper_fail(error, "the helper that KIMI_CREDENTIAL_HELPER names failed");
	if (exit->end != PROCESS_EXITED)
		return helper_fail(error, "the keyring helper crashed");
	if (exit->status == STATUS_NONE)
		return HELPER_NONE;
	if (exit->status == STATUS_LOCKED) {
		snprintf(error->reason, sizeof(error->reason), "the keyring is locked");
		return HELPER_LOCKED;
	}
	lacks_library = exit->status == STATUS_NO_LIBRARY;
	if (lacks_library)
		return helper_fail(error, "the keyring helper needs libsecret, which is not installed");
	return helper_fail(error, "no keyring found");
}

/* One call of the helper. */
struct helper_call {
	const char *operation;
	const char *host, *key;
	const char *secret; /* to store, or NULL */
	long long deadline; /* of clock_ms() */
};

static struct helper_call call_for(const struct helper_item *item, int wait_ms)
{
	return (struct helper_call){
	    .host = item->host,
	    .key = item->key,
	    .deadline = clock_ms() + MIN(item->timeout_ms, wait_ms),
	};
}

static enum helper_result call_run(
    const struct helper_call *call, struct buf *ret_lines, struct helper_error *error)
{
	enum helper_result result;
	struct process_exit exit;
	struct helper helper;
	struct buf lines;

	*error = (struct helper_error){0};
	bool found = find_helper(&helper, call->operation);
	if (!found && env_true("KIMI_DISABLE_KEYRING"))
		return helper_fail(error, "KIMI_DISABLE_KEYRING is set");
	if (!found)
		return helper_fail(error, "this build has no keyring support");
	buf_init_secret(&lines, HELPER_MAX_BYTES + 4096);
	if (helper_protocol_ask(&lines, call->host, call->key, call->secret)) {
		const struct process process = {
		    .argv = helper.argv,
		    .input = lines.data,
		    .input_len = lines.len,
		    .own_session = true,
		    .deadline = call->deadline,
		};
		const long long begun = clock_ms();
		struct err err = {0};
		if (process_run(&process, ret_lines, &exit, &err) < 0) {
			error->interrupted = error->may_be_kept = err.code == ERR_INTERRUPTED;
			result = helper_fail(
			    error, error->interrupted ? "interrupted" : "the keyring helper cannot be run");
		} else {
			result = helper_judge(&helper, &exit, error);
			silent_until = 0;
			if (exit.end == PROCESS_UNFINISHED && clock_ms() - begun >= WAIT_MS)
				silent_until = clock_ms() + SILENCE_MS;
		}
	} else {
		result = helper_fail(error, "the login cannot be written on one line");
	}
	buf_release(&lines);
	return result;
}

static enum helper_result call_get(
    struct helper_call call, struct buf *ret_secret, struct helper_error *error)
{
	struct buf lines;

	if (clock_ms() < silent_until) {
		*error = (struct helper_error){0};
		return helper_fail(error, timed_out);
	}
	call.operation = "get";
	buf_init_secret(&lines, HELPER_MAX_BYTES + 4096);
	enum helper_result result = call_run(&call, &lines, error);
	if (result == HELPER_FOUND && lines.failed)
		result = helper_fail(error, too_large);
	else if (result == HELPER_FOUND && !helper_protocol_password(&lines, ret_secret))
		result = ret_secret->failed ? helper_fail(error, too_large) : HELPER_NONE;
	buf_release(&lines);
	return result;
}

static enum helper_result call_store(struct helper_call call, const char *secret, struct helper_error *error)
{
	struct buf ignored, back;

	call.operation = "store";
	call.secret = secret;
	buf_init(&ignored, 4096);
	buf_init_secret(&back, HELPER_MAX_BYTES);
	enum helper_result result = call_run(&call, &ignored, error);
	/* The protocol lets a helper ignore a store without saying so. */
	if (result == HELPER_FOUND) {
		call.secret = NULL;
		result = call_get(call, &back, error);
		error->may_be_kept = true;
	}
	if (result == HELPER_NONE || (result == HELPER_FOUND && strcmp(back.data, secret) != 0))
		result = helper_fail(error, "the keyring did not store the login");
	buf_release(&back);
	buf_release(&ignored);
	return result;
}

static enum helper_result call_erase(struct helper_call call, struct helper_error *error)
{
	struct buf ignored;

	call.operation = "erase";
	buf_init(&ignored, 4096);
	enum helper_result result = call_run(&call, &ignored, error);
	buf_release(&ignored);
	if (result == HELPER_NONE)
		return HELPER_FOUND;
	return result;
}

/* The protocol lets a helper ignore an erase as well. */
static enum helper_result check_erased(struct helper_call call, struct helper_error *error)
{
	struct buf back;

	buf_init_secret(&back, HELPER_MAX_BYTES);
	enum helper_result result = call_get(call, &back, error);
	if (result == HELPER_FOUND)
		result = helper_fail(error, "the keyring did not remove the login");
	buf_release(&back);
	if (result == HELPER_NONE)
		return HELPER_FOUND;
	return result;
}

enum helper_result helper_get(
    const struct helper_item *item, struct buf *ret_secret, struct helper_error *ret_error)
{
	return call_get(call_for(item, WAIT_MS), ret_secret, ret_error);
}

enum helper_result helper_store(
    const struct helper_item *item, const char *secret, struct helper_error *ret_error)
{
	return call_store(call_for(item, HELPER_TIMEOUT_MS), secret, ret_error);
}

enum { PROBE_MAX = 192 };

static void name_probe(const char *key, char ret_probe[PROBE_MAX])
{
	snprintf(ret_probe, PROBE_MAX, "%s/probe", key);
}

/*
 * A probe that failed may have left an item, because the keyring was too slow or changed
 * the secret.
 */
static void erase_probe(struct helper_call call)
{
	struct helper_error ignored;
	char probe[PROBE_MAX];

	name_probe(call.key, probe);
	call.key = probe;
	call_erase(call, &ignored);
}

enum helper_result helper_erase(const struct helper_item *item, struct helper_error *ret_error)
{
	struct helper_call call = call_for(item, WAIT_MS);
	enum helper_result result = call_erase(call, ret_error);

	if (result == HELPER_FOUND && env_get("KIMI_CREDENTIAL_HELPER"))
		result = check_erased(call, ret_error);
	if (result == HELPER_FOUND)
		erase_probe(call);
	return result;
}

enum helper_result helper_probe(const struct helper_item *item, struct helper_error *ret_error)
{
	struct helper_call call = call_for(item, HELPER_TIMEOUT_MS);
	char probe[PROBE_MAX];

	name_probe(item->key, probe);
	call.key = probe;
	enum helper_result result = call_store(call, "probe", ret_error);
	/* Erasing it has a timeout of its own, unless the keyring has stopped responding. */
	if (clock_left(call.deadline) && (result == HELPER_FOUND || ret_error->may_be_kept)) {
		call.key = item->key;
		call.deadline = clock_ms() + WAIT_MS;
		erase_probe(call);
	}
	return result;
}
