#include "cli/context.h"

#include "auth/api_key.h"
#include "base/buf.h"
#include "config/hosts.h"
#include "config/view.h"

/* home_choose() asks this of each home in turn. */
static bool context_has_login(struct home *home, void *context)
{
	struct identity who = *(const struct identity *)context;

	config_hosts_load(home);
	if (identity_locate(&who, home, NULL) < 0)
		return false;
	identity_locate_account(&who, home);
	if (identity_is_stored(&who, home))
		return true;
	if (*who.key)
		return home->client->has_keyring && config_names_keyring(home, who.key);
	return api_key_is_stored(home, who.platform);
}

int context_open(struct context *ret_context, const struct login_options *options, struct err *err)
{
	struct identity *who = &ret_context->who;
	const struct home_choice choice = {
	    .client = options->client,
	    .has_login = context_has_login,
	    .context = who,
	};

	if (identity_select(who, options->platform, options->account, err) < 0 ||
	    home_choose(&ret_context->home, &choice, err) < 0)
		return -1;
	config_hosts_load(&ret_context->home);
	if (identity_locate(who, &ret_context->home, err) < 0)
		return -1;
	identity_locate_account(who, &ret_context->home);
	return 0;
}

int context_homes(
    struct home ret_homes[CLIENTS], size_t *ret_count, const struct login_options *options, struct err *err)
{
	if (home_list(ret_homes, ret_count, options->client, err) < 0)
		return -1;
	for (size_t i = 0; i < *ret_count; i++)
		config_hosts_load(&ret_homes[i]);
	return 0;
}
