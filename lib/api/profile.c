#include "api/profile.h"

#include "api/request.h"
#include "base/text.h"
#include "format/json.h"

#include <stdio.h>

enum { MAX_RESPONSE = 64 * 1024, TOTAL_MS = 8000 };

/* Returns false if there is no such text, or it is empty. */
static bool profile_take(const json_t *object, const char *name, char ret_text[PROFILE_TEXT_MAX])
{
	const char *text = json_text(object, name);

	snprintf(ret_text, PROFILE_TEXT_MAX, "%s", text_or_empty(text));
	text_clean_inplace(ret_text);
	return *ret_text != '\0';
}

/* Any part may be missing. */
static void profile_from_response(const json_t *response, struct profile *ret_profile)
{
	static const char *const names[] = {"nickname", "username", "email"};
	bool found = false;

	*ret_profile = (struct profile){0};
	for (size_t i = 0; !found && i < sizeof(names) / sizeof(names[0]); i++)
		found = profile_take(response, names[i], ret_profile->name);
	if (!found)
		profile_take(json_object_get(response, "phone"), "number", ret_profile->name);
	profile_take(response, "user_level_name", ret_profile->plan);
	profile_take(response, "region", ret_profile->region);
}

bool profile_fetch(const struct account *account, struct profile *ret_profile)
{
	struct api_request request = {
	    .account = *account,
	    .path = account->platform->profile_path,
	    .subject = "profile",
	    .max_response = MAX_RESPONSE,
	    .total_ms = TOTAL_MS,
	    .no_device_headers = true,
	};

	if (!request.path)
		return false;
	api_request_all(&request, 1);
	if (!request.failed)
		profile_from_response(request.body, ret_profile);
	api_request_clear(&request);
	return !request.failed;
}
