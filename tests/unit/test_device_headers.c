#include "home/device_headers.h"

#include "scratch.h"
#include "tap.h"

static bool cleans(const char *dirty, const char *clean)
{
	char got[32];

	device_headers_clean_value(dirty, got, sizeof(got));
	if (strcmp(got, clean) != 0)
		printf("# '%s'\n", got);
	return strcmp(got, clean) == 0;
}

static void test_cleaning(void)
{
	ok(cleans("Linux 6.1.0 x86_64", "Linux 6.1.0 x86_64"), "a plain value stays");
	ok(cleans("  a b  ", "a b"), "it is trimmed");
	ok(cleans("#1 SMP\r\nX-Evil: yes", "#1 SMPX-Evil: yes"), "a line break cannot start a header");
	ok(cleans("a\x1B\x7F\tb", "ab"), "control characters are dropped");
	ok(cleans("b\xC3\xBCro", "bro"), "so is all beyond ASCII");
	ok(cleans(" \t\xC3\xBC ", "unknown") && cleans("", "unknown"), "nothing left is unknown");
	ok(cleans("\t a", "a") && cleans("a \n", "a"), "what is dropped at the ends hides no blank");
	ok(cleans("0123456789012345678901234567890123456789", "0123456789012345678901234567890"),
	    "a long value is cut");
	ok(cleans("012345678901234567890123456789 1", "012345678901234567890123456789"),
	    "and trimmed after the cut");
}

static bool has_id(const struct device_headers *device, const char *id)
{
	return strncmp(device->headers[5], "X-Msh-Device-Id: ", 17) == 0 &&
	       strcmp(device->headers[5] + 17, id) == 0;
}

static void test_headers(void)
{
	static const char *const names[DEVICE_HEADERS] = {"X-Msh-Platform: kimi_cli", "X-Msh-Version: ",
	    "X-Msh-Device-Name: ", "X-Msh-Device-Model: ", "X-Msh-Os-Version: ", "X-Msh-Device-Id: "};
	struct home home = {.client = &client_kimi_cli};
	struct device_headers device, again;
	bool good = true;

	snprintf(home.directory, sizeof(home.directory), "%s/new", scratch_directory);
	device_headers_fill(&device, &home);
	for (size_t i = 0; i < DEVICE_HEADERS; i++)
		good = good && strncmp(device.headers[i], names[i], strlen(names[i])) == 0 &&
		       strlen(device.headers[i]) > strlen("X-Msh-Platform: ") - 1;
	ok(good && !device.headers[DEVICE_HEADERS], "there are six headers, ended by NULL");
	ok(strlen(device.headers[5]) == 17 + 32 && scratch_mode("new/device_id") == 0600,
	    "an id of 32 digits is made, for its user alone");
	device_headers_fill(&again, &home);
	ok(strcmp(device.headers[5], again.headers[5]) == 0, "and is the same the next time");
}

static void test_ids(void)
{
	struct home home = {.client = &client_kimi_cli};
	struct device_headers device, again;

	snprintf(home.directory, sizeof(home.directory), "%s", scratch_directory);
	scratch_write("device_id", "6F9619FF-8B86-D011-B42D-00CF4FC964FF\nsecond line\n", 0600);
	device_headers_fill(&device, &home);
	ok(has_id(&device, "6F9619FF-8B86-D011-B42D-00CF4FC964FF"),
	    "the id of kimi-cli is taken, its first line alone");
	scratch_write("device_id", "", 0600);
	device_headers_fill(&device, &home);
	ok(strlen(device.headers[5]) == 17 + 32 && strlen(device.headers[5]) &&
	        !scratch_holds("device_id", ""),
	    "an empty file is no id and is filled");
	scratch_write("device_id", "\xFF\x01\n", 0600);
	device_headers_fill(&device, &home);
	device_headers_fill(&again, &home);
	ok(strlen(device.headers[5]) == 17 + 32 && strcmp(device.headers[5], again.headers[5]) == 0,
	    "a file with nothing in it that could be one, too: the id is the same the next time");
	unlink(scratch_path("device_id"));
	mkdir(scratch_path("device_id"), 0700);
	device_headers_fill(&device, &home);
	ok(strlen(device.headers[5]) == 17 + 32, "where none can be kept there is one for this run");
	snprintf(home.directory, sizeof(home.directory), "/proc/no/such/folder");
	device_headers_fill(&device, &home);
	ok(strlen(device.headers[5]) == 17 + 32, "where there is no folder too");
}

int main(void)
{
	scratch_open();
	test_cleaning();
	test_headers();
	test_ids();
	scratch_close();
	return tap_done();
}
