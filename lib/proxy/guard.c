#include "proxy/guard.h"

#include "proxy/path.h"

#include <string.h>
#include <strings.h>

bool guard_is_key(const char *key, const char *given)
{
	size_t len = strlen(key), given_len = strlen(given);
	unsigned char difference = len != given_len || !len;

	for (size_t i = 0; i < given_len && len; i++)
		difference |= (unsigned char)(key[i % len] ^ given[i]);
	return !difference;
}

/* Clients leave out the default port. */
static bool guard_is_host(const char *known, const char *host)
{
	size_t len = strlen(host);

	return strncasecmp(known, host, len) == 0 && (!known[len] || strcmp(known + len, ":80") == 0);
}

static bool guard_knows_host(const struct guard_rules *rules, const struct request_head *request)
{
	const char *host = fields_find(request->fields, request->count, "Host");

	if (!host || fields_count(request->fields, request->count, "Host") != 1)
		return false;
	for (const char *const *known = rules->hosts; *known; known++)
		if (guard_is_host(*known, host))
			return true;
	return false;
}

/* The scheme may be followed by several blanks (RFC 9110 section 11.4). NULL: not a Bearer token. */
static const char *guard_bearer(const char *authorization)
{
	static const char bearer[] = "Bearer ";

	if (strncasecmp(authorization, bearer, sizeof(bearer) - 1) != 0)
		return NULL;
	return authorization + strlen(bearer) + strspn(authorization + strlen(bearer), " ");
}

static bool guard_has_key(const struct guard_rules *rules, const struct request_head *request)
{
	bool found = false;

	for (size_t i = 0; i < request->count; i++) {
		const struct field *field = &request->fields[i];
		const char *given = NULL;
		if (strcasecmp(field->name, "x-api-key") == 0)
			given = field->value;
		else if (strcasecmp(field->name, "Authorization") == 0)
			given = guard_bearer(field->value);
		if (given)
			found |= guard_is_key(rules->key, given);
	}
	return found;
}

enum { LENGTH_DIGITS = 18 }; /* always fits a long long */

/* Two lengths, or a length beside chunks, make one request look like two (RFC 9112 section 6.3). */
static bool guard_is_well_formed(const struct request_head *request)
{
	size_t lengths = fields_count(request->fields, request->count, "Content-Length");
	size_t codings = fields_count(request->fields, request->count, "Transfer-Encoding");
	const char *coding = fields_find(request->fields, request->count, "Transfer-Encoding");
	const char *length = fields_find(request->fields, request->count, "Content-Length");
	const struct field method = {request->method, ""};

	if (!field_is_valid(&method) || (length && strlen(length) > LENGTH_DIGITS))
		return false;
	for (size_t i = 0; i < request->count; i++)
		if (!field_is_valid(&request->fields[i]))
			return false;
	return lengths + codings <= 1 && (!coding || strcasecmp(coding, "chunked") == 0);
}

struct guard_result guard_check(const struct guard_rules *rules, const struct request_head *request)
{
	static const char invalid[] = "invalid_request_error", denied[] = "permission_error";
	const char *upgrade = fields_find(request->fields, request->count, "Upgrade");

	if (strcmp(request->method, "CONNECT") == 0)
		return (struct guard_result){405, invalid,
		    "this is kimi proxy, a server and not an HTTP proxy; use its address as the base URL"};
	if (strcmp(request->method, "TRACE") == 0)
		return (struct guard_result){
		    405, invalid, "kimi proxy does not pass on TRACE; its response would hold the token"};
	/* A URL with a scheme. "*" and the like are refused as paths. */
	if (*request->target != '/' && strstr(request->target, "://"))
		return (struct guard_result){400, invalid,
		    "this is kimi proxy, which is not an HTTP proxy; unset HTTP_PROXY or set NO_PROXY"};
	if (request->count == FIELDS_MAX)
		return (struct guard_result){431, invalid, "the request has too many headers"};
	if (request->is_folded)
		return (struct guard_result){
		    400, invalid, "kimi proxy refuses a header of several lines; send it in one line"};
	if (!guard_is_well_formed(request))
		return (struct guard_result){400, invalid, "kimi proxy refuses a malformed request"};
	if (!guard_knows_host(rules, request))
		return (struct guard_result){403, denied,
		    "kimi proxy only accepts requests for its own address; use the URL that it printed"};
	if (fields_find(request->fields, request->count, "Origin"))
		return (struct guard_result){
		    403, denied, "kimi proxy refuses requests from web pages (they have an Origin header)"};
	/* Another offer, such as Java's of h2c, can be ignored (RFC 9110 section 7.8). */
	if (upgrade && field_lists(upgrade, "websocket"))
		return (struct guard_result){
		    426, invalid, "kimi proxy does not support WebSocket; send an HTTP request instead"};
	if (!guard_has_key(rules, request))
		return (struct guard_result){401, "authentication_error",
		    "this is not the key of kimi proxy; use the key that it printed or set in the "
		    "environment"};
	if (!path_below_base(request->target))
		return (struct guard_result){
		    400, invalid, "kimi proxy refuses this path; use one like /v1/chat/completions"};
	return (struct guard_result){0};
}
