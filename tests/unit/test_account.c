#include "account/account.h"

#include "scratch.h"
#include "tap.h"

static struct account who;
static struct err err;

static int find(const char *platform, const char *account)
{
	static const struct home home = {.client = &client_kimi_cli};

	err = (struct err){0};
	return account_find(&who, &home, platform, account, &err);
}

static bool is(const char *platform, const char *account, const char *key)
{
	return strcmp(who.platform->id, platform) == 0 && strcmp(who.name, account) == 0 &&
	       strcmp(who.key, key) == 0;
}

static void test_finding(void)
{
	unsetenv("KIMI_ACCOUNT");
	ok(find(NULL, NULL) == 0 && is("kimi-code", "", "oauth/kimi-code"),
	    "without options it is the default account");
	ok(find("kimi-code", "work") == 0 && is("kimi-code", "work", "oauth/kimi-code@work"),
	    "an account has its own key");
	ok(find(NULL, "me@example.com") == 0 &&
	        is("kimi-code", "me@example.com", "oauth/kimi-code@me@example.com"),
	    "it may be a mail address");
	ok(find("moonshot-cn", NULL) == 0 && is("moonshot-cn", "", ""),
	    "a platform with keys only has no key of tokens");
	ok(find("moonshot-cn", "work") == -1 && err.code == ERR_USAGE, "and no accounts");
	ok(find("moonshot-cn", "") == 0, "but no account is fine");
	ok(find("kimi-cod", NULL) == -1 && err.code == ERR_USAGE && strstr(err.hint, "kimi-code"),
	    "an unknown platform names the nearest one");
	setenv("KIMI_ACCOUNT", "home", 1);
	ok(find(NULL, NULL) == 0 && is("kimi-code", "home", "oauth/kimi-code@home"),
	    "the environment has an account too");
	ok(find(NULL, "") == 0 && is("kimi-code", "", "oauth/kimi-code"),
	    "an empty name is the default account all the same");
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

	snprintf(home.directory, sizeof(home.directory), "%s", scratch_directory);
	struct account *list = account_list(&home, ACCOUNTS_WITH_TOKENS, &count, NULL);
	ok(list && count == 1 && !*list[0].name, "the default account is always listed");
	free(list);
	mkdir(scratch_path("credentials"), 0700);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char name[80];
		snprintf(name, sizeof(name), "credentials/%s", files[i]);
		scratch_write(name, "", 0600);
	}
	list = account_list(&home, ACCOUNTS_WITH_TOKENS, &count, NULL);
	ok(list && count == 3 && !*list[0].name && strcmp(list[1].name, "a.b") == 0 &&
	        strcmp(list[2].name, "work") == 0,
	    "then the accounts by name, each once, and nothing that only looks like one");
	free(list);
	for (int i = 0; i < 100; i++) {
		char name[80];
		snprintf(name, sizeof(name), "credentials/kimi-code@n%03d.json", i);
		scratch_write(name, "", 0600);
	}
	list = account_list(&home, ACCOUNTS_WITH_TOKENS, &count, NULL);
	ok(list && count == 103 && strcmp(list[101].name, "n099") == 0, "a hundred of them too");
	free(list);
}

static void test_hints(void)
{
	struct account work, plain, keys;
	char option[ACCOUNT_OPTION_MAX], hint[ACCOUNT_HINT_MAX], long_name[ACCOUNT_NAME_MAX - 16];
	struct err error = {0};

	account_select(&work, NULL, "work", NULL);
	account_select(&plain, NULL, "", NULL);
	account_select(&keys, "moonshot-cn", NULL, NULL);
	ok(strcmp(account_option(&plain, option), "") == 0, "the default account needs no option");
	ok(strcmp(account_option(&work, option), " --account work") == 0, "an account is an option");
	ok(strcmp(account_option(&keys, option), " --platform moonshot-cn") == 0,
	    "where there are no accounts, the platform is");
	ok(strcmp(account_login_hint(&work, hint), "run 'kimi login --account work'") == 0,
	    "a hint names the login");
	ok(account_needs_login(&work, ERR_REJECTED, &error, "%s ended", "it") < 0 &&
	        error.code == ERR_REJECTED && strcmp(error.what, "it ended") == 0 &&
	        strcmp(error.hint, hint) == 0,
	    "so does an error");
	ok(account_not_logged_in(&keys, NULL) < 0, "nobody need want to know the error");
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	ok(account_select(&work, NULL, long_name, NULL) == 0 &&
	        strcmp(account_option(&work, option) + strlen(" --account "), long_name) == 0,
	    "the longest name is not cut");
}

static void test_slots(void)
{
	struct home home = {.client = &client_kimi_code};
	size_t count = 0;

	snprintf(home.directory, sizeof(home.directory), "%s/code", scratch_directory);
	mkdir(home.directory, 0700);
	mkdir(scratch_path("code/credentials"), 0700);
	ok(account_find(&who, &home, NULL, "", NULL) == 0 && is("kimi-code", "", "oauth/kimi-code") &&
	        strcmp(who.region->name, "mainland-cn") == 0,
	    "in a home with slots the default is that of mainland China");
	snprintf(home.oauth_host, sizeof(home.oauth_host), "https://auth.kimi.ai/");
	snprintf(home.base_url, sizeof(home.base_url), "https://api.kimi.ai/coding/v1");
	ok(account_find(&who, &home, NULL, "work", NULL) == 0 &&
	        is("kimi-code", "work", "oauth/kimi-code-env-0e4f99c69cc27850@work") &&
	        strcmp(who.region->name, "global") == 0,
	    "the config's hosts make another slot, with its accounts");
	setenv("KIMI_CODE_BASE_URL", "https://api.example/v1", 1);
	ok(account_find(&who, &home, NULL, "", NULL) == 0 && !who.region &&
	        strcmp(who.oauth_host, "https://auth.kimi.com") == 0,
	    "once the environment sets a host, the configured OAuth host is not asked");
	unsetenv("KIMI_CODE_BASE_URL");
	setenv("KIMI_OAUTH_HOST", "https://auth.example", 1);
	ok(account_find(&who, &home, NULL, "", NULL) == 0 &&
	        strcmp(who.base_url, "https://api.kimi.ai/coding/v1") == 0 &&
	        strcmp(who.oauth_host, "https://auth.example") == 0,
	    "but the configured base URL is");
	unsetenv("KIMI_OAUTH_HOST");
	home.oauth_host[0] = home.base_url[0] = '\0';
	scratch_write("code/credentials/kimi-code-env-0e4f99c69cc27850.json", "", 0600);
	scratch_write("code/credentials/kimi-code@a.json", "", 0600);
	struct account *list = account_list(&home, ACCOUNTS_WITH_TOKENS, &count, NULL);
	ok(list && count == 3 && !*list[0].name && strcmp(list[1].name, "a") == 0 && list[2].region &&
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
	test_hints();
	test_slots();
	scratch_close();
	return tap_done();
}
