/* No request without the key, for another host or for a path outside the base URL passes the guard. */
#include "proxy/guard.h"
#include "proxy/path.h"

#include "fuzz.h"

#include <curl/curl.h>
#include <strings.h>

static const struct guard_rules rules = {.key = "key", .hosts = {"localhost:1", NULL}};

enum { MAX_FIELDS = 8 };

/* The URL as libcurl sends it, without dot segments, is still below the base URL. */
static void try_path(const char *target)
{
	static const char base[] = "https://host/coding/v1";
	const char *rest = path_below_base(target);

	if (!rest)
		return;
	char *url = malloc(sizeof(base) + strlen(rest)), *path = NULL;
	need(url != NULL);
	strcpy(url, base);
	strcat(url, rest);
	CURLU *parsed = curl_url();
	if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) {
		need(curl_url_get(parsed, CURLUPART_PATH, &path, 0) == CURLUE_OK);
		need(strncmp(path, "/coding/v1", 10) == 0 && (!path[10] || path[10] == '/'));
		curl_free(path);
		need(
		    curl_url_get(parsed, CURLUPART_HOST, &path, 0) == CURLUE_OK && strcmp(path, "host") == 0);
		curl_free(path);
	}
	curl_url_cleanup(parsed);
	free(url);
}

/* The bytes are lines: method, target, then "name:value". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *rest = text;
	const char *method = strsep(&rest, "\n"), *target = rest ? strsep(&rest, "\n") : "";
	struct field fields[MAX_FIELDS];
	size_t count = 0;
	bool has_key = false, has_host = false;

	while (rest && count < MAX_FIELDS) {
		char *value = strsep(&rest, "\n"), *name = strsep(&value, ":");
		fields[count++] = (struct field){name, value ? value : ""};
		has_key = has_key || (value && strstr(value, "key"));
		has_host = has_host || (value && strcasecmp(value, "localhost:1") == 0);
	}
	const struct request_head request = {
	    .method = method, .target = target, .fields = fields, .count = count};
	struct guard_result response = guard_check(&rules, &request);
	need(response.status == 0 || (response.message && response.type && response.status >= 400));
	if (response.status == 0) {
		need(has_key && has_host && strcmp(method, "CONNECT") != 0);
		const char *upgrade = fields_find(fields, count, "Upgrade");
		need(!fields_find(fields, count, "Origin") &&
		     (!upgrade || !field_lists(upgrade, "websocket")));
		need(path_below_base(target) != NULL);
		for (size_t i = 0; i < count; i++)
			need(!strpbrk(fields[i].value, "\r\n"));
	}
	for (size_t i = 0; i < count; i++)
		if (fields_pass_up(fields, count, i))
			need(strcasecmp(fields[i].name, "authorization") != 0 &&
			     strcasecmp(fields[i].name, "x-api-key") != 0 &&
			     strcasecmp(fields[i].name, "upgrade") != 0);
	try_path(target);
	free(text);
	return 0;
}
