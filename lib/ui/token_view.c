#include "ui/token_view.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "format/json.h"
#include "ui/report.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

void token_view_show_json(const struct token_view *view)
{
	const struct token *token = view->token;
	json_t *object = json_pack("{s:s, s:s, s:s}", "platform", view->platform, "access_token",
	    view->secret, "token_type", token ? token->token_type : "Bearer");

	if (object && token) {
		json_object_set_new(object, "expires_at", json_from_number(floor(token->expires_at)));
		json_object_set_new(
		    object, "expires_in", json_from_number(floor(token_left(token, clock_now()))));
		if (!view->satisfied)
			json_object_set_new(object, "satisfied", json_false());
	} else if (object) {
		json_object_set_new(object, "expires_at", json_null());
		json_object_set_new(object, "expires_in", json_null());
	}
	report_json(object);
}

/* Bypasses stdio, whose buffer would cost a page in the hot path. */
int token_view_show_line(const struct token_view *view, const char *prefix, struct err *err)
{
	struct buf line;

	buf_init_secret(&line, strlen(prefix) + strlen(view->secret) + 1);
	buf_addstr(&line, prefix);
	buf_addstr(&line, view->secret);
	buf_addch(&line, '\n');
	int result = line.failed ? err_memory(err) : 0;
	if (result == 0 && write_all(STDOUT_FILENO, line.data, line.len) < 0)
		result = err_output(err);
	buf_release(&line);
	return result;
}
