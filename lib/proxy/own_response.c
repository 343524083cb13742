#include "proxy/own_response.h"

#include "base/memory.h"
#include "base/text.h"
#include "proxy/path.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct MHD_Response *own_response_new(
    const char *target, int status, const char *type, const char *message, size_t *ret_len)
{
	json_t *object = json_pack("{s:{s:s, s:s}}", "error", "type", type, "message", message);

	if (path_is_messages(target))
		json_object_set_new(object, "type", json_string("error"));
	char *text = json_dumps(object, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	struct MHD_Response *response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_COPY);

	free(text);
	json_decref(object);
	*ret_len = len;
	if (!response)
		return NULL;
	MHD_add_response_header(response, "Content-Type", "application/json");
	if (status == 401) {
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
		MHD_add_response_header(response, "x-should-retry", "false");
	} else if (status == 405) {
		MHD_add_response_header(response, "Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	} else if (status == 503) {
		MHD_add_response_header(response, "Retry-After", "5");
	}
	return response;
}

int own_response_status(const struct err *err, const char **ret_type)
{
	if (err->code == ERR_LOGIN_REQUIRED || err->code == ERR_REJECTED) {
		*ret_type = "authentication_error";
		return 401;
	}
	*ret_type = "api_error";
	if (err_is_temporary(err->code))
		return 503;
	return 500;
}

char *own_response_message(const struct err *err)
{
	char message[sizeof(err->what) + sizeof(err->hint) + 2];

	snprintf(message, sizeof(message), "%s%s%s", err->what, *err->hint ? "; " : "", err->hint);
	text_clean_inplace(message);
	return memory_copy(message);
}
