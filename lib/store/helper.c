#include "store/helper.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/exec_path.h"
#include "base/process.h"
#include "store/helper_protocol.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 2000, SILENCE_MS = 10000 };

/* Time (clock_ms()) until which a keyring that left a question unanswered is not asked again, lest each login of a
 * list cost its full wait. */
static long long silent_until;

static const char own_helper[] = "kimi-credential-libsecret";
static const char unanswered[] = "the keyring did not answer in time";
static const char too_large[] = "the keyring holds something too large for a login";

/* What our helper says by its exit status. */
enum { STATUS_FOUND = 0, STATUS_NONE = 1, STATUS_LOCKED = 3, STATUS_UNAVAILABLE = 4 };

/* The command line of the helper: a program, or a shell line as Git would run it. */
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
		if (sibling_find_helper(own_helper, helper->command, sizeof(helper->command), NULL) < 0)
			return false;
		helper->argv[n++] = helper->command;
	} else {
		/* The user's own words, so the shell is theirs too: "~" and quotes work as they do for Git. */
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

bool credential_is_off(void)
{
	struct helper helper;

	return !find_helper(&helper, "get");
}

const char *credential_remedy(void)
{
	if (env_true("KIMI_DISABLE_KEYRING"))
		return "unset KIMI_DISABLE_KEYRING";
	if (env_get("KIMI_CREDENTIAL_HELPER"))
		return "check the helper that KIMI_CREDENTIAL_HELPER names";
	if (credential_is_off())
		return "install libsecret-1-dev and build again, or use --storage file";
	return "unlock or start the keyring";
}

static enum credential_answer helper_fail(struct credential_trouble *trouble, const char *why)
{
	snprintf(trouble->why, sizeof(trouble->why), "%s", why);
	return CREDENTIAL_UNAVAILABLE;
}

static enum credential_answer helper_judge(
    const struct helper *helper, enum process_end end, int status, struct credential_trouble *trouble)
{
	/* Only our own helper is known to have done nothing if it says that it failed, and one that could not run. */
	trouble->may_be_kept = end != PROCESS_EXITED || (!helper->is_own && status != 126 && status != 127);
	if (end == PROCESS_UNFINISHED)
		return helper_fail(trouble, unanswered);
	if (end == PROCESS_EXITED && status == STATUS_FOUND)
		return CREDENTIAL_FOUND;
	if (!helper->is_own || end != PROCESS_EXITED)
		return helper_fail(trouble, helper->is_own
		                                ? "the keyring helper crashed"
		                                : "the helper that KIMI_CREDENTIAL_HELPER names failed");
	if (status == STATUS_NONE)
		return CREDENTIAL_NONE;
	if (status == STATUS_LOCKED) {
		snprintf(trouble->why, sizeof(trouble->why), "the keyring is locked");
		return CREDENTIAL_LOCKED;
	}
	return helper_fail(trouble, "no keyring found");
}

static enum credential_answer helper_ask(const char *operation, const char *host, const char *key,
    const char *secret, long long deadline, struct buf *ret_lines, struct credential_trouble *trouble)
{
	enum credential_answer answer;
	enum process_end end;
	struct helper helper;
	struct buf lines;
	int status;

	*trouble = (struct credential_trouble){0};
	if (!find_helper(&helper, operation))
		return helper_fail(trouble, env_true("KIMI_DISABLE_KEYRING")
		                                ? "KIMI_DISABLE_KEYRING is set"
		                                : "this build has no keyring support");
	buf_init_secret(&lines, CREDENTIAL_MAX_BYTES + 4096);
	if (credential_lines_ask(&lines, host, key, secret)) {
		const struct process process = {
		    .argv = helper.argv,
		    .input = lines.data,
		    .input_len = lines.len,
		    .own_session = true,
		    .deadline = deadline,
		};
		const long long begun = clock_ms();
		if (process_run(&process, ret_lines, &end, &status, NULL) < 0) {
			answer = helper_fail(trouble, "the keyring helper cannot be run");
		} else {
			answer = helper_judge(&helper, end, status, trouble);
			silent_until = 0;
			if (end == PROCESS_UNFINISHED && clock_ms() - begun >= WAIT_MS)
				silent_until = clock_ms() + SILENCE_MS;
		}
	} else {
		answer = helper_fail(trouble, "the login cannot be written on one line");
	}
	buf_release(&lines);
	return answer;
}

static enum credential_answer helper_get(const char *host, const char *key, long long deadline,
    struct buf *ret_secret, struct credential_trouble *trouble)
{
	struct buf lines;

	if (clock_ms() < silent_until) {
		*trouble = (struct credential_trouble){0};
		return helper_fail(trouble, unanswered);
	}
	buf_init_secret(&lines, CREDENTIAL_MAX_BYTES + 4096);
	enum credential_answer answer = helper_ask("get", host, key, NULL, deadline, &lines, trouble);
	if (answer == CREDENTIAL_FOUND && lines.failed)
		answer = helper_fail(trouble, too_large);
	else if (answer == CREDENTIAL_FOUND && !credential_lines_password(&lines, ret_secret))
		answer = ret_secret->failed ? helper_fail(trouble, too_large) : CREDENTIAL_NONE;
	buf_release(&lines);
	return answer;
}

static enum credential_answer helper_store(const char *host, const char *key, const char *secret,
    long long deadline, struct credential_trouble *trouble)
{
	struct buf ignored, back;

	buf_init(&ignored, 4096);
	buf_init_secret(&back, CREDENTIAL_MAX_BYTES);
	enum credential_answer answer = helper_ask("store", host, key, secret, deadline, &ignored, trouble);
	/* By the book a helper may ignore a store, and say nothing. */
	if (answer == CREDENTIAL_FOUND) {
		answer = helper_get(host, key, deadline, &back, trouble);
		trouble->may_be_kept = true;
	}
	if (answer == CREDENTIAL_NONE || (answer == CREDENTIAL_FOUND && strcmp(back.data, secret) != 0))
		answer = helper_fail(trouble, "the keyring did not store the login");
	buf_release(&back);
	buf_release(&ignored);
	return answer;
}

static enum credential_answer helper_erase(
    const char *host, const char *key, long long deadline, struct credential_trouble *trouble)
{
	struct buf ignored;

	buf_init(&ignored, 4096);
	enum credential_answer answer = helper_ask("erase", host, key, NULL, deadline, &ignored, trouble);
	buf_release(&ignored);
	return answer == CREDENTIAL_NONE ? CREDENTIAL_FOUND : answer;
}

/* Nor is an erase of a stranger's a promise. */
static enum credential_answer check_erased(
    const char *host, const char *key, long long deadline, struct credential_trouble *trouble)
{
	struct buf back;

	buf_init_secret(&back, CREDENTIAL_MAX_BYTES);
	enum credential_answer answer = helper_get(host, key, deadline, &back, trouble);
	if (answer == CREDENTIAL_FOUND)
		answer = helper_fail(trouble, "the keyring did not remove the login");
	buf_release(&back);
	return answer == CREDENTIAL_NONE ? CREDENTIAL_FOUND : answer;
}

static long long deadline_of(int wait_ms, int patience_ms)
{
	return clock_ms() + (patience_ms < wait_ms ? patience_ms : wait_ms);
}

enum credential_answer credential_get(const char *host, const char *key, int patience_ms,
    struct buf *ret_secret, struct credential_trouble *ret_trouble)
{
	return helper_get(host, key, deadline_of(WAIT_MS, patience_ms), ret_secret, ret_trouble);
}

enum credential_answer credential_store(const char *host, const char *key, const char *secret,
    int patience_ms, struct credential_trouble *ret_trouble)
{
	return helper_store(host, key, secret, deadline_of(CREDENTIAL_PATIENCE_MS, patience_ms), ret_trouble);
}

enum { PROBE_MAX = 192 };

static void name_probe(const char *key, char ret_probe[PROBE_MAX])
{
	snprintf(ret_probe, PROBE_MAX, "%s/probe", key);
}

/* What is read back otherwise than it was given leaves an item behind, and so does a keyring that is too slow. */
static void erase_probe(const char *host, const char *key, long long deadline)
{
	struct credential_trouble ignored;
	char probe[PROBE_MAX];

	name_probe(key, probe);
	helper_erase(host, probe, deadline, &ignored);
}

enum credential_answer credential_erase(
    const char *host, const char *key, int patience_ms, struct credential_trouble *ret_trouble)
{
	long long deadline = deadline_of(WAIT_MS, patience_ms);
	enum credential_answer answer = helper_erase(host, key, deadline, ret_trouble);

	if (answer == CREDENTIAL_FOUND && env_get("KIMI_CREDENTIAL_HELPER"))
		answer = check_erased(host, key, deadline, ret_trouble);
	if (answer == CREDENTIAL_FOUND)
		erase_probe(host, key, deadline);
	return answer;
}

enum credential_answer credential_probe(
    const char *host, const char *key, int patience_ms, struct credential_trouble *ret_trouble)
{
	long long deadline = deadline_of(CREDENTIAL_PATIENCE_MS, patience_ms);
	char probe[PROBE_MAX];

	name_probe(key, probe);
	enum credential_answer answer = helper_store(host, probe, "probe", deadline, ret_trouble);
	/* To take it away has time of its own, unless the keyring has stopped answering. */
	if (clock_left(deadline) && (answer == CREDENTIAL_FOUND || ret_trouble->may_be_kept))
		erase_probe(host, key, clock_ms() + WAIT_MS);
	return answer;
}
