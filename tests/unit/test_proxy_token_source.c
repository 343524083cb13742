#include "proxy/token_source.h"

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "scratch.h"
#include "tap.h"

#include <time.h>

/*
 * kimi-token prints the file "says", kimi-refresh replaces it with "next", and each call adds to "calls". If there is a
 * file "later", the login changes while kimi-token runs, and the next call prints that file.
 */
static void programs_write(void)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "#!/bin/sh\ncd '%s'\necho token \"$@\" >>calls\ncat says\n[ ! -e fails ] || exit 4\n"
	    "[ ! -e later ] || { echo x >>login; cat later >says; }\n",
	    scratch_directory);
	scratch_write("kimi-token", text, 0700);
	snprintf(text, sizeof(text),
	    "#!/bin/sh\ncd '%s'\necho refresh \"$@\" >>calls\n[ ! -e next ] || mv next says\necho '{}'\n",
	    scratch_directory);
	scratch_write("kimi-refresh", text, 0700);
	setenv("KIMI_EXEC_PATH", scratch_directory, 1);
}

/* Sets what kimi-token prints: a token that expires in that many seconds, or (0) a key. */
static void token_write(const char *name, const char *secret, double seconds)
{
	char text[256], end[64] = "";

	if (seconds != 0)
		snprintf(end, sizeof(end), ", \"expires_at\": %.3f", clock_now() + seconds);
	snprintf(
	    text, sizeof(text), "{\"access_token\": \"%s\", \"platform\": \"kimi-code\"%s}\n", secret, end);
	scratch_write(name, text, 0600);
}

/* How often a program was called since the last time. */
static int calls_of(const char *program)
{
	char line[256];
	int count = 0;
	FILE *file = fopen(scratch_path("calls"), "r");

	while (file && fgets(line, sizeof(line), file))
		count += strncmp(line, program, strlen(program)) == 0;
	if (file)
		fclose(file);
	return count;
}

static int locate(const struct token_login *login, const char *platform, struct token_location *ret_location,
    struct err *err)
{
	(void)login, (void)platform, (void)err;
	*ret_location = (struct token_location){.client = "kimi-cli"};
	snprintf(ret_location->base_url, sizeof(ret_location->base_url), "https://api.example/v1");
	snprintf(ret_location->files[0], sizeof(ret_location->files[0]), "%s", scratch_path("login"));
	return 0;
}

struct asker {
	struct token_waiter waiter;
	bool told;
	char secret[64], base_url[64];
	enum err_code code;
};

static void asker_told(void *context, const char *secret, const char *base_url, const struct err *err)
{
	struct asker *asker = context;

	asker->told = true;
	asker->code = err ? err->code : ERR_NONE;
	snprintf(asker->secret, sizeof(asker->secret), "%s", secret ? secret : "");
	snprintf(asker->base_url, sizeof(asker->base_url), "%s", secret ? base_url : "");
}

static struct loop loop;
static struct token_source source;

/* Asks without waiting. */
static void ask(struct asker *asker, const char *refused)
{
	*asker = (struct asker){.waiter = {.ready = asker_told, .context = asker}};
	source.looked_ms = 0; /* as if some time had passed since the files were last checked */
	token_source_get(&source, &asker->waiter, refused ? text_fingerprint(refused) : 0);
}

/* Asks, and waits for the result. */
static const struct asker *asked(const char *refused)
{
	static struct asker asker;

	ask(&asker, refused);
	while (!asker.told)
		loop_turn(&loop);
	return &asker;
}

static void source_begin(void)
{
	static const struct token_login login = {.locate = locate};

	remove(scratch_path("calls"));
	remove(scratch_path("fails"));
	remove(scratch_path("next"));
	remove(scratch_path("later"));
	scratch_write("login", "a", 0600);
	token_source_open(&source, &loop, &login);
}

static void test_shared(void)
{
	struct asker askers[3];

	source_begin();
	token_write("says", "one", 900);
	for (int i = 0; i < 3; i++)
		ask(&askers[i], NULL);
	ok(!askers[0].told && !askers[2].told, "who asks first waits");
	token_source_leave(&source, &askers[1].waiter);
	while (!askers[0].told || !askers[2].told)
		loop_turn(&loop);
	ok(strcmp(askers[0].secret, "one") == 0 && strcmp(askers[2].secret, "one") == 0,
	    "all get the answer");
	ok(strcmp(askers[0].base_url, "https://api.example/v1") == 0, "and where it is for");
	ok(!askers[1].told, "but for who has left");
	ask(&askers[0], NULL);
	ok(askers[0].told && strcmp(askers[0].secret, "one") == 0, "who asks later need not wait");
	ok(calls_of("token") == 1, "kimi-token was called once");
	token_source_close(&source);
}

static void test_slow_server(void)
{
	char text[256];

	source_begin();
	snprintf(text, sizeof(text),
	    "{\"access_token\": \"old\", \"platform\": \"kimi-code\", \"expires_at\": %.3f, \"satisfied\": "
	    "false}\n",
	    clock_now() + 60);
	scratch_write("says", text, 0600);
	scratch_write("later", text, 0600);
	ok(strcmp(asked(NULL)->secret, "old") == 0 && calls_of("token") == 1,
	    "a token that could not be refreshed in time is used at once, although a file has changed");
	token_source_close(&source);
}

static void test_changed(void)
{
	struct asker asker;

	source_begin();
	token_write("says", "one", 900);
	ok(strcmp(asked(NULL)->secret, "one") == 0, "a token");
	token_write("says", "two", 900);
	scratch_write("login", "changed", 0600);
	ask(&asker, NULL);
	ok(!asker.told, "after a change of the login's file nobody gets the old one");
	while (!asker.told)
		loop_turn(&loop);
	ok(strcmp(asker.secret, "two") == 0, "but the new one");
	scratch_write("says",
	    "{\"type\": \"error\", \"message\": \"no login\", \"data\": {\"code\": \"login_required\"}}\n",
	    0600);
	scratch_write("fails", "", 0600);
	remove(scratch_path("login"));
	ok(asked(NULL)->code == ERR_LOGIN_REQUIRED, "after a logout there is none (%d)", asked(NULL)->code);
	token_source_close(&source);
}

static void test_changed_meanwhile(void)
{
	source_begin();
	token_write("says", "one", 900);
	token_write("later", "two", 900);
	ok(strcmp(asked(NULL)->secret, "two") == 0, "a change while kimi-token runs is not missed");
	ok(calls_of("token") == 2, "and a login that changes all the time is asked for twice, not for ever");
	token_source_close(&source);
}

static void test_due(void)
{
	struct asker asker;

	source_begin();
	token_write("says", "one", 900);
	asked(NULL);
	token_write("says", "two", 900);
	source.due_at = clock_now() - 1;
	ask(&asker, NULL);
	ok(asker.told && strcmp(asker.secret, "one") == 0, "one that is due is given while it lives");
	while (source.step != TOKEN_IDLE)
		loop_turn(&loop);
	ask(&asker, NULL);
	ok(asker.told && strcmp(asker.secret, "two") == 0 && calls_of("token") == 2,
	    "and replaced meanwhile");
	scratch_write("says",
	    "{\"type\": \"error\", \"message\": \"away\", \"data\": {\"code\": \"network\"}}\n", 0600);
	scratch_write("fails", "", 0600);
	source.due_at = clock_now() - 1;
	ask(&asker, NULL);
	while (source.step != TOKEN_IDLE)
		loop_turn(&loop);
	ask(&asker, NULL);
	ok(asker.told && strcmp(asker.secret, "two") == 0 && calls_of("token") == 3,
	    "one that cannot be replaced is kept, and not asked for again at once");
	source.expires_at = clock_now() - 1;
	ok(asked(NULL)->code == ERR_NETWORK, "until it ends");
	token_source_close(&source);
}

static void test_refused(void)
{
	source_begin();
	token_write("says", "one", 900);
	token_write("next", "two", 900);
	asked(NULL);
	ok(strcmp(asked("one")->secret, "two") == 0 && calls_of("refresh") == 1,
	    "for a token that the server refused there is a refresh");
	ok(strcmp(asked("one")->secret, "two") == 0 && calls_of("refresh") == 1,
	    "who had the old one gets the new one");
	ok(asked("two")->code == ERR_REJECTED && calls_of("refresh") == 1, "the next refresh takes its time");
	token_source_close(&source);

	source_begin();
	token_write("says", "key", 0);
	asked(NULL);
	ok(asked("key")->code == ERR_REJECTED && calls_of("refresh") == 0, "a key has no successor");
	ok(strcmp(asked(NULL)->secret, "key") == 0, "but serves other requests");
	token_source_close(&source);
}

static void test_nonsense(void)
{
	static const char *const texts[] = {"", "no JSON\n", "{}\n", "{\"access_token\": \"x\"}\n",
	    "{\"access_token\": \"a b\", \"platform\": \"kimi-code\"}\n",
	    "{\"access_token\": \"a\\nb\", \"platform\": \"kimi-code\"}\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		source_begin();
		scratch_write("says", texts[i], 0600);
		ok(asked(NULL)->code == ERR_FAILED, "%zu: what is no token is none", i);
		token_source_close(&source);
	}
	source_begin();
	remove(scratch_path("kimi-token"));
	ok(asked(NULL)->code == ERR_FAILED, "without kimi-token there is an error");
	token_source_close(&source);
}

static bool can_watch_children(void)
{
	int fd = process_pidfd(getpid());

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int main(void)
{
	struct err err = {0};

	if (!can_watch_children()) {
		puts("# not run: the token source of the proxy: before 3.22 valgrind does not have "
		     "pidfd_open");
		ok(!is_native(), "only valgrind is without pidfd_open()");
		return tap_done();
	}
	scratch_open();
	programs_write();
	if (loop_open(&loop, &err) < 0)
		return 1;
	test_shared();
	test_slow_server();
	test_changed();
	test_changed_meanwhile();
	test_due();
	test_refused();
	test_nonsense();
	loop_close(&loop);
	scratch_close();
	return tap_done();
}
