#include "account/account.h"

#include "scratch.h"
#include "tap.h"

static struct identity who;
static struct err err;

static int find(const char *platform, const char *account)
{
	static const struct home home = {.client = &client_kimi_cli};

	err = (struct err){0};
	return identity_find(&who, &home, platform, account, &err);
}

static bool is(const char *platform, const char *account, const char *key)
{
	return strcmp(who.platform->id, platform) == 0 && strcmp(who.account, account) == 0 &&
	       strcmp(who.key, key) == 0;
}

static void test_finding(void)
{
	unsetenv("KIMI_ACCOUNT");
	ok(find(NULL, NULL) == 0 && is("kimi-code", "", "oauth/kimi-code"),
	    "without options it is the plain login");
	ok(find("kimi-code", "work") == 0 && is("kimi-code", "work", "oauth/kimi-code@work"),
	    "an account has its own key");
	ok(find(NULL, "me@example.com") == 0 &&
	        is("kimi-code", "me@example.com", "oauth/kimi-code@me@example.com"),
	    "it may be a mail address");
	ok(find("moonshot-cn", NULL) == 0 && is("moonshot-cn", "", ""),
	    "a platform with keys only has no key of tokens");
	ok(find("moonshot-cn", "work") == -1 && err.code == ERR_USAGE, "and no accounts");
	ok(find("moonshot-cn", "") == 0, "but no account is fine");
	ok(find("kimi-cod", NULL) == -1 && err.code == ERR_USAGE && strstr(err.todo, "kimi-code"),
	    "an unknown platform names the nearest one");
	setenv("KIMI_ACCOUNT", "home", 1);
	ok(find(NULL, NULL) == 0 && is("kimi-code", "home", "oauth/kimi-code@home"),
	    "the environment has an account too");
	ok(find(NULL, "") == 0 && is("kimi-code", "", "oauth/kimi-code"),
	    "an empty name is the plain login all the same");
	ok(find("moonshot-ai", NULL) == 0 && is("moonshot-ai", "", ""),
	    "where there are no accounts it says nothing");
	setenv("KIMI_ACCOUNT", "../x", 1);
	ok(find(NULL, NULL) == -1 && err.code == ERR_USAGE, "a bad one in the environment is refused");
	unsetenv("KIMI_ACCOUNT");
}

static void test_names(void)
{
	static const char *const bad[] = {"../x", "a/b", ".", ".hidden", "a..b", "a b", "a\nb", "a\x1B",
	    "\xC3\xA9", "a*", "a\\b", "a:b",
	    "0123456789012345678901234567890123456789012345678901234567890123"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(find(NULL, bad[i]) == -1 && err.code == ERR_USAGE, "bad name %zu cannot be an account",
		    i + 1);
	ok(find(NULL, "012345678901234567890123456789012345678901234567890123456789012") == 0,
	    "63 letters can");
}

static void test_list(void)
{
	static const char *const files[] = {"kimi-code.json", "kimi-code@work.json", "kimi-code@work.state",
	    "kimi-code@a.b.state", "kimi-code@.json", "kimi-code@..json", "kimi-code@x.lock",
	    "kimi-code@bad name.json", "other@x.json", ".kimi-code@work.json.kimi-0123456789ab",
	    "kimi-code@"};
	struct home home = {.client = &client_kimi_cli};
	size_t count = 0;

	snprintf(home.folder, sizeof(home.folder), "%s", scratch_folder);
	struct identity *list = identity_list(&home, &count, NULL);
	ok(list && count == 1 && !*list[0].account, "the plain login is always listed");
	free(list);
	mkdir(scratch_path("credentials"), 0700);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char name[80];
		snprintf(name, sizeof(name), "credentials/%s", files[i]);
		scratch_write(name, "", 0600);
	}
	list = identity_list(&home, &count, NULL);
	ok(list && count == 3 && !*list[0].account && strcmp(list[1].account, "a.b") == 0 &&
	        strcmp(list[2].account, "work") == 0,
	    "then the accounts by name, each once, and nothing that only looks like one");
	free(list);
	for (int i = 0; i < 100; i++) {
		char name[80];
		snprintf(name, sizeof(name), "credentials/kimi-code@n%03d.json", i);
		scratch_write(name, "", 0600);
	}
	list = identity_list(&home, &count, NULL);
	ok(list && count == 103 && strcmp(list[101].account, "n099") == 0, "a hundred of them too");
	free(list);
}

static void test_advice(void)
{
	struct identity work, plain;
	char todo[120] = "run 'kimi refresh', or 'kimi login --force' for kimi-cli",
	     small[24] = "run 'kimi login'";

	identity_select(&work, NULL, "work", NULL);
	identity_select(&plain, NULL, "", NULL);
	identity_advise(&plain, todo, sizeof(todo));
	ok(!strstr(todo, "--account"), "the plain login needs no name");
	identity_advise(&work, todo, sizeof(todo));
	identity_advise(&work, todo, sizeof(todo));
	ok(strcmp(todo,
	       "run 'kimi refresh --account work', or 'kimi login --account work --force' for kimi-cli") == 0,
	    "an account is named once to each command");
	identity_advise(&work, small, sizeof(small));
	ok(strcmp(small, "run 'kimi login'") == 0, "where there is no room, the text stays whole");
}

static void test_slots(void)
{
	struct home home = {.client = &client_kimi_code};
	size_t count = 0;

	snprintf(home.folder, sizeof(home.folder), "%s/code", scratch_folder);
	mkdir(home.folder, 0700);
	mkdir(scratch_path("code/credentials"), 0700);
	ok(identity_find(&who, &home, NULL, "", NULL) == 0 && is("kimi-code", "", "oauth/kimi-code") &&
	        strcmp(who.region->name, "mainland-cn") == 0,
	    "in a home with slots the default is that of mainland China");
	snprintf(home.oauth_host, sizeof(home.oauth_host), "https://auth.kimi.ai/");
	snprintf(home.base_url, sizeof(home.base_url), "https://api.kimi.ai/coding/v1");
	ok(identity_find(&who, &home, NULL, "work", NULL) == 0 &&
	        is("kimi-code", "work", "oauth/kimi-code-env-0e4f99c69cc27850@work") &&
	        strcmp(who.region->name, "global") == 0,
	    "the config's hosts make another slot, with its accounts");
	setenv("KIMI_CODE_BASE_URL", "https://api.example/v1", 1);
	ok(identity_find(&who, &home, NULL, "", NULL) == 0 && !who.region &&
	        strcmp(who.oauth_host, "https://auth.kimi.com") == 0,
	    "once the environment sets a host, the configured OAuth host is not asked");
	unsetenv("KIMI_CODE_BASE_URL");
	setenv("KIMI_OAUTH_HOST", "https://auth.example", 1);
	ok(identity_find(&who, &home, NULL, "", NULL) == 0 &&
	        strcmp(who.base_url, "https://api.kimi.ai/coding/v1") == 0 &&
	        strcmp(who.oauth_host, "https://auth.example") == 0,
	    "but the configured base URL is");
	unsetenv("KIMI_OAUTH_HOST");
	home.oauth_host[0] = home.base_url[0] = '\0';
	scratch_write("code/credentials/kimi-code-env-0e4f99c69cc27850.json", "", 0600);
	scratch_write("code/credentials/kimi-code@a.json", "", 0600);
	struct identity *list = identity_list(&home, &count, NULL);
	ok(list && count == 3 && !*list[0].account && strcmp(list[1].account, "a") == 0 && list[2].region &&
	        strcmp(list[2].region->name, "global") == 0,
	    "a login of the other region is listed, too");
	free(list);
}

int main(void)
{
	scratch_open();
	test_finding();
	test_names();
	test_list();
	test_advice();
	test_slots();
	scratch_close();
	return tap_done();
}
