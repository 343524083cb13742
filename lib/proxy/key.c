#include "proxy/key.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/newfile.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { RANDOM_BYTES = 32, SHORTEST = 16 };

/* Some programs only accept a key that begins like OpenAI's. */
static const char prefix[] = "sk-local-";

int proxy_key_make(char ret_key[PROXY_KEY_MAX], struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[RANDOM_BYTES];
	size_t len = sizeof(prefix) - 1;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_errno(err, ERR_FAILED, "try again", "cannot get random bytes for a key");
	memcpy(ret_key, prefix, len);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		ret_key[len++] = digits[bytes[i] >> 4];
		ret_key[len++] = digits[bytes[i] & 15];
	}
	ret_key[len] = '\0';
	wipe(bytes, sizeof(bytes));
	return 0;
}

/* A new user may have no ~/.config yet. */
static int make_directory_of(const char *path, struct err *err)
{
	char directory[4096];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return 0;
	if ((size_t)(slash - path) >= sizeof(directory))
		return err_set(
		    err, ERR_CONFIG, "choose a shorter one", "the path of the key file is too long");
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	return dir_make(directory, err);
}

/* 1: another proxy has made it meanwhile. */
static int make_file(const char *path, char ret_key[PROXY_KEY_MAX], struct err *err)
{
	struct buf line;

	if (dir_check_above(path, err) < 0 || make_directory_of(path, err) < 0 ||
	    proxy_key_make(ret_key, err) < 0)
		return -1;
	buf_init_secret(&line, PROXY_KEY_MAX + 1);
	buf_addf(&line, "%s\n", ret_key);
	int result = newfile_create(path, line.data, line.len, err);
	buf_release(&line);
	return result;
}

/* 1: there is no such file. */
static int read_key_file(const char *path, char ret_key[PROXY_KEY_MAX], struct err *err)
{
	struct stat st;
	struct buf text;

	buf_init_secret(&text, PROXY_KEY_MAX - 1);
	int result = file_read(path, FILE_FOLLOW | FILE_OWN, &text, &st, err);
	if (result != 0)
		goto out;
	text_trim_input(&text);
	if (st.st_mode & 077)
		result = err_set(
		    err, ERR_CONFIG, "run 'chmod 600' on it", "others can read the key in %.300s", path);
	else if (text.failed || text.len < SHORTEST || !text_is_plain(text.data))
		result = err_set(err, ERR_CONFIG, "remove it, and a new one is made",
		    "%.300s does not hold a key of 16 to 255 printable characters", path);
	else
		memcpy(ret_key, text.data, text.len + 1);
out:
	buf_release(&text);
	return result;
}

int proxy_key_of_file(const char *path, char ret_key[PROXY_KEY_MAX], struct err *err)
{
	int result = read_key_file(path, ret_key, err);

	if (result > 0)
		result = make_file(path, ret_key, err);
	if (result > 0)
		result = read_key_file(path, ret_key, err);
	if (result > 0)
		return err_set(err, ERR_CONFIG, "remove it, and a new one is made",
		    "%.300s is a link to a file that is missing", path);
	return result;
}
