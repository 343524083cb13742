#include "store/metadata.h"

#include "scratch.h"
#include "tap.h"

static const double now = 1700000000;
static const char host[] = "https://auth.kimi.com", other_host[] = "https://auth.example.com";

static void test_keeping(void)
{
	struct metadata state = {
	    .expires_at = 1700000900.1,
	    .oauth_host = "https://auth.kimi.com",
	    .storage = "keyring",
	    .last_refresh = 1700000000.7,
	    .clock_ahead = -3,
	    .reminded = true,
	};
	struct metadata back;
	char storage[METADATA_STORAGE_MAX];

	metadata_reject(&state, host, now);
	metadata_reject(&state, host, now + 1);
	metadata_save(scratch_path("s"), &state);
	ok(scratch_mode("s") == 0600, "a state is saved for its user alone");
	metadata_load(scratch_path("s"), 1700000900.1, &back);
	ok(back.expires_at == state.expires_at && strcmp(back.oauth_host, host) == 0 &&
	        strcmp(back.storage, "keyring") == 0 && back.last_refresh == 1700000000.7 &&
	        back.rejected_at == now + 1 && back.rejections == 2 && strcmp(back.rejected_by, host) == 0 &&
	        back.clock_ahead == -3 && back.reminded,
	    "and read back whole");
	metadata_load(scratch_path("s"), 1700000900.2, &back);
	ok(back.expires_at == 0 && !*back.storage && !back.last_refresh && !back.rejections && !back.reminded,
	    "the state of another token says nothing");
	ok(strcmp(back.oauth_host, host) == 0, "but who issued the login holds for any token");
	metadata_load_storage(scratch_path("s"), storage);
	ok(strcmp(storage, "keyring") == 0, "and so does where the login lay");
}

static bool is_nothing(const char *text)
{
	struct metadata back;
	char storage[METADATA_STORAGE_MAX];

	scratch_write("bad", text, 0600);
	memset(&back, 'x', sizeof(back));
	memset(storage, 'x', sizeof(storage));
	metadata_load(scratch_path("bad"), 5, &back);
	metadata_load_storage(scratch_path("bad"), storage);
	return back.expires_at == 0 && !*back.oauth_host && !back.rejections &&
	       strlen(storage) < sizeof(storage);
}

static void test_damage(void)
{
	struct metadata back;
	char storage[METADATA_STORAGE_MAX] = "x";

	metadata_load(scratch_path("none"), 5, &back);
	metadata_load_storage(scratch_path("none"), storage);
	ok(back.expires_at == 0 && !*storage, "a state that is not there says nothing");
	ok(is_nothing("") && is_nothing("{\"expires_at\":5") && is_nothing("[5]") && is_nothing("5") &&
	        is_nothing("{\"expires_at\":[5]}") && is_nothing("{\"storage\":{}}"),
	    "nor does a damaged one");
	scratch_write("odd",
	    "{\"expires_at\":5,\"rejections\":1e18,\"rejected_at\":\"x\",\"oauth_host\":5,\"clock_ahead\":"
	    "1e300,"
	    "\"storage\":\"a storage with a name that is far too long\"}",
	    0600);
	metadata_load(scratch_path("odd"), 5, &back);
	ok(back.expires_at == 5 && back.rejections > 0 && back.rejections < 1000 && back.rejected_at == 0 &&
	        !*back.oauth_host && strlen(back.storage) == METADATA_STORAGE_MAX - 1,
	    "members of the wrong kind or size are kept in bounds");
	metadata_save(scratch_path("again"), &back);
	ok(scratch_mode("again") == 0600, "and can be saved again");
}

static void test_back_off(void)
{
	static const double waits[] = {
	    300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 76800, 86400, 86400, 86400};
	struct metadata state = {0};

	ok(!metadata_is_rejected(&state, host, now) && metadata_rejected_for(&state, host, now) == 0,
	    "nothing is rejected at first");
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		metadata_reject(&state, host, now);
		ok(metadata_is_rejected(&state, host, now) &&
		        metadata_rejected_for(&state, host, now) == waits[i] &&
		        metadata_rejected_for(&state, host, now + waits[i] - 1) == 1 &&
		        metadata_rejected_for(&state, host, now + waits[i]) == 0,
		    "after rejection %zu it is shown again in %.0f s", i + 1, waits[i]);
	}
	for (int i = 0; i < 1000; i++)
		metadata_reject(&state, host, now);
	ok(metadata_rejected_for(&state, host, now) == 86400, "after a thousand still in a day");
	ok(metadata_is_rejected(&state, host, now + 1e6),
	    "once the wait is over it is rejected still, but may be shown");
	ok(!metadata_is_rejected(&state, other_host, now) &&
	        metadata_rejected_for(&state, other_host, now) == 0,
	    "another host has not rejected it");
	ok(metadata_is_rejected(&state, "HTTPS://AUTH.KIMI.COM", now), "a host is the same in capitals");
	metadata_reject(&state, other_host, now);
	ok(state.rejections == 1 && metadata_rejected_for(&state, other_host, now) == 300 &&
	        !metadata_is_rejected(&state, host, now),
	    "the rejections of another host are counted from one again");
	ok(!metadata_is_rejected(&state, other_host, now - 1) &&
	        metadata_rejected_for(&state, other_host, now - 1) == 0,
	    "a rejection in the future is not believed: the clock was set back");
}

static void test_lost_answer(void)
{
	struct metadata state = {.expires_at = 5}, back;

	metadata_lose_response(&state, host, now);
	metadata_save(scratch_path("lost"), &state);
	ok(scratch_mode("lost") == 0600, "a lost answer is saved");
	metadata_load(scratch_path("lost"), 5, &back);
	ok(back.response_lost && metadata_is_rejected(&back, host, now) &&
	        !metadata_is_rejected(&back, other_host, now),
	    "and counts as a rejection by that host");
	ok(metadata_rejected_for(&back, host, now + 1e8) > 1e8 &&
	        metadata_rejected_for(&back, host, now - 1e6) > 1e8,
	    "which never ends, even if the clock is wrong");
}

static void test_waiting(void)
{
	struct metadata state = {.expires_at = 5}, back;

	ok(metadata_wait_left(&state.wait, now) == 0, "at first there is nothing to wait for");
	metadata_wait(&state.wait, 600, now);
	metadata_save(scratch_path("wait"), &state);
	ok(scratch_mode("wait") == 0600, "a wait is saved");
	metadata_load(scratch_path("wait"), 5, &back);
	ok(metadata_wait_left(&back.wait, now) == 600 && metadata_wait_left(&back.wait, now + 599) == 1 &&
	        metadata_wait_left(&back.wait, now + 600) == 0,
	    "and left until its time is over");
	ok(metadata_wait_left(&back.wait, now - 1) == 0,
	    "one that begins in the future is none: the clock was set back");
	metadata_wait(&state.wait, 1e300, now);
	ok(metadata_wait_left(&state.wait, now) == 86400, "a day is the longest");
	state.wait.until = now + 1e9;
	ok(metadata_wait_left(&state.wait, now) == 0, "and what says more is damaged");
}

static void test_backing_off(void)
{
	static const double waits[] = {2, 4, 8, 16, 32, 60, 60};
	struct metadata state = {.expires_at = 5}, back;

	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		metadata_back_off(&state, 0, now);
		ok(metadata_wait_left(&state.wait, now) == waits[i], "wait %zu in a row is of %.0f s", i + 1,
		    waits[i]);
		metadata_save(scratch_path("back-off"), &state);
		ok(scratch_mode("back-off") == 0600, "and saved");
		metadata_load(scratch_path("back-off"), 5, &back);
		state = back;
	}
	for (int i = 0; i < 1000; i++)
		metadata_back_off(&state, 0, now);
	ok(metadata_wait_left(&state.wait, now) == 60, "after a thousand still 60 s");
	metadata_back_off(&state, 600, now);
	ok(metadata_wait_left(&state.wait, now) == 600, "what the server asks for is waited");
	metadata_load(scratch_path("back-off"), 6, &back);
	ok(!back.waits, "the waits of another token do not count");
	state = (struct metadata){.expires_at = 5};
	metadata_back_off(&state, 1, now);
	ok(metadata_wait_left(&state.wait, now) == 2, "less than 2 s is none");
}

int main(void)
{
	scratch_open();
	test_keeping();
	test_damage();
	test_back_off();
	test_lost_answer();
	test_waiting();
	test_backing_off();
	scratch_close();
	return tap_done();
}
