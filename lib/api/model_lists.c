#include "api/model_lists.h"

/* Prepares the requests: for `only`, or for the default account of every platform. Returns how many. */
static size_t model_lists_prepare(struct api_request requests[], const struct home *home,
    const struct toml *config, const struct account *only)
{
	struct account account;
	size_t count = 0;

	if (only) {
		models_request(&requests[0], only, config);
		return 1;
	}
	for (const struct platform *p = platforms; p->id && count < PLATFORMS_MAX; p++) {
		struct api_request *request = &requests[count++];
		struct err err;
		int result = account_find(&account, home, p->id, "", &err);
		models_request(request, &account, config);
		request->among_others = true;
		if (result < 0) {
			request->failed = true;
			request->err = err;
		}
	}
	return count;
}

void model_lists_fetch(struct model_lists *catalog, const struct home *home, const struct toml *config,
    const struct account *only)
{
	struct api_request requests[PLATFORMS_MAX];
	size_t count = model_lists_prepare(requests, home, config, only);

	*catalog = (struct model_lists){0};
	api_request_all(requests, count);
	for (size_t i = 0; i < count; i++) {
		struct model_list *entry = &catalog->entries[catalog->count];
		entry->platform = requests[i].account.platform;
		entry->failed = models_take(&requests[i], &entry->models) < 0;
		entry->err = requests[i].err;
		/* Leave out platforms without a login, unless the caller named one. */
		if (only || !entry->failed || entry->err.code != ERR_LOGIN_REQUIRED)
			catalog->count++;
		api_request_clear(&requests[i]);
	}
	/* Nothing is stored: try KIMI_API_KEY for Kimi Code. */
	if (!catalog->count) {
		struct account first = requests[0].account;
		model_lists_fetch(catalog, home, config, &first);
	}
}

int model_lists_fetch_with(const struct toml *config, const struct account *account, const char *bearer,
    struct models *ret_models, struct err *err)
{
	struct api_request request;

	models_request(&request, account, config);
	request.secret = bearer;
	api_request_all(&request, 1);
	int result = models_take(&request, ret_models);
	if (result < 0)
		*err = request.err;
	api_request_clear(&request);
	return result;
}

bool model_lists_all_failed(const struct model_lists *catalog)
{
	for (size_t i = 0; i < catalog->count; i++)
		if (!catalog->entries[i].failed)
			return false;
	return true;
}

void model_lists_clear(struct model_lists *catalog)
{
	for (size_t i = 0; i < catalog->count; i++)
		models_clear(&catalog->entries[i].models);
	catalog->count = 0;
}
