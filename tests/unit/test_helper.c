/*
 * The backend that speaks Git's credential protocol, with helpers that are shell
 * scripts: each stands for one situation.
 */
#include "store/helper.h"

#include "base/clock.h"
#include "base/signals.h"
#include "scratch.h"
#include "tap.h"

#include <stdlib.h>

static const struct helper_item item = {
    .host = "https://auth.kimi.com", .key = "oauth/kimi-code", .timeout_ms = HELPER_TIMEOUT_MS};

static struct helper_error error;
static struct buf secret;

/* Keeps what it is given, as a helper should. */
#define NOTEBOOK                                                                                             \
	"cat >\"$HOME/asked\"\n"                                                                             \
	"case $1 in\n"                                                                                       \
	"get) [ ! -e \"$HOME/kept\" ] || cat \"$HOME/kept\" ;;\n"                                            \
	"store) grep ^password= \"$HOME/asked\" >\"$HOME/kept\" ;;\n"                                        \
	"erase) rm -f \"$HOME/kept\" ;;\n"                                                                   \
	"esac\n"

/* A helper of another program, or our own under its usual name. */
static void use_helper(bool own, const char *body)
{
	char script[1000];

	snprintf(script, sizeof(script), "#!/bin/sh\n%s", body);
	unlink(scratch_path("kimi-credential-libsecret"));
	unlink(scratch_path("helper"));
	unsetenv("KIMI_CREDENTIAL_HELPER");
	if (!own)
		setenv("KIMI_CREDENTIAL_HELPER", scratch_path("helper"), 1);
	scratch_write(own ? "kimi-credential-libsecret" : "helper", script, 0700);
	unlink(scratch_path("kept"));
}

static enum helper_result get(void)
{
	buf_clear(&secret);
	return helper_get(&item, &secret, &error);
}

/* The same item with another timeout. */
static const struct helper_item *within(int timeout_ms)
{
	static struct helper_item other;

	other = item;
	other.timeout_ms = timeout_ms;
	return &other;
}

static void test_round(void)
{
	const struct helper_item local = {
	    .host = "http://127.0.0.1:80", .key = item.key, .timeout_ms = HELPER_TIMEOUT_MS};

	use_helper(false, NOTEBOOK);
	ok(get() == HELPER_NONE, "an empty store has none");
	ok(scratch_holds("asked", "protocol=https\nhost=auth.kimi.com\nusername=oauth/kimi-code\n\n"),
	    "it is asked in Git's words");
	ok(helper_store(&item, "{\"a\":1}", &error) == HELPER_FOUND, "a login is stored");
	ok(get() == HELPER_FOUND && strcmp(secret.data, "{\"a\":1}") == 0, "and found");
	ok(helper_erase(&item, &error) == HELPER_FOUND && get() == HELPER_NONE, "and erased");
	ok(helper_erase(&item, &error) == HELPER_FOUND, "to erase what is not there is fine");
	ok(helper_probe(&item, &error) == HELPER_FOUND && scratch_mode("kept") == -1,
	    "a probe leaves nothing behind");
	use_helper(false, "case $1 in store) sleep 0.5 ;; erase) sleep 1 ;; esac\n" NOTEBOOK);
	ok(helper_probe(within(1400), &error) == HELPER_FOUND && scratch_mode("kept") == -1,
	    "nor does one whose time is over before it is erased");
	use_helper(false, "cat >\"$HOME/asked\"; [ \"$1\" != erase ] || grep ^username= \"$HOME/asked\" "
	                  ">>\"$HOME/erased\"\n");
	ok(helper_erase(&item, &error) == HELPER_FOUND &&
	        scratch_holds("erased", "username=oauth/kimi-code\nusername=oauth/kimi-code/probe\n"),
	    "with a login goes a probe that was left behind");
	use_helper(false, NOTEBOOK);
	ok(helper_store(&item, "two\nlines", &error) == HELPER_UNAVAILABLE &&
	        strstr(error.reason, "one line"),
	    "two lines are not stored");
	ok(helper_get(&local, &secret, &error) == HELPER_NONE &&
	        scratch_holds("asked", "protocol=http\nhost=127.0.0.1:80\nusername=oauth/kimi-code\n\n"),
	    "http has its own protocol, and a port");
}

static void test_answers(void)
{
	static const struct {
		const char *sentence, *body, *expected;
	} cases[] = {
	    {"its lines may be more, in any order",
	        "echo quit=0; echo password=s; echo username=x; echo; echo capability[]=x", "s"},
	    {"the last of two passwords counts", "echo password=a; echo password=b", "b"},
	    {"a password may hold =", "echo password=a=b=", "a=b="},
	    {"the last line may lack its end", "printf password=s", "s"},
	    {"a line may end as on Windows", "printf 'password=s\\r\\n'", "s"},
	    {"an empty password is none", "echo password=", NULL},
	    {"password alone is none", "echo password", NULL},
	    {"another name that ends so is none", "echo oldpassword=s", NULL},
	    {"success without a word is none", ":", NULL},
	    {"a NUL ends what is read", "printf 'x\\0\\npassword=s\\n'", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		use_helper(false, cases[i].body);
		enum helper_result result = get();
		ok(cases[i].expected ? result == HELPER_FOUND && strcmp(secret.data, cases[i].expected) == 0
		                     : result == HELPER_NONE,
		    "%s", cases[i].sentence);
	}
}

static void test_statuses(void)
{
	static const struct {
		int status;
		enum helper_result own, strangers;
	} cases[] = {
	    {1, HELPER_NONE, HELPER_UNAVAILABLE},
	    {2, HELPER_UNAVAILABLE, HELPER_UNAVAILABLE},
	    {3, HELPER_LOCKED, HELPER_UNAVAILABLE},
	    {4, HELPER_UNAVAILABLE, HELPER_UNAVAILABLE},
	    {127, HELPER_UNAVAILABLE, HELPER_UNAVAILABLE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char body[80];
		snprintf(body, sizeof(body), "echo password=s; exit %d", cases[i].status);
		use_helper(true, body);
		bool own = get() == cases[i].own && (cases[i].own == HELPER_NONE || *error.reason);
		use_helper(false, body);
		ok(own && get() == cases[i].strangers && *error.reason,
		    "exit status %d means what it should, of our helper and of a stranger's",
		    cases[i].status);
	}
	use_helper(true, "kill -SEGV $$");
	ok(get() == HELPER_UNAVAILABLE && strstr(error.reason, "crashed"), "a crash is unavailable");
}

/* What a failed store may have left behind. */
static void test_half_kept(void)
{
	static const struct {
		bool own;
		const char *body;
		int timeout_ms;
		bool may_be_kept;
	} cases[] = {
	    {true, "exit 4", HELPER_TIMEOUT_MS, false},
	    {true, "exit 3", HELPER_TIMEOUT_MS, false},
	    {true, "kill -KILL $$", HELPER_TIMEOUT_MS, true},
	    {true, "sleep 60", 100, true},
	    {false, "exit 1", HELPER_TIMEOUT_MS, true},
	    {false, "exit 127", HELPER_TIMEOUT_MS, false},
	    {false, "cat >/dev/null", HELPER_TIMEOUT_MS, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		use_helper(cases[i].own, cases[i].body);
		ok(helper_store(within(cases[i].timeout_ms), "s", &error) != HELPER_FOUND &&
		        error.may_be_kept == cases[i].may_be_kept,
		    "a store that fails by '%s' %s", cases[i].body,
		    cases[i].may_be_kept ? "may be kept" : "is not");
	}
}

/* A file with a password of that many bytes. */
static void write_large(size_t len)
{
	static char text[HELPER_MAX_BYTES * 4] = "password=";

	memset(text + 9, 'x', len);
	strcpy(text + 9 + len, "\n");
	scratch_write("large", text, 0600);
}

static void test_trouble(void)
{
	use_helper(false, "sleep 60");
	long long start = clock_ms();
	ok(helper_get(within(1), &secret, &error) == HELPER_UNAVAILABLE && clock_ms() - start < 2000,
	    "a caller without patience gets none of the helper's time");
	start = clock_ms();
	ok(get() == HELPER_UNAVAILABLE && strstr(error.reason, "in time") && clock_ms() - start < 30000,
	    "a helper that does not answer is given up");
	use_helper(false, "cat >/dev/null");
	ok(helper_store(&item, "s", &error) == HELPER_UNAVAILABLE && strstr(error.reason, "did not store"),
	    "one that ignores a store is found out");
	use_helper(false, "cat >/dev/null; echo password=other");
	ok(helper_store(&item, "s", &error) == HELPER_UNAVAILABLE,
	    "so is one that gives something else back");
	/* A few bytes more than a login may have, but no more than is read; and then more than that. */
	use_helper(false, "cat \"$HOME/large\"");
	write_large(HELPER_MAX_BYTES + 1);
	ok(get() == HELPER_UNAVAILABLE && strstr(error.reason, "too large"), "what is too large is not none");
	write_large(HELPER_MAX_BYTES * 3);
	ok(get() == HELPER_UNAVAILABLE && strstr(error.reason, "too large"), "nor what is far too large");
	use_helper(true, NOTEBOOK);
	ok(!helper_is_off(), "our helper is there");
	setenv("KIMI_DISABLE_KEYRING", "1", 1);
	ok(helper_is_off() && get() == HELPER_UNAVAILABLE && strstr(error.reason, "KIMI_DISABLE_KEYRING"),
	    "KIMI_DISABLE_KEYRING switches it off");
	unsetenv("KIMI_DISABLE_KEYRING");
	unlink(scratch_path("kimi-credential-libsecret"));
	ok(helper_is_off() && get() == HELPER_UNAVAILABLE && *error.reason, "so does having none");
}

int main(void)
{
	scratch_open();
	signals_start();
	setenv("HOME", scratch_directory, 1);
	setenv("KIMI_EXEC_PATH", scratch_directory, 1);
	unsetenv("KIMI_DISABLE_KEYRING");
	buf_init_secret(&secret, HELPER_MAX_BYTES);
	test_round();
	test_answers();
	test_statuses();
	test_half_kept();
	test_trouble();
	buf_release(&secret);
	scratch_close();
	return tap_done();
}
