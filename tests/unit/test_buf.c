#include "base/buf.h"

#include "tap.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_filling(void)
{
	struct buf b;

	buf_init(&b, 1000);
	ok(b.len == 0 && strcmp(b.data, "") == 0 && b.cap == 0, "a fresh buffer is \"\" and has no memory");
	buf_addstr(&b, "one");
	buf_addch(&b, ' ');
	buf_addf(&b, "%d %s", 2, "three");
	buf_add(&b, "\0x", 2);
	ok(b.len == 13 && memcmp(b.data, "one 2 three\0x", 14) == 0,
	    "what is added stands in a row, bytes of any kind, and a NUL behind");
	buf_add(&b, NULL, 0);
	buf_addf(&b, "%s", "");
	ok(b.len == 13 && !b.failed, "nothing added is nothing");
	buf_truncate(&b, 100);
	ok(b.len == 13, "a buffer is not shortened to more than it has");
	buf_truncate(&b, 3);
	ok(b.len == 3 && strcmp(b.data, "one") == 0, "a buffer is shortened");
	buf_release(&b);
	ok(b.len == 0 && strcmp(b.data, "") == 0 && b.max == 1000, "a released buffer is empty again");
	buf_addstr(&b, "x");
	ok(strcmp(b.data, "x") == 0, "and can be used again");
	buf_release(&b);
	buf_release(&b);
	ok(b.cap == 0, "to release twice does no harm");
}

static void test_maximum(void)
{
	struct buf b;

	buf_init(&b, 5);
	buf_addstr(&b, "12345");
	ok(!b.failed && b.len == 5, "a buffer holds its maximum");
	buf_addch(&b, '6');
	ok(b.failed && strcmp(b.data, "12345") == 0, "one byte more fails and leaves it as it was");
	buf_truncate(&b, 0);
	buf_addch(&b, '1');
	ok(b.failed && b.len == 0, "a failure sticks, even if there is room again");
	buf_clear(&b);
	buf_addf(&b, "%d", 123456);
	ok(b.failed && b.len == 0, "a formatted text that is too long is not cut but left out");
	buf_clear(&b);
	buf_addf(&b, "%d", 12345);
	ok(!b.failed && strcmp(b.data, "12345") == 0, "clearing forgets the failure");
	ok(!buf_reserve(&b, SIZE_MAX) && b.failed, "room without end is refused, not counted round");
	buf_release(&b);
	buf_init(&b, 0);
	buf_addch(&b, 'x');
	ok(b.failed && strcmp(b.data, "") == 0, "a buffer of no bytes takes none");
	buf_release(&b);
}

static void test_growing(void)
{
	enum { MANY = 100000 };
	struct buf b;
	bool good = true;

	buf_init(&b, MANY);
	for (int i = 0; i < MANY; i++)
		buf_addch(&b, (char)('a' + i % 26));
	for (int i = 0; i < MANY; i++)
		good = good && b.data[i] == 'a' + i % 26;
	ok(good && b.len == MANY && b.cap <= MANY + 1,
	    "bytes survive growing, and room never passes the maximum");
	buf_release(&b);
}

static void test_detaching(void)
{
	struct buf b;

	buf_init(&b, 10);
	buf_addstr(&b, "mine");
	char *text = buf_detach(&b);
	ok(text && strcmp(text, "mine") == 0 && b.len == 0 && b.cap == 0,
	    "the bytes are handed over, the buffer is empty");
	free(text);
	text = buf_detach(&b);
	ok(text && strcmp(text, "") == 0, "an empty buffer hands over an empty text");
	free(text);
	buf_addstr(&b, "more than ten bytes");
	ok(!buf_detach(&b) && !b.failed, "a failed buffer hands over nothing and is good again");
	buf_release(&b);
}

static size_t times_in(const char *bytes, size_t len, const char *marker)
{
	size_t found = 0;
	const char *at = bytes, *end = bytes + len;

	while ((at = memmem(at, (size_t)(end - at), marker, strlen(marker)))) {
		found++;
		at++;
	}
	return found;
}

static void test_secrets(void)
{
	struct buf b;
	char bytes[32];

	buf_init_secret(&b, 100000);
	buf_addstr(&b, "a secret that is wiped");
	buf_truncate(&b, 8);
	memcpy(bytes, b.data, 22); /* still within its memory */
	ok(times_in(bytes, 22, "that") == 0, "what a secret loses at its end is wiped");
	buf_clear(&b);
	memcpy(bytes, b.data, 22);
	ok(times_in(bytes, 22, "a sec") == 0, "a cleared secret is wiped");
	buf_release(&b);
	ok(b.secret, "a released buffer for secrets is one still");
	wipe_str(NULL);
	strcpy(bytes, "0123456789");
	wipe(bytes + 2, 3);
	ok(memcmp(bytes,
	       "01\0\0\0"
	       "56789",
	       10) == 0,
	    "wiping zeroes what it is told and no more");
}

#ifdef __SANITIZE_ADDRESS__
#define HEAP_IS_OURS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_IS_OURS 0
#endif
#endif
#ifndef HEAP_IS_OURS
#define HEAP_IS_OURS 1
#endif

/* How often the marker is on the heap, including freed memory. */
static size_t times_on_heap(const char *marker)
{
	char line[256], name[64];
	unsigned long low, high;
	size_t found = 0;
	FILE *maps = fopen("/proc/self/maps", "re");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %63s", &low, &high, name) != 3 ||
		    strcmp(name, "[heap]") != 0)
			continue;
		static char bytes[4 << 20]; /* not on the heap itself */
		size_t len = high - low < sizeof(bytes) ? high - low : sizeof(bytes);
		ssize_t n = pread(mem, bytes, len, (off_t)low);
		found += n > 0 ? times_in(bytes, (size_t)n, marker) : 0;
	}
	if (maps)
		fclose(maps);
	close(mem);
	return found;
}

static void test_no_copy_stays(void)
{
	const char marker[] = "sk-marker-of-a-secret-0123456789";
	struct buf b;

	buf_init_secret(&b, 100000);
	buf_addstr(&b, marker);
	for (int i = 0; i < 10000; i++)
		buf_addch(&b, '.');
	ok(times_on_heap(marker) == 1, "a secret that grew lies in one place only");
	buf_release(&b);
	ok(times_on_heap(marker) == 0, "a released secret lies nowhere");
}

int main(void)
{
	test_filling();
	test_maximum();
	test_growing();
	test_detaching();
	test_secrets();
	if (HEAP_IS_OURS && is_native())
		test_no_copy_stays();
	return tap_done();
}
