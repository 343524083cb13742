/* A response about quota or balance: every row has a unique, printable name and bounded numbers. */
#include "api/usage.h"
#include "base/text.h"
#include "format/json.h"

#include "fuzz.h"

#include <math.h>

/* Unknown, or a valid number. */
static void need_number(double number, double least, double most)
{
	need(isnan(number) || (number >= least && number <= most));
}

static void need_share(const struct usage_share *share)
{
	need(share->is_there);
	need_number(share->used_ratio, 0, 1e4);
	need_number(share->used, 0, 1e15);
	need_number(share->limit, 0, 1e15);
	need_number(share->resets_at, -86400, 3e11);
}

static void need_window(const struct usage *usage, size_t i)
{
	const struct usage_window *window = &usage->windows[i];

	need(*window->name && text_is_plain(window->name));
	need_number(window->seconds, 1, 1e9);
	need_share(&window->share);
	for (size_t j = 0; j < USAGE_PARTS; j++) {
		if (!window->parts[j].is_there)
			continue;
		need_share(&window->parts[j]);
		need(!(window->parts[j].used_ratio > window->share.used_ratio));
	}
	for (size_t j = 0; j < i; j++)
		need(strcmp(usage->windows[j].name, window->name) != 0);
}

static void try_platform(const struct platform *platform, const json_t *response)
{
	struct usage usage;
	struct err err;
	struct reason reason = {0};

	if (usage_from_response(platform, response, &usage, &reason) < 0) {
		need(*reason.text && !usage.count && !usage.has_balance);
		return;
	}
	need(usage.has_balance == (platform->balance_currency != NULL));
	need(usage.has_balance || (usage.count && usage.count <= USAGE_WINDOWS_MAX));
	need(text_is_clean(usage.plan) && (!usage.has_extra || text_is_clean(usage.extra.currency)));
	for (size_t i = 0; i < usage.count; i++)
		need_window(&usage, i);
	need(usage_reaches(&usage, 0, &err) != 0 || usage.has_balance);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *response = json_parse((const char *)data, size, NULL);
	char *text = fuzz_string(data, size);

	need_number(usage_read_time(text), -86400, 3e11);
	free(text);
	if (response)
		for (const struct platform *platform = platforms; platform->id; platform++)
			try_platform(platform, response);
	json_decref(response);
	return 0;
}
