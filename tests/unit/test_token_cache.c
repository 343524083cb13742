#include "store/token_cache.h"

#include "base/buf.h"
#include "base/clock.h"
#include "format/json.h"
#include "scratch.h"
#include "tap.h"

static const char key[] = "oauth/kimi-code", host[] = "https://auth.kimi.com";

static bool is_cached(void)
{
	struct token back = TOKEN_INIT;
	bool found = token_cache_load(key, host, &back) && strcmp(back.access_token, "access") == 0;

	token_clear(&back);
	return found;
}

static void save(void)
{
	char access[] = "access", refresh[] = "sk-refresh", scope[] = "", type[] = "Bearer";
	struct token token = {access, refresh, scope, type, 1700000000.5, 900};

	token_cache_save(key, host, &token);
}

static void set_age(int seconds)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)clock_now() - seconds}};

	utimensat(AT_FDCWD, scratch_path("kimi/kimi-code"), times, 0);
}

static void test_keeping(void)
{
	struct token back = TOKEN_INIT;

	ok(!is_cached(), "nothing is cached at first");
	save();
	ok(scratch_mode("kimi/kimi-code") == 0600 && scratch_mode("kimi") == 0700,
	    "it is kept for its user alone");
	ok(token_cache_load(key, host, &back) && strcmp(back.access_token, "access") == 0 &&
	        back.expires_at == 1700000000.5 && back.expires_in == 900,
	    "the access token comes back");
	ok(!*back.refresh_token, "without its refresh token");
	token_clear(&back);
	struct buf bytes;
	buf_init(&bytes, 4096);
	FILE *in = fopen(scratch_path("kimi/kimi-code"), "re");
	char line[1000];
	while (in && fgets(line, sizeof(line), in))
		buf_addstr(&bytes, line);
	if (in)
		fclose(in);
	ok(bytes.len && !strstr(bytes.data, "sk-refresh"), "which is not in the file at all");
	buf_release(&bytes);
	ok(!token_cache_load(key, "https://other.example.com", &back), "another host gets nothing");
	ok(!token_cache_load("oauth/kimi-code@work", host, &back), "nor does another account");
	set_age(30);
	ok(is_cached(), "it is believed after half a minute");
	set_age(61);
	ok(!is_cached(), "but not after a minute");
	set_age(-3600);
	ok(!is_cached(), "nor if it comes from the future");
	save();
	token_cache_drop(key);
	ok(!is_cached() && scratch_mode("kimi/kimi-code") == -1, "dropped, it is gone");
	token_cache_drop(key);
}

static void test_trust(void)
{
	save();
	chmod(scratch_path("kimi/kimi-code"), 0640);
	ok(!is_cached(), "a file that others may read is not believed");
	chmod(scratch_path("kimi/kimi-code"), 0600);
	chmod(scratch_path("kimi"), 0750);
	ok(!is_cached(), "nor one in a folder of others");
	chmod(scratch_path("kimi"), 0700);
	chmod(scratch_directory, 0755);
	ok(!is_cached(), "nor one below a runtime folder of others");
	chmod(scratch_directory, 0700);
	ok(is_cached(), "but one that is private all the way");
	setenv("KIMI_NO_CACHE", "1", 1);
	ok(!is_cached(), "KIMI_NO_CACHE switches it off");
	setenv("KIMI_NO_CACHE", "0", 1);
	ok(is_cached(), "unless it says no");
	unsetenv("KIMI_NO_CACHE");
	unsetenv("XDG_RUNTIME_DIR");
	save();
	ok(!is_cached(), "without a runtime folder there is no cache");
	setenv("XDG_RUNTIME_DIR", scratch_directory, 1);
	scratch_write("kimi/kimi-code", "https://auth.kimi.com\n{\"access_token\":", 0600);
	ok(!is_cached(), "a damaged file is no token");
	scratch_write("kimi/kimi-code", "", 0600);
	ok(!is_cached(), "nor is an empty one");
	unlink(scratch_path("kimi/kimi-code"));
	scratch_write("elsewhere", "https://auth.kimi.com\n{\"access_token\":\"access\"}", 0600);
	ok(symlink("../elsewhere", scratch_path("kimi/kimi-code")) == 0 && !is_cached(), "nor is a link");
	save();
	ok(is_cached() && scratch_holds("elsewhere", "https://auth.kimi.com\n{\"access_token\":\"access\"}"),
	    "which is replaced, not followed");
}

static void test_long_path(void)
{
	struct token back = TOKEN_INIT;
	char path[1200];
	size_t len = (size_t)snprintf(path, sizeof(path), "%s", scratch_directory);

	while (len < 900) {
		len += (size_t)snprintf(path + len, sizeof(path) - len, "/%0100d", 0);
		mkdir(path, 0700);
	}
	setenv("XDG_RUNTIME_DIR", path, 1);
	save();
	strcat(path, "/kimi");
	ok(access(path, F_OK) < 0 && !token_cache_load(key, host, &back),
	    "a path that is too long is no cache");
	setenv("XDG_RUNTIME_DIR", scratch_directory, 1);
}

int main(void)
{
	json_start();
	scratch_open();
	setenv("XDG_RUNTIME_DIR", scratch_directory, 1);
	unsetenv("KIMI_NO_CACHE");
	test_keeping();
	test_trust();
	test_long_path();
	scratch_close();
	return tap_done();
}
