#include "store/metadata.h"

#include "base/file.h"
#include "base/newfile.h"
#include "base/text.h"
#include "format/json.h"
#include "http/url.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STATE_BYTES = 64 * 1024, MAX_REJECTIONS = 32, MAX_WAITS = 32 };

static const double day = 86400, first_wait = 2, longest_wait = 60;

static json_t *metadata_read(const char *path)
{
	struct buf bytes;
	json_t *object = NULL;

	buf_init(&bytes, MAX_STATE_BYTES);
	if (file_read(path, FILE_OWN, &bytes, NULL, NULL) == 0)
		object = json_parse(bytes.data, bytes.len, NULL);
	buf_release(&bytes);
	return object;
}

static void metadata_copy_text(const json_t *object, const char *name, char *ret_text, size_t size)
{
	const char *text = json_text(object, name);

	snprintf(ret_text, size, "%s", text_or_empty(text));
}

void metadata_load_storage(const char *path, char ret_storage[METADATA_STORAGE_MAX])
{
	json_t *object = metadata_read(path);

	metadata_copy_text(object, "storage", ret_storage, METADATA_STORAGE_MAX);
	json_decref(object);
}

/* JSON has no infinity: a login that never expires is stored with 0. */
static double finite_or_zero(double expires_at)
{
	if (!isfinite(expires_at))
		return 0;
	return expires_at;
}

static int count_within(double count, int most)
{
	if (!(count > 0))
		return 0;
	return (int)fmin(count, most);
}

void metadata_load(const char *path, double expires_at, struct metadata *ret_state)
{
	struct metadata state = {0};
	json_t *object = metadata_read(path);
	double rejections = 0, waits = 0;

	expires_at = finite_or_zero(expires_at);
	metadata_copy_text(object, "oauth_host", state.oauth_host, sizeof(state.oauth_host));
	*ret_state = state;
	if (json_number(object, "expires_at", &state.expires_at) && state.expires_at == expires_at) {
		json_number(object, "last_refresh", &state.last_refresh);
		json_number(object, "rejected_at", &state.rejected_at);
		json_number(object, "rejections", &rejections);
		json_number(object, "waits_since", &state.wait.since);
		json_number(object, "waits_until", &state.wait.until);
		json_number(object, "waits", &waits);
		json_number(object, "clock_ahead", &state.clock_ahead);
		state.reminded = json_flag(object, "reminded");
		state.response_lost = json_flag(object, "answer_lost");
		state.rejections = count_within(rejections, MAX_REJECTIONS);
		state.waits = count_within(waits, MAX_WAITS);
		metadata_copy_text(object, "storage", state.storage, sizeof(state.storage));
		metadata_copy_text(object, "rejected_by", state.rejected_by, sizeof(state.rejected_by));
		*ret_state = state;
	}
	json_decref(object);
}

static void metadata_write_object(const char *path, const json_t *object)
{
	char *text = object ? json_print(object) : NULL;

	if (text)
		newfile_replace(path, text, strlen(text), NULL);
	free(text);
}

void metadata_save_storage(const char *path, const char *storage)
{
	json_t *object = metadata_read(path);

	if (!object)
		object = json_object();
	if (object && json_object_set_new(object, "storage", json_string(storage)) == 0)
		metadata_write_object(path, object);
	json_decref(object);
}

void metadata_save(const char *path, const struct metadata *state)
{
	json_t *object = json_pack("{s:o, s:s, s:s, s:o}", "expires_at",
	    json_from_number(finite_or_zero(state->expires_at)), "oauth_host", state->oauth_host, "storage",
	    state->storage, "last_refresh", json_from_number(state->last_refresh));

	if (object && state->rejections) {
		json_object_set_new(object, "rejected_at", json_from_number(state->rejected_at));
		json_object_set_new(object, "rejections", json_integer(state->rejections));
		json_object_set_new(object, "rejected_by", json_string(state->rejected_by));
		if (state->response_lost)
			json_object_set_new(object, "answer_lost", json_true());
	}
	if (object && state->wait.until > 0) {
		json_object_set_new(object, "waits_since", json_from_number(state->wait.since));
		json_object_set_new(object, "waits_until", json_from_number(state->wait.until));
		json_object_set_new(object, "waits", json_integer(state->waits));
	}
	if (object && state->clock_ahead != 0)
		json_object_set_new(object, "clock_ahead", json_from_number(trunc(state->clock_ahead)));
	if (object && state->reminded)
		json_object_set_new(object, "reminded", json_true());
	metadata_write_object(path, object);
	json_decref(object);
}

void metadata_reject(struct metadata *state, const char *host, double now)
{
	if (!url_is_same(state->rejected_by, host))
		state->rejections = 0;
	snprintf(state->rejected_by, sizeof(state->rejected_by), "%s", host);
	state->rejected_at = now;
	if (state->rejections < MAX_REJECTIONS)
		state->rejections++;
}

void metadata_wait(struct metadata_wait *ret_wait, double seconds, double now)
{
	*ret_wait = (struct metadata_wait){now, now + fmin(seconds, day)};
}

void metadata_back_off(struct metadata *state, double retry_after, double now)
{
	double seconds = first_wait;

	for (int i = 0; i < state->waits && seconds < longest_wait; i++)
		seconds *= 2;
	seconds = fmax(fmin(seconds, longest_wait), retry_after);
	if (state->waits < MAX_WAITS)
		state->waits++;
	metadata_wait(&state->wait, seconds, now);
}

double metadata_wait_left(const struct metadata_wait *wait, double now)
{
	if (wait->since > now || now >= wait->until || wait->until - wait->since > day)
		return 0;
	return wait->until - now;
}

void metadata_lose_response(struct metadata *state, const char *host, double now)
{
	metadata_reject(state, host, now);
	state->response_lost = true;
}

bool metadata_is_rejected(const struct metadata *state, const char *host, double now)
{
	return state->rejections && (state->rejected_at <= now || state->response_lost) &&
	       url_is_same(state->rejected_by, host);
}

double metadata_rejected_for(const struct metadata *state, const char *host, double now)
{
	double wait = 300;

	if (!metadata_is_rejected(state, host, now))
		return 0;
	if (state->response_lost)
		return INFINITY;
	for (int i = 1; i < state->rejections && wait < day; i++)
		wait *= 2;
	return fmax(state->rejected_at + fmin(wait, day) - now, 0);
}
