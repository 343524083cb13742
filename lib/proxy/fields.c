#include "proxy/fields.h"

#include <string.h>
#include <strings.h>

const char *fields_find(const struct field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(fields[i].name, name) == 0)
			return fields[i].value;
	return NULL;
}

size_t fields_count(const struct field *fields, size_t count, const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += strcasecmp(fields[i].name, name) == 0;
	return found;
}

bool field_lists(const char *value, const char *token)
{
	size_t len = strlen(token);

	while (*value) {
		value += strspn(value, ", \t");
		size_t word = strcspn(value, ", \t");
		if (word == len && len && strncasecmp(value, token, len) == 0)
			return true;
		value += word;
	}
	return false;
}

bool field_is_valid(const struct field *field)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
	                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (!*field->name || field->name[strspn(field->name, token)])
		return false;
	for (const char *at = field->value; *at; at++)
		if (((unsigned char)*at < ' ' && *at != '\t') || *at == '\x7F')
			return false;
	return true;
}

static bool fields_is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcasecmp(name, *names) == 0)
			return true;
	return false;
}

static bool is_hop_by_hop(const struct field *fields, size_t count, const char *name)
{
	static const char *const names[] = {"Connection", "Keep-Alive", "Proxy-Authenticate",
	    "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", NULL};

	if (fields_is_one_of(name, names))
		return true;
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(fields[i].name, "Connection") == 0 && field_lists(fields[i].value, name))
			return true;
	return false;
}

bool fields_pass_up(const struct field *fields, size_t count, size_t index)
{
	static const char *const replaced[] = {
	    "Host", "Content-Length", "Expect", "Authorization", "x-api-key", "Cookie", "Cookie2", NULL};
	const char *name = fields[index].name;

	return !fields_is_one_of(name, replaced) && !is_hop_by_hop(fields, count, name);
}

bool fields_pass_down(const struct field *fields, size_t count, size_t index)
{
	const char *name = fields[index].name;

	return strcasecmp(name, "Content-Length") != 0 && !is_hop_by_hop(fields, count, name);
}

/* A line that begins with a blank continues the one before (RFC 9112 section 5.2). */
static void fields_unfold(char *lines)
{
	for (char *at = lines; (at = strstr(at, "\r\n"));)
		if (at[2] == ' ' || at[2] == '\t')
			memset(at, ' ', 2);
		else
			at += 2;
}

size_t fields_parse(char *lines, struct field ret_fields[FIELDS_MAX])
{
	size_t count = 0;

	fields_unfold(lines);
	for (char *line = strtok(lines, "\r\n"); line && count < FIELDS_MAX; line = strtok(NULL, "\r\n")) {
		char *colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		char *value = colon + 1 + strspn(colon + 1, " \t");
		size_t len = strlen(value);
		while (len && strchr(" \t", value[len - 1]))
			value[--len] = '\0';
		for (char *at = value; *at; at++)
			if (*at == '\t')
				*at = ' ';
		ret_fields[count] = (struct field){line, value};
		if (field_is_valid(&ret_fields[count]))
			count++;
	}
	return count;
}
