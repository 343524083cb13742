#include "account/call.h"

#include "format/json.h"

#include <string.h>

json_t *event_last(const struct buf *output)
{
	const char *start = output->data, *end = output->data + output->len;
	char why[120];

	while (end > start && end[-1] == '\n')
		end--;
	for (const char *at = start; at < end; at++)
		if (*at == '\n')
			start = at + 1;
	return start < end ? json_parse(start, (size_t)(end - start), why, sizeof(why)) : NULL;
}

int event_error(const json_t *event, struct err *err)
{
	const char *type = json_text(event, "type"), *message = json_text(event, "message");
	const char *code = json_text(json_object_get(event, "data"), "code");

	if (!type || !message || !code || strcmp(type, "error") != 0)
		return 0;
	err_set(err, err_by_name(code), NULL, "%s", message);
	return 1;
}
