#include "proxy/key.h"

#include "scratch.h"
#include "tap.h"

#include <sys/wait.h>
#include <unistd.h>

static void test_random(void)
{
	char one[PROXY_KEY_MAX], two[PROXY_KEY_MAX];
	struct err err = {0};

	ok(proxy_key_make(one, &err) == 0 && proxy_key_make(two, &err) == 0, "keys are made");
	ok(strncmp(one, "sk-local-", 9) == 0 && strlen(one) == 9 + 64, "a key has 256 bits and a prefix: %s",
	    one);
	ok(one[9 + strspn(one + 9, "0123456789abcdef")] == '\0', "it is hexadecimal");
	ok(strcmp(one, two) != 0, "no two are the same");
}

static void test_made(void)
{
	char first[PROXY_KEY_MAX], again[PROXY_KEY_MAX], line[PROXY_KEY_MAX + 1];
	struct err err = {0};

	ok(proxy_key_of_file(scratch_path("new/deep/key"), first, &err) == 0, "a file is made: %s", err.what);
	snprintf(line, sizeof(line), "%s\n", first);
	ok(scratch_holds("new/deep/key", line), "it holds the key in a line");
	ok(scratch_mode("new/deep/key") == 0600, "it is closed to others");
	ok(scratch_mode("new") == 0700 && scratch_mode("new/deep") == 0700, "so are its directories");
	ok(proxy_key_of_file(scratch_path("new/deep/key"), again, &err) == 0 && strcmp(first, again) == 0,
	    "the key stays the same");
}

/* The keys that as many processes take at once from a file that does not exist yet. */
static void test_race(void)
{
	enum { RACERS = 16 };
	char keys[RACERS][PROXY_KEY_MAX] = {{0}};
	int gate[2], results[2], same = 0;
	char byte;

	if (pipe(gate) < 0 || pipe(results) < 0)
		return;
	for (int i = 0; i < RACERS; i++) {
		if (fork() != 0)
			continue;
		struct err err = {0};
		close(gate[1]);
		byte = read(gate[0], &byte, 1) == 0 ? 0 : 1;
		bool sent = proxy_key_of_file(scratch_path("raced"), keys[0], &err) == 0 &&
		            write(results[1], keys[0], PROXY_KEY_MAX) == PROXY_KEY_MAX;
		_exit(!sent);
	}
	close(gate[1]);
	for (int i = 0; i < RACERS; i++)
		same += read(results[0], keys[i], PROXY_KEY_MAX) == PROXY_KEY_MAX && *keys[i] &&
		        strcmp(keys[i], keys[0]) == 0;
	while (wait(NULL) > 0)
		continue;
	ok(same == RACERS, "all that start at once have the same key: %d of %d", same, RACERS);
}

static void test_given(void)
{
	static const char longest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	                              "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	                              "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	                              "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
	static const struct {
		const char *text, *key, *what; /* key NULL: an error */
		mode_t mode;
	} cases[] = {
	    {"my-own-key-of-mine\n", "my-own-key-of-mine", "one of the user's is taken", 0600},
	    {"  my-own-key-of-mine \r\n", "my-own-key-of-mine", "space around it is not its own", 0400},
	    {"0123456789abcdef", "0123456789abcdef", "16 characters will do", 0600},
	    {"0123456789abcde", NULL, "15 will not", 0600},
	    {longest, longest, "255 characters will do", 0600},
	    {"", NULL, "an empty file is no key", 0600},
	    {"two words 01234567", NULL, "a space within is none", 0600},
	    {"two\nlines\n0123456789", NULL, "nor are two lines", 0600},
	    {"control\x01 0123456789", NULL, "nor are control characters", 0600},
	    {"my-own-key-of-mine\n", NULL, "the group may not read it", 0640},
	    {"my-own-key-of-mine\n", NULL, "nor may others", 0604},
	};
	char key[PROXY_KEY_MAX], too_long[PROXY_KEY_MAX + 1];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = {0};
		scratch_write("given", cases[i].text, cases[i].mode);
		int result = proxy_key_of_file(scratch_path("given"), key, &err);
		if (cases[i].key)
			ok(result == 0 && strcmp(key, cases[i].key) == 0, "%s: %s", cases[i].what, err.what);
		else
			ok(result < 0 && err.code == ERR_CONFIG, "%s: %s", cases[i].what, err.what);
		remove(scratch_path("given"));
	}
	memset(too_long, 'k', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	struct err err = {0};
	scratch_write("given", too_long, 0600);
	ok(proxy_key_of_file(scratch_path("given"), key, &err) < 0, "256 characters are too many");
}

static void test_places(void)
{
	char key[PROXY_KEY_MAX];
	struct err err = {0};

	scratch_write("file", "x", 0600);
	ok(proxy_key_of_file(scratch_path("file/key"), key, &err) < 0, "a file is no directory: %s",
	    err.what);
	err = (struct err){0};
	ok(proxy_key_of_file(scratch_directory, key, &err) < 0, "a directory is no file: %s", err.what);
}

int main(void)
{
	scratch_open();
	test_random();
	test_made();
	test_race();
	test_given();
	test_places();
	scratch_close();
	return tap_done();
}
