#include "proxy/upload.h"

#include "tap.h"

static char pattern(unsigned long long at)
{
	return (char)(at % 251);
}

/* Puts and takes `total` bytes in uneven pieces; false if a byte is wrong or the window is exceeded. */
static bool pump(struct upload *upload, unsigned long long total, size_t put_size, size_t take_size)
{
	char piece[100000];
	unsigned long long put = 0, taken = 0;

	while (taken < total) {
		size_t len = put_size < total - put ? put_size : (size_t)(total - put);
		for (size_t i = 0; i < len; i++)
			piece[i] = pattern(put + i);
		put += upload_put(upload, piece, len);
		if (put - taken > UPLOAD_WINDOW)
			return false;
		size_t got = upload_take(upload, piece, take_size);
		for (size_t i = 0; i < got; i++)
			if (piece[i] != pattern(taken + i))
				return false;
		taken += got;
	}
	return upload->total == total;
}

int main(void)
{
	struct upload upload = {0};
	char piece[10];

	ok(upload_space(&upload) == UPLOAD_WINDOW, "an empty one has room for the window");
	ok(pump(&upload, 1000, 300, 77) && upload_is_kept(&upload), "a short body is kept");
	upload_rewind(&upload);
	ok(upload_take(&upload, piece, 2) == 2 && piece[1] == 1, "and can be had again");
	upload_forget(&upload);
	ok(!upload_is_kept(&upload) && upload_take(&upload, piece, 10) == 10 && piece[0] == 2,
	    "what was not sent survives that it is forgotten");
	upload_release(&upload);

	upload = (struct upload){0};
	ok(pump(&upload, UPLOAD_KEPT, 100000, 50000) && upload_is_kept(&upload), "a body of 1 MiB is kept");
	ok(upload_put(&upload, "x", 1) == 1 && !upload_is_kept(&upload), "one byte more is not");
	ok(upload.cap <= 2 * UPLOAD_WINDOW, "and the memory is given back");
	upload_release(&upload);

	upload = (struct upload){0};
	while (upload_space(&upload))
		upload_put(&upload, piece, sizeof(piece));
	upload_hold(&upload);
	ok(upload_space(&upload) == UPLOAD_KEPT + 1 - UPLOAD_WINDOW,
	    "one that is held has room for all that is kept");
	while (upload.total < UPLOAD_KEPT)
		upload_put(&upload, piece, 1);
	ok(upload_is_kept(&upload) && upload_space(&upload) == 1, "and for a byte more");
	ok(upload_put(&upload, piece, 10) == 1 && !upload_is_kept(&upload) && !upload_space(&upload),
	    "which ends that");
	upload_release(&upload);

	static const size_t sizes[][2] = {
	    {100000, 100000}, {16384, 16384}, {30000, 100}, {17, 65536}, {65536, 16384}};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		upload = (struct upload){0};
		ok(pump(&upload, 3000001, sizes[i][0], sizes[i][1]) && upload.cap <= 2 * UPLOAD_WINDOW,
		    "3 MB in pieces of %zu and %zu come through a fixed window", sizes[i][0], sizes[i][1]);
		upload_release(&upload);
	}
	upload = (struct upload){.forgetful = true};
	ok(pump(&upload, 500, 100, 100) && !upload_is_kept(&upload) && upload.cap == 4096,
	    "one may keep nothing");
	upload_release(&upload);
	return tap_done();
}
