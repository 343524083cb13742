#include "store/helper_protocol.h"

#include "http/url.h"

#include <string.h>
#include <strings.h>

static bool add_line(struct buf *lines, const char *name, const char *value)
{
	if (strpbrk(value, "\r\n"))
		return false;
	buf_addf(lines, "%s=", name);
	buf_addstr(lines, value);
	buf_addch(lines, '\n');
	return !lines->failed;
}

bool helper_protocol_ask(struct buf *lines, const char *host, const char *key, const char *secret)
{
	char name[256];

	url_host(host, name, sizeof(name));
	bool good = add_line(lines, "protocol", strncasecmp(host, "http:", 5) == 0 ? "http" : "https") &&
	            add_line(lines, "host", name) && add_line(lines, "username", key) &&
	            (!secret || add_line(lines, "password", secret));
	buf_addch(lines, '\n');
	return good && !lines->failed;
}

bool helper_protocol_password(const struct buf *lines, struct buf *ret_secret)
{
	static const char name[] = "password=";
	bool found = false;

	for (const char *at = lines->data; at && *at;) {
		size_t len = strcspn(at, "\n");
		if (len >= sizeof(name) - 1 && strncmp(at, name, sizeof(name) - 1) == 0) {
			size_t end = at[len - 1] == '\r' ? len - 1 : len;
			buf_clear(ret_secret);
			buf_add(ret_secret, at + sizeof(name) - 1, end - (sizeof(name) - 1));
			found = ret_secret->len && !ret_secret->failed;
		}
		at += len + (at[len] == '\n');
	}
	return found;
}
