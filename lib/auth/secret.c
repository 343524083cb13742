#include "auth/secret.h"

#include "auth/api_key.h"
#include "base/text.h"
#include "config/file.h"

/* 0 found, 1 no key is configured, -1 error. */
static int secret_take_configured(const struct secret_source *source, const struct platform *platform,
    struct secret *secret, struct err *err)
{
	int result = api_key_of_config(source->who->home, source->config, platform, &secret->value, err);

	if (result == 0) {
		secret->kind = SECRET_CONFIGURED_KEY;
		secret->platform = platform;
	}
	return result;
}

/*
 * Nothing is stored for the platform: tries the other secrets. `result` is that of its
 * configured key.
 */
static int secret_take_other(
    const struct secret_source *source, int result, struct secret *secret, struct err *err)
{
	const struct platform *other = NULL;

	if (result > 0 && !source->only_this_platform)
		other = config_default_platform_at(source->who->home);
	if (other)
		result = secret_take_configured(source, other, secret, err);
	if (result == 0 || source->among_others)
		return result;
	/* Report a config that cannot be read, unless the environment has a key. */
	int last = api_key_of_environment(&secret->value, result > 0 ? err : NULL);
	if (last == 0)
		secret->kind = SECRET_ENVIRONMENT_KEY;
	if (last > 0)
		return result;
	return last;
}

int secret_find(const struct secret_source *source, struct secret *ret_secret, struct err *err)
{
	const struct account *who = source->who;
	struct secret secret = {.platform = who->platform};
	struct err ignored, no_token;
	int result;

	if (!err)
		err = &ignored;
	if (!*who->key) {
		account_not_logged_in(who, err);
	} else if (source->get_token(source, false, &secret.value, err) == 0) {
		secret.kind = SECRET_TOKEN;
		*ret_secret = secret;
		return 0;
	}
	bool nothing_stored = err->code == ERR_LOGIN_REQUIRED;
	/* A named account has no configured key. */
	if (*who->name || (!nothing_stored && err->code != ERR_REJECTED))
		return -1;
	no_token = *err;
	result = 1;
	if (account_is_configured(who))
		result = secret_take_configured(source, who->platform, &secret, err);
	if (result < 0 && source->among_others)
		result = 1;
	if (result != 0 && nothing_stored)
		result = secret_take_other(source, result, &secret, err);
	if (result > 0)
		*err = no_token;
	if (result != 0)
		return -1;
	*ret_secret = secret;
	return 0;
}

bool secret_next(const struct secret_source *source, struct secret *secret, struct err *err)
{
	struct secret next = {.platform = secret->platform, .renewed = true};
	struct err renew_err;

	if (secret->kind != SECRET_TOKEN)
		return false;
	if (!secret->renewed) {
		if (source->get_token(source, true, &next.value, &renew_err) == 0)
			next.kind = SECRET_TOKEN;
		else
			*err = renew_err;
	}
	if (next.kind == SECRET_NONE && !*source->who->name && account_is_configured(source->who))
		secret_take_configured(source, secret->platform, &next, NULL);
	if (next.kind == SECRET_NONE)
		return false;
	secret_clear(secret);
	*secret = next;
	return true;
}

void secret_clear(struct secret *secret)
{
	wipe_str(secret->value);
	*secret = (struct secret){0};
}
