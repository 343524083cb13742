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

enum { LONGEST_LINE = 8192, CHOICES_MAX = 2 * PLATFORMS_MAX };

/* One answer to the question where to log in. */
struct login_choice {
	const struct platform *platform;
	const struct region *region;
};

static size_t login_choices(bool with_regions, struct login_choice ret_choices[CHOICES_MAX])
{
	size_t count = 0;

	for (const struct platform *p = platforms; p->id; p++) {
		const struct region *region = with_regions ? p->regions : NULL;
		do {
			if (count < CHOICES_MAX)
				ret_choices[count++] = (struct login_choice){p, region};
		} while (region && (++region)->name);
	}
	return count;
}

static void add_choice(struct buf *menu, size_t number, const struct login_choice *choice)
{
	const struct region *region = choice->region;

	buf_addf(menu, "  %zu  %s", number, choice->platform->name);
	if (region && region->where)
		buf_addf(menu, " (%s, %s)", region->site, region->where);
	else if (region)
		buf_addf(menu, " (%s)", region->site);
	buf_addch(menu, '\n');
}

/* "type 1, 2 or 3 [1] " */
static void ask_for_number(struct buf *prompt, size_t count)
{
	buf_clear(prompt);
	buf_addstr(prompt, "type 1");
	for (size_t i = 2; i <= count; i++)
		buf_addf(prompt, "%s%zu", i < count ? ", " : " or ", i);
	buf_addstr(prompt, " [1] ");
}

/* The number that was typed, nothing being the first; 0: it is none of them. */
static size_t chosen_number(const struct buf *line, size_t count)
{
	char *end;

	if (!line->len)
		return 1;
	if (line->data[0] < '0' || line->data[0] > '9')
		return 0;
	unsigned long number = strtoul(line->data, &end, 10);
	return *end || number > count ? 0 : number;
}

int login_flow_choose(bool with_regions, const struct platform **ret_platform,
    const struct region **ret_region, struct err *err)
{
	struct login_choice choices[CHOICES_MAX] = {0};
	size_t count = login_choices(with_regions, choices), number = 0;
	struct buf prompt, line;
	int result = 0;

	buf_init(&prompt, LONGEST_LINE);
	buf_init(&line, LONGEST_LINE);
	buf_addstr(&prompt, "Log in to:\n");
	for (size_t i = 0; i < count; i++)
		add_choice(&prompt, i + 1, &choices[i]);
	buf_addstr(&prompt, "Which one? [1] ");
	while (result == 0 && !number) {
		buf_clear(&line);
		result = term_ask(prompt.data, false, &line, err);
		if (result == 0)
			number = chosen_number(&line, count);
		ask_for_number(&prompt, count);
	}
	if (result == 0) {
		*ret_platform = choices[number - 1].platform;
		*ret_region = choices[number - 1].region;
	}
	buf_release(&prompt);
	buf_release(&line);
	return result;
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
