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
	const char *type = "Bearer";
	double expires_at = NAN, left = NAN;
	json_t *satisfied = NULL;

	if (token) {
		type = token->token_type;
		expires_at = floor(token->expires_at);
		left = floor(token_left(token, clock_now()));
	}
	if (token && !view->satisfied)
		satisfied = json_false();
	report_json(json_pack("{s:s, s:s, s:s, s:o, s:o, s:o*}", "platform", view->platform, "access_token",
	    view->secret, "token_type", type, "expires_at", json_from_number(expires_at), "expires_in",
	    json_from_number(left), "satisfied", satisfied));
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
