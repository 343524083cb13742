#include "status/online.h"

#include "account/call.h"

int status_ask_online(
    const struct home *home, const struct identity *who, size_t *ret_models, struct err *err)
{
	const struct call call = {
	    .program = "kimi-models",
	    .client = home->client->name,
	    .platform = who->platform->id,
	    .account = who->account,
	};
	json_t *answer;
	int result = call_run(&call, &answer, err);

	if (result == 0)
		*ret_models = json_array_size(json_object_get(answer, "models"));
	json_decref(answer);
	return result;
}
