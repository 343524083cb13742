#include "status/online.h"

#include "account/call.h"
#include "format/json.h"

/* A call of one of our programs for this login. */
static struct call online_call(const char *program, const struct account *account)
{
	return (struct call){
	    .program = program,
	    .client = account->home->client->name,
	    .platform = account->platform->id,
	    .account = account->name,
	};
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

/* An accepted login may have no quota: that is not an error. */
static void ask_usage(const struct account *account, struct online *online)
{
	static const char *const arguments[] = {"--profile", NULL};
	struct call call = online_call("kimi-usage", account);
	json_t *response;

	call.arguments = arguments;
	if (call_run(&call, &response, NULL) == 0) {
		const json_t *usage = json_array_get(json_object_get(response, "usages"), 0);
		online->profile = json_incref(json_object_get(usage, "profile"));
		online->window = json_incref(most_used(json_object_get(usage, "windows")));
		online->balance = json_incref(json_object_get(usage, "balance"));
	}
	json_decref(response);
}

int status_ask_online(const struct account *account, struct online *ret_online, struct err *err)
{
	const struct call call = online_call("kimi-models", account);
	json_t *response;

	*ret_online = (struct online){0};
	int result = call_run(&call, &response, err);
	if (result == 0) {
		ret_online->models = json_array_size(json_object_get(response, "models"));
		ask_usage(account, ret_online);
	}
	json_decref(response);
	return result;
}

void status_online_clear(struct online *online)
{
	json_decref(online->profile);
	json_decref(online->window);
	json_decref(online->balance);
	*online = (struct online){0};
}
