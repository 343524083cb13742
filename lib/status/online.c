#include "status/online.h"

#include "account/call.h"
#include "format/json.h"

static int online_call(const char *program, const char *const *arguments, const struct home *home,
    const struct identity *who, json_t **ret_answer, struct err *err)
{
	const struct call call = {
	    .program = program,
	    .client = home->client->name,
	    .platform = who->platform->id,
	    .account = who->account,
	    .arguments = arguments,
	};

	return call_run(&call, ret_answer, err);
}

static json_t *most_used(const json_t *windows)
{
	json_t *window, *most = NULL;
	double ratio, largest = -1;
	size_t i;

	json_array_foreach(windows, i, window)
	{
		if (!json_number(window, "used_ratio", &ratio) || ratio <= largest)
			continue;
		largest = ratio;
		most = window;
	}
	return most;
}

/* A login that is taken may all the same have no quota to tell of: that is no failure. */
static void ask_usage(const struct home *home, const struct identity *who, struct online *online)
{
	static const char *const arguments[] = {"--profile", NULL};
	json_t *answer;

	if (online_call("kimi-usage", arguments, home, who, &answer, NULL) == 0) {
		const json_t *usage = json_array_get(json_object_get(answer, "usages"), 0);
		online->profile = json_incref(json_object_get(usage, "profile"));
		online->window = json_incref(most_used(json_object_get(usage, "windows")));
		online->balance = json_incref(json_object_get(usage, "balance"));
	}
	json_decref(answer);
}

int status_ask_online(
    const struct home *home, const struct identity *who, struct online *ret_online, struct err *err)
{
	json_t *answer;

	*ret_online = (struct online){0};
	int result = online_call("kimi-models", NULL, home, who, &answer, err);
	if (result == 0) {
		ret_online->models = json_array_size(json_object_get(answer, "models"));
		ask_usage(home, who, ret_online);
	}
	json_decref(answer);
	return result;
}

void status_online_clear(struct online *online)
{
	json_decref(online->profile);
	json_decref(online->window);
	json_decref(online->balance);
	*online = (struct online){0};
}
