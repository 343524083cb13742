/* The API key flow of login_flow.h, and the choice of a platform. */
#include "auth/api_key.h"
#include "base/term.h"
#include "cli/login_flow.h"
#include "cli/model_sync.h"
#include "config/file.h"
#include "config/view.h"
#include "login/key_login.h"
#include "ui/layout.h"
#include "ui/login_screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LINE = 8192 };

int login_flow_choose(const struct platform **ret_platform, struct err *err)
{
	char menu[512] = "Log in to:\n";
	size_t count = 0, len = strlen(menu);
	struct buf line;

	for (const struct platform *p = platforms; p->id; p++)
		len += (size_t)snprintf(menu + len, sizeof(menu) - len, "  %zu  %s\n", ++count, p->name);
	snprintf(menu + len, sizeof(menu) - len, "Which one? [1] ");
	buf_init(&line, LONGEST_LINE);
	int failed = term_ask(menu, false, &line, err);
	if (!failed) {
		char *end;
		unsigned long number = line.len ? strtoul(line.data, &end, 10) : 1;
		if (line.len && (*end || number < 1 || number > count))
			failed =
			    err_set(err, ERR_USAGE, "type its number", "'%.40s' is none of them", line.data);
		else
			*ret_platform = &platforms[number - 1];
	}
	buf_release(&line);
	return failed;
}

static int read_key(const struct login_wish *wish, struct buf *ret_key, struct err *err)
{
	char prompt[160];
	int failed;

	if (wish->api_key_stdin) {
		failed = term_read_line(ret_key, err);
	} else if (!term_is_there()) {
		return err_set(err, ERR_USAGE, "pipe the key to 'kimi login --api-key-stdin'",
		    "there is no terminal to ask for the API key");
	} else {
		snprintf(prompt, sizeof(prompt), "API key of %s: ", wish->platform->name);
		failed = term_ask(prompt, true, ret_key, err);
	}
	if (!failed && !api_key_is_valid(ret_key->data))
		failed = err_set(err, ERR_USAGE, "give only the key, on one line", "that is not an API key");
	return failed;
}

/* 1: a key is stored and its platform takes it; the config is made as a login leaves it, private above all. */
static int stored_key_is_good(const struct login_wish *wish, const struct home *home, struct err *err)
{
	struct models models = {0};
	char *key = NULL;

	if (wish->force || wish->api_key_stdin || !wish->platform)
		return 0;
	const struct identity *who = &wish->who;
	int answer = api_key_of_config(home, who->platform, &key, err);
	if (answer == 0)
		answer = key_login_try(home, who, key, &models, err) == 0 ? 1
		         : err->code == ERR_REJECTED                      ? 0
		                                                          : -1;
	else if (answer > 0)
		answer = 0;
	if (answer > 0 && key_login_save(home, who, key, &models, err) < 0)
		answer = -1;
	models_clear(&models);
	wipe_str(key);
	return answer;
}

void login_flow_succeeded(const struct report *report, const struct identity *who, const struct home *home,
    const struct models *models, const char *storage)
{
	const char *account = *who->account ? who->account : NULL;
	char name[200], option[200] = "", next[600];
	const char *default_model = NULL;
	struct toml *config = NULL;

	snprintf(
	    name, sizeof(name), "%s%s%s", who->platform->name, account ? ", account " : "", who->account);
	if (account)
		snprintf(option, sizeof(option), " --account %s", account);
	else if (!who->platform->oauth_key)
		snprintf(option, sizeof(option), " --platform %s", who->platform->id);
	snprintf(next, sizeof(next), "%s%s%skimi token%s in a script%s", account ? "" : "kimi models",
	    account ? "" : option, account ? "" : ", or ", option,
	    who->platform->oauth_key ? "; the token renews itself" : "");
	if (config_file_read(home, &config, NULL) == 0)
		default_model = config_default_model(config);
	/* On its own platform the id is enough. */
	if (default_model && config_default_platform(home, config) == who->platform &&
	    strchr(default_model, '/'))
		default_model = strchr(default_model, '/') + 1;
	login_screen_success(report, &(struct login_success){
	                                 .platform = who->platform->id,
	                                 .account = account,
	                                 .name = name,
	                                 .has_models = models != NULL,
	                                 .models = models ? models->count : 0,
	                                 .default_model = default_model,
	                                 .storage = storage,
	                                 .next = next,
	                             });
	toml_free(config);
}

/* A key is in the config, wherever that is. */
static void key_succeeded(const struct report *report, const struct identity *who, const struct home *home,
    const struct models *models)
{
	char config[HOME_PATH_MAX + 16], path[HOME_PATH_MAX + 16];

	snprintf(config, sizeof(config), "%s/config.toml", home->folder);
	layout_path(config, path, sizeof(path));
	login_flow_succeeded(report, who, home, models, path);
}

int login_flow_key(
    const struct report *report, const struct login_wish *wish, const struct home *home, struct err *err)
{
	struct identity who = wish->who;
	struct models models = {0};
	struct buf key;

	int good = stored_key_is_good(wish, home, err);
	if (good) {
		if (good > 0)
			report_tell(report, "success", json_pack("{s:s}", "platform", who.platform->id),
			    "already logged in to %s; to use another key: kimi login --force --platform %s",
			    who.platform->name, who.platform->id);
		return good < 0 ? -1 : 0;
	}
	buf_init_secret(&key, LONGEST_LINE);
	int failed = read_key(wish, &key, err);
	if (!failed)
		failed = wish->platform ? key_login_try(home, &who, key.data, &models, err)
		                        : key_login_find(home, key.data, &who, &models, err);
	if (!failed)
		failed = key_login_save(home, &who, key.data, &models, err);
	if (!failed) {
		model_sync_tell_kept(report, home, who.platform, &models);
		key_succeeded(report, &who, home, &models);
	}
	models_clear(&models);
	buf_release(&key);
	return failed;
}
