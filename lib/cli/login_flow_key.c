/* The API key flow of login_flow.h, and the choice of a platform. */
#include "auth/api_key.h"
#include "base/term.h"
#include "cli/login_flow.h"
#include "cli/model_sync.h"
#include "config/file.h"
#include "config/view.h"
#include "login/key_login.h"
#include "ui/layout.h"
#include "ui/login_event.h"
#include "ui/login_screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LINE = 8192, CHOICES_MAX = 2 * PLATFORMS_MAX };

/* One choice in the menu of platforms. */
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

/* The number that was typed, 1 for an empty line; 0: invalid. */
static size_t chosen_number(const struct buf *line, size_t count)
{
	char *end;

	if (!line->len)
		return 1;
	if (line->data[0] < '0' || line->data[0] > '9')
		return 0;
	unsigned long number = strtoul(line->data, &end, 10);
	if (*end || number > count)
		return 0;
	return number;
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

static int read_key(const struct login_request *request, struct buf *ret_key, struct err *err)
{
	char prompt[160];
	int result;

	if (request->api_key_stdin) {
		result = term_read_line(ret_key, err);
	} else if (!term_is_there()) {
		return err_set(err, ERR_USAGE, "pipe the key to 'kimi login --api-key-stdin'",
		    "there is no terminal to ask for the API key");
	} else {
		snprintf(prompt, sizeof(prompt), "API key of %s: ", request->platform->name);
		result = term_ask(prompt, true, ret_key, err);
	}
	if (result == 0 && !api_key_is_valid(ret_key->data))
		result = err_set(err, ERR_USAGE, "enter only the key, on one line", "that is not an API key");
	return result;
}

/* 1: a key is stored and accepted; saving it again makes the config private. 0: log in. -1: error. */
static int stored_key_is_good(const struct login_request *request, struct err *err)
{
	struct models models = {0};
	char *key = NULL;

	if (request->force || request->api_key_stdin || !request->platform)
		return 0;
	const struct account *account = &request->account;
	int result = api_key_of_config(account->home, NULL, account->platform, &key, err);
	if (result > 0)
		result = 0;
	else if (result == 0 && key_login_try(account, key, &models, err) == 0)
		result = 1;
	else if (result == 0 && err->code != ERR_REJECTED)
		result = -1;
	if (result > 0 && key_login_save(account, key, &models, err) < 0)
		result = -1;
	models_clear(&models);
	wipe_str(key);
	return result;
}

void login_flow_succeeded(
    const struct report *report, const struct account *who, const struct models *models, const char *storage)
{
	char name[ACCOUNT_TITLE_MAX], option[ACCOUNT_OPTION_MAX], next[600];
	const char *default_model = NULL;
	struct toml *config = NULL;

	account_title(who, name);
	account_option(who, option);
	if (!who->platform->oauth_key)
		snprintf(next, sizeof(next), "kimi models%s, or kimi token%s in a script", option, option);
	else if (*who->name)
		snprintf(next, sizeof(next), "kimi token%s in a script; the token renews itself", option);
	else
		snprintf(next, sizeof(next),
		    "kimi models%s, or kimi token%s in a script; the token renews itself", option, option);
	if (config_file_read(who->home, &config, NULL) == 0)
		default_model = config_default_model(config);
	if (default_model)
		default_model = config_key_id(who->platform, default_model);
	login_screen_success(report, &(struct login_success){
	                                 .data = login_event_data(who),
	                                 .name = name,
	                                 .has_models = models != NULL,
	                                 .models = models ? models->count : 0,
	                                 .default_model = default_model,
	                                 .storage = storage,
	                                 .next = next,
	                             });
	toml_free(config);
}

/* Reports the success with the path of the config, where the key is. */
static void key_succeeded(
    const struct report *report, const struct account *account, const struct models *models)
{
	char config[HOME_PATH_MAX], path[HOME_PATH_MAX];

	home_path(account->home, HOME_CONFIG, config);
	layout_path(config, path, sizeof(path));
	login_flow_succeeded(report, account, models, path);
}

int login_flow_key(const struct report *report, const struct login_request *request, struct err *err)
{
	struct account account = request->account;
	struct models models = {0};
	char option[ACCOUNT_OPTION_MAX];
	struct buf key;

	int good = stored_key_is_good(request, err);
	if (good) {
		if (good > 0)
			report_tell(report, "success", login_event_data(&account),
			    "already logged in to %s; to use another key: kimi login --force%s",
			    account.platform->name, account_option(&account, option));
		if (good < 0)
			return -1;
		return 0;
	}
	buf_init_secret(&key, LONGEST_LINE);
	int result = read_key(request, &key, err);
	if (result == 0)
		result = request->platform ? key_login_try(&account, key.data, &models, err)
		                           : key_login_find(account.home, key.data, &account, &models, err);
	if (result == 0)
		result = key_login_save(&account, key.data, &models, err);
	if (result == 0) {
		model_sync_tell_kept(report, account.home, account.platform, &models);
		key_succeeded(report, &account, &models);
	}
	models_clear(&models);
	buf_release(&key);
	return result;
}
