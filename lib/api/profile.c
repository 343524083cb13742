#include "api/profile.h"

#include "api/request.h"
#include "base/text.h"
#include "format/json.h"

#include <stdio.h>

enum { MAX_ANSWER = 64 * 1024, TOTAL_MS = 8000 };

/* An empty text counts as absent. False: there is none. */
static bool profile_take(const json_t *object, const char *name, char ret_text[PROFILE_TEXT_MAX])
{
	const char *text = json_text(object, name);

	snprintf(ret_text, PROFILE_TEXT_MAX, "%s", text ? text : "");
	text_clean_inplace(ret_text);
	return *ret_text != '\0';
}

void profile_from_answer(const json_t *answer, struct profile *ret_profile)
{
	static const char *const names[] = {"nickname", "username", "email"};
	bool found = false;

	*ret_profile = (struct profile){0};
	for (size_t i = 0; !found && i < sizeof(names) / sizeof(names[0]); i++)
		found = profile_take(answer, names[i], ret_profile->name);
	if (!found)
		profile_take(json_object_get(answer, "phone"), "number", ret_profile->name);
	profile_take(answer, "user_level_name", ret_profile->plan);
	profile_take(answer, "region", ret_profile->region);
}

int profile_fetch(
    const struct home *home, const struct identity *who, struct profile *ret_profile, struct err *err)
{
	struct api_request request = {
	    .home = home,
	    .who = *who,
	    .path = who->platform->profile_path,
	    .subject = "profile",
	    .max_answer = MAX_ANSWER,
	    .total_ms = TOTAL_MS,
	    .no_device_headers = true,
	};

	if (!request.path)
		return err_set(err, ERR_USAGE, "", "%s has no profile", who->platform->id);
	api_request_all(&request, 1);
	if (request.failed && err)
		*err = request.err;
	if (!request.failed)
		profile_from_answer(request.answer, ret_profile);
	api_request_clear(&request);
	return request.failed ? -1 : 0;
}
