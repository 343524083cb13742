#include "cli/context.h"

#include "auth/api_key.h"
#include "config/file.h"
#include "config/hosts.h"

struct context_search {
	const struct account *account;
	const struct client *loaded; /* the client whose home has its hosts */
};

/* home_choose() calls this for each home. */
static bool context_has_login(struct home *home, void *context)
{
	struct context_search *search = context;
	struct account account = *search->account;

	config_hosts_load(home);
	search->loaded = home->client;
	if (account_locate(&account, home, NULL) < 0)
		return false;
	account_find_region(&account);
	if (account_is_stored(&account))
		return true;
	if (*account.key)
		return home->client->has_keyring && config_names_keyring(&account);
	return api_key_is_stored(home, account.platform);
}

int context_open(struct context *ret_context, const struct login_options *options, struct err *err)
{
	struct account *account = &ret_context->account;
	struct context_search search = {.account = account};
	const struct home_choice choice = {
	    .client = options->client,
	    .has_login = context_has_login,
	    .context = &search,
	};

	if (account_select(account, options->platform, options->account, err) < 0 ||
	    home_choose(&ret_context->home, &choice, err) < 0)
		return -1;
	if (search.loaded != ret_context->home.client)
		config_hosts_load(&ret_context->home);
	if (account_locate(account, &ret_context->home, err) < 0)
		return -1;
	account_find_region(account);
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
