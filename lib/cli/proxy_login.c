#include "cli/proxy_login.h"

#include "cli/context.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

int proxy_login_locate(
    const struct token_login *login, const char *platform, struct token_place *ret_place, struct err *err)
{
	const struct login_options options = {
	    .client = login->client, .platform = login->platform, .account = login->account};
	struct token_place place = {0};
	struct context context;
	struct store store;

	if (context_open(&context, &options, err) < 0)
		return -1;
	home_config_file(&context.home, place.files[0]);
	if (*context.who.key) {
		if (store_open(&store, &context.home, &context.who, err) < 0)
			return -1;
		snprintf(place.files[1], sizeof(place.files[1]), "%s", store.file);
		snprintf(place.files[2], sizeof(place.files[2]), "%s", store.state);
	}
	/* Another platform stands in only where nothing is stored, so it has no account. */
	if (platform && strcmp(platform, context.who.platform->id) != 0 &&
	    identity_find(&context.who, &context.home, platform, "", err) < 0)
		return -1;
	place.client = context.home.client->name;
	memcpy(place.base_url, context.who.base_url, sizeof(place.base_url));
	*ret_place = place;
	return 0;
}
