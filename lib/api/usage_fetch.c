#include "api/usage_fetch.h"

#include "api/request.h"
#include "api/usage_cache.h"
#include "base/clock.h"
#include "http/url.h"

#include <math.h>
#include <stdio.h>
#include <sys/param.h>

enum { MAX_RESPONSE = 256 * 1024, TOTAL_MS = 8000 };

/* One login that is being fetched. */
struct fetch {
	struct usage_login *login;
	struct usage_cache cache;
};

static struct api_request fetch_request(const struct usage_login *login)
{
	const struct platform *platform = login->account.platform;

	return (struct api_request){
	    .account = login->account,
	    .path = platform->usage_path,
	    .subject = platform->balance_currency ? "balance" : "quota",
	    .max_response = MAX_RESPONSE,
	    .total_ms = TOTAL_MS,
	    .no_device_headers = true,
	    .among_others = login->among_others,
	};
}

/* Returns whether the server must be asked; else the result is set. */
static bool fetch_begin(struct fetch *fetch, struct usage_login *login, double max_age)
{
	const char *reason = "asked to wait";
	char hint[80], host[160];

	login->failed = false;
	login->err = (struct err){0};
	fetch->login = login;
	usage_cache_load(&fetch->cache, &login->account);
	login->has_usage = usage_cache_read(&fetch->cache, login->account.platform, &login->usage);
	if (login->has_usage && usage_cache_age(&fetch->cache) <= max_age)
		return false;
	double wait = ceil(metadata_wait_left(&fetch->cache.wait, clock_now()));
	if (wait <= 0) {
		wait = ceil(usage_cache_failure_left(&fetch->cache, max_age));
		reason = "has just failed";
	}
	if (wait <= 0)
		return true;
	login->failed = true;
	snprintf(hint, sizeof(hint), "try again in %.0f s", wait);
	url_host(login->account.base_url, host, sizeof(host));
	err_set(&login->err, ERR_SERVER, hint, "%s %s and is not asked again for %.0f s", host, reason, wait);
	return false;
}

static void fetch_end(struct fetch *fetch, struct api_request *request)
{
	struct usage_login *login = fetch->login;
	struct usage usage;
	struct reason reason;

	if (!request->failed &&
	    usage_from_response(login->account.platform, request->body, &usage, &reason) < 0)
		api_request_makes_no_sense(request, reason.text);
	login->failed = request->failed;
	login->err = request->err;
	if (request->failed && err_is_temporary(request->err.code)) {
		if (request->retry_after > 0)
			metadata_wait(&fetch->cache.wait, request->retry_after, clock_now());
		else
			fetch->cache.failed_at = clock_now();
		usage_cache_save(&fetch->cache, &login->account);
	}
	if (!request->failed) {
		const struct usage_cache fresh = {.response = request->body, .fetched_at = clock_now()};
		usage.fetched_at = fresh.fetched_at;
		login->usage = usage;
		login->has_usage = true;
		usage_cache_save(&fresh, &login->account);
	}
	api_request_clear(request);
}

/* Fetches at most API_REQUESTS_MAX logins. */
static void fetch_some(struct usage_login *logins, size_t count, double max_age)
{
	struct api_request requests[API_REQUESTS_MAX];
	struct fetch fetches[API_REQUESTS_MAX];
	size_t asked = 0;

	for (size_t i = 0; i < count; i++) {
		if (fetch_begin(&fetches[asked], &logins[i], max_age)) {
			requests[asked] = fetch_request(&logins[i]);
			asked++;
		} else {
			usage_cache_clear(&fetches[asked].cache);
		}
	}
	api_request_all(requests, asked);
	for (size_t i = 0; i < asked; i++) {
		fetch_end(&fetches[i], &requests[i]);
		usage_cache_clear(&fetches[i].cache);
	}
}

void usage_fetch(struct usage_login *logins, size_t count, double max_age)
{
	for (size_t done = 0; done < count; done += API_REQUESTS_MAX) {
		size_t left = count - done;
		fetch_some(logins + done, MIN(left, (size_t)API_REQUESTS_MAX), max_age);
	}
}
