#include "cli/proxy_login.h"

#include "cli/context.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

int proxy_login_locate(const struct token_login *login, const char *platform,
    struct token_location *ret_location, struct err *err)
{
	const struct login_options options = {
	    .client = login->client, .platform = login->platform, .account = login->account};
	struct token_location location = {0};
	struct context context;
	struct store store;

	if (context_open(&context, &options, err) < 0)
		return -1;
	home_path(&context.home, HOME_CONFIG, location.files[0]);
	if (*context.account.key) {
		if (store_open(&store, &context.account, err) < 0)
			return -1;
		snprintf(location.files[1], sizeof(location.files[1]), "%s", store.file.path);
		snprintf(location.files[2], sizeof(location.files[2]), "%s", store.state);
	}
	/* Another platform stands in only where nothing is stored, so it has no account. */
	if (platform && strcmp(platform, context.account.platform->id) != 0 &&
	    account_find(&context.account, &context.home, platform, "", err) < 0)
		return -1;
	location.client = context.home.client->name;
	memcpy(location.base_url, context.account.base_url, sizeof(location.base_url));
	*ret_location = location;
	return 0;
}
