#include "proxy/request_up.h"

#include "base/buf.h"
#include "base/memory.h"
#include "http/url.h"
#include "proxy/path.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

long long request_up_body_len(const struct field *fields, size_t count)
{
	const char *length = fields_find(fields, count, "Content-Length");

	if (fields_find(fields, count, "Transfer-Encoding"))
		return HTTP_STREAM_CHUNKED;
	if (length)
		return strtoll(length, NULL, 10);
	return HTTP_STREAM_NO_BODY;
}

void request_up_take(struct request_up *up, const struct field *fields, size_t count)
{
	size_t n = 0;

	up->headers = memory_take_zeroed(count + 1, sizeof(*up->headers));
	for (size_t i = 0; i < count; i++)
		if (fields_pass_up(fields, count, i))
			up->headers[n++] = memory_join((const char *const[]){
			    fields[i].name, *fields[i].value ? ": " : ";", fields[i].value, NULL});
}

static bool request_up_has(const struct request_up *up, const char *name)
{
	size_t len = strlen(name);

	for (char **line = up->headers; *line; line++)
		if (strncasecmp(*line, name, len) == 0 && strchr(":;", (*line)[len]))
			return true;
	return false;
}

/* With what keeps libcurl from adding what the client did not send. Owned by the caller. */
static const char **request_up_lines(
    const struct request_up *up, const char *authorization, long long body_len)
{
	const char **lines;
	size_t n = 0;

	while (up->headers[n])
		n++;
	lines = memory_take_zeroed(n + 6, sizeof(*lines));
	memcpy(lines, up->headers, n * sizeof(*lines));
	lines[n++] = authorization;
	lines[n++] = "Expect:";
	if (!request_up_has(up, "Accept"))
		lines[n++] = "Accept:";
	if (!request_up_has(up, "Content-Type"))
		lines[n++] = "Content-Type:";
	if (body_len == HTTP_STREAM_CHUNKED)
		lines[n++] = "Transfer-Encoding: chunked";
	return lines;
}

struct http_stream *request_up_send(const struct request_up *up, struct http_streams *streams,
    struct http_stream_request request, const char *target, const char *secret, const char *base_url,
    struct err *err)
{
	if (url_check(base_url, err) < 0)
		return NULL;
	char *url = memory_join((const char *const[]){base_url, path_below_base(target), NULL});
	char *authorization = memory_join((const char *const[]){"Authorization: Bearer ", secret, NULL});
	const char **lines = request_up_lines(up, authorization, request.body_len);
	request.url = url;
	request.headers = lines;
	struct http_stream *stream = http_stream_start(streams, &request, err);
	free(lines);
	wipe_str(authorization);
	free(url);
	return stream;
}

void request_up_release(struct request_up *up)
{
	for (char **line = up->headers; line && *line; line++)
		wipe_str(*line);
	free(up->headers);
	up->headers = NULL;
}
