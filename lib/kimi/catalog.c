#include "kimi/catalog.h"

#include "base/clock.h"
#include "kimi/refresh.h"
#include "kimi/store.h"

/* A token that lives is used even if it could not be refreshed just now. */
static int fresh_token(const struct home *home, struct store *store, struct token *ret_token, struct err *err)
{
	const struct refresh_wish wish = {.min_valid = -1};
	enum refresh_outcome outcome;

	if (refresh_login(home, store, &wish, ret_token, &outcome, err) == 0)
		return 0;
	if (err->code == ERR_INTERRUPTED || store_load(store, ret_token, NULL) != 0)
		return -1;
	return token_left(ret_token, clock_now()) > 0 ? 0 : -1;
}

int catalog_fetch(
    const struct home *home, const struct platform *platform, struct models *ret_models, struct err *err)
{
	const struct refresh_wish forced = {.force = true, .min_valid = -1};
	struct token token = TOKEN_INIT, renewed = TOKEN_INIT;
	enum refresh_outcome outcome;
	struct device device;
	struct store store;

	if (store_open(&store, home, platform->oauth_key, err) < 0)
		return -1;
	int failed = fresh_token(home, &store, &token, err);
	if (!failed) {
		device_describe(&device, home);
		failed = models_fetch(platform, &device, token.access_token, ret_models, err);
		if (failed && err->code == ERR_REJECTED && *token.refresh_token) {
			failed = refresh_login(home, &store, &forced, &renewed, &outcome, err);
			if (!failed)
				failed =
				    models_fetch(platform, &device, renewed.access_token, ret_models, err);
		}
	}
	token_clear(&token);
	token_clear(&renewed);
	return failed;
}
