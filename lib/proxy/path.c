#include "proxy/path.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

/* "%2e" is a dot, and some servers cut a segment at ";". */
static bool segment_is_dots(const char *segment, size_t len)
{
	size_t dots = 0;

	for (size_t i = 0; i < len && segment[i] != ';'; dots++) {
		if (segment[i] == '.')
			i++;
		else if (len - i >= 3 && strncasecmp(segment + i, "%2e", 3) == 0)
			i += 3;
		else
			return false;
	}
	return dots == 1 || dots == 2;
}

static bool path_may_escape(const char *path, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++)
		if (path[i] == '%' &&
		    (strncasecmp(path + i, "%2f", 3) == 0 || strncasecmp(path + i, "%5c", 3) == 0))
			return true;
	for (const char *at = path, *end = path + len; at < end;) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		if (!slash)
			slash = end;
		if (segment_is_dots(at, (size_t)(slash - at)))
			return true;
		at = slash + 1;
	}
	return false;
}

static const char *path_skip_v1(const char *path)
{
	if (strncmp(path, "/v1", 3) == 0 && strchr("/?", path[3]))
		return path + 3;
	return path;
}

const char *path_below_base(const char *target)
{
	if (*target != '/' || !text_is_plain(target) || strpbrk(target, "#\\") ||
	    path_may_escape(target, strcspn(target, "?")))
		return NULL;
	return path_skip_v1(path_skip_v1(target));
}

bool path_is_messages(const char *target)
{
	static const char name[] = "/messages";
	const char *path = path_skip_v1(path_skip_v1(target));
	size_t len = sizeof(name) - 1;

	return strncmp(path, name, len) == 0 && strchr("/?", path[len]);
}
