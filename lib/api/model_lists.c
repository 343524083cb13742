#include "api/model_lists.h"

#include "base/buf.h"

#include <string.h>

/* The platforms that are asked: that of `only`, or all with their login without a name. */
static size_t catalog_prepare(struct api_request requests[], const struct home *home,
    const struct toml *config, const struct identity *only)
{
	struct identity who;
	size_t count = 0;

	if (only) {
		models_request(&requests[0], home, only, config);
		return 1;
	}
	for (const struct platform *p = platforms; p->id && count < PLATFORMS_MAX; p++) {
		struct api_request *request = &requests[count++];
		struct err err;
		int result = identity_find(&who, home, p->id, "", &err);
		models_request(request, home, &who, config);
		request->among_others = true;
		if (result < 0) {
			request->failed = true;
			request->err = err;
		}
	}
	return count;
}

void catalog_fetch(
    struct catalog *catalog, const struct home *home, const struct toml *config, const struct identity *only)
{
	struct api_request requests[PLATFORMS_MAX];
	size_t count = catalog_prepare(requests, home, config, only);

	*catalog = (struct catalog){0};
	api_request_all(requests, count);
	for (size_t i = 0; i < count; i++) {
		struct catalog_entry *entry = &catalog->entries[catalog->count];
		entry->platform = requests[i].who.platform;
		entry->failed = models_take(&requests[i], &entry->models) < 0;
		entry->err = requests[i].err;
		/* Those without a login are left out, unless one was asked for by name. */
		if (only || !entry->failed || entry->err.code != ERR_LOGIN_REQUIRED)
			catalog->count++;
		api_request_clear(&requests[i]);
	}
	/* Nothing is stored: KIMI_API_KEY, if there is one, is taken for Kimi Code's. */
	if (!catalog->count) {
		struct identity first = requests[0].who;
		catalog_fetch(catalog, home, config, &first);
	}
}

int catalog_fetch_with(const struct home *home, const struct toml *config, const struct identity *who,
    const char *bearer, struct models *ret_models, struct err *err)
{
	struct api_request request;

	models_request(&request, home, who, config);
	request.secret = bearer;
	api_request_all(&request, 1);
	int result = models_take(&request, ret_models);
	if (result < 0)
		*err = request.err;
	api_request_clear(&request);
	return result;
}

void catalog_clear(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++)
		models_clear(&catalog->entries[i].models);
	catalog->count = 0;
}
