/* kimi models: lists the models, keeps the list in config.toml up to date, and chooses the default. */
#include "api/model_lists.h"
#include "base/env.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/config_notes.h"
#include "cli/context.h"
#include "cli/expiry_notice.h"
#include "cli/model_choice.h"
#include "cli/model_sync.h"
#include "config/file.h"
#include "config/view.h"
#include "ui/models_view.h"

#include <stdio.h>
#include <stdlib.h>

struct options {
	struct login_options login;
	const char *use, *thinking;
	bool sync;
	bool list_keys; /* for completion */
};

struct work {
	const struct options *options;
	struct report *report;
	struct context context;
	struct toml *config; /* may be large: freed as soon as it is not needed */
	bool config_failed;  /* it cannot be read, so the default model is not known */
};

static void free_config(struct work *work)
{
	toml_free(work->config);
	work->config = NULL;
}

static int print_lists(
    struct report *report, const struct model_lists *lists, const char *default_model, struct err *err)
{
	if (!report->json)
		return models_show(lists, default_model, err);
	models_show_json(lists, default_model);
	report->json = false; /* the one object has the errors too: what follows is for people */
	return 0;
}

static int list(struct work *work, struct err *err)
{
	const struct options *options = work->options;
	const struct home *home = &work->context.home;
	const struct account *account = &work->context.account;
	bool all = !options->login.platform && !options->login.account && !env_get("KIMI_ACCOUNT");
	struct model_lists lists;
	char *default_model = NULL;
	int result = 0;

	model_lists_fetch(&lists, home, work->config, all ? NULL : account);
	if (config_default_model(work->config))
		default_model = memory_copy(config_default_model(work->config));
	else if (work->config_failed)
		default_model = memory_copy("");
	free_config(work);
	expiry_notice_speak(work->report, account);
	bool all_failed = model_lists_all_failed(&lists);
	if (options->sync && !all_failed)
		result = model_sync_write(work->report, home, &lists, err);
	if (result == 0 && (!all_failed || lists.count > 1))
		result = print_lists(work->report, &lists, default_model, err);
	if (result == 0)
		result = model_sync_outcome(work->report, &lists, err);
	model_lists_clear(&lists);
	free(default_model);
	return result;
}

/* Writes the lists and reads the config again. If a list cannot be fetched, --use can still succeed. */
static int sync_first(struct work *work, const struct account *only, struct err *err)
{
	const struct home *home = &work->context.home;
	int result = model_sync_all(work->report, home, only, err);

	free_config(work);
	if (config_file_read(home, &work->config, result < 0 ? NULL : err) < 0)
		return -1;
	return result;
}

static int use(struct work *work, struct err *err)
{
	const struct options *options = work->options;
	struct model_choice choice = {
	    .home = &work->context.home, .typed = options->use, .thinking = options->thinking};
	struct account account;
	struct err use_err;
	int result = 0;

	if (account_find(&account, choice.home, options->login.platform, "", err) < 0)
		return -1;
	if (options->login.platform)
		choice.only = account.platform;
	if (options->sync)
		result = sync_first(work, choice.only ? &account : NULL, err);
	choice.config = work->config;
	work->config = NULL;
	if (model_choice_use(&choice, work->report, &use_err) == 0)
		return result;
	if (result < 0)
		report_line(work->report, "%s", use_err.what);
	else
		*err = use_err;
	return -1;
}

/* Completion puts these names, which a server chose, on command lines: skip those a shell would act on. */
static void print_keys(const struct toml *config)
{
	for (const struct toml_node *node = config_first_model(config); node; node = toml_next(node)) {
		const char *key = config_node_key(node);
		if (key && text_is_shell_safe(key))
			printf("%s\n", key);
	}
}

/* --use ignores KIMI_ACCOUNT. */
static int check(const struct options *options, struct err *err)
{
	bool for_account = options->use ? options->login.account != NULL : options->sync;
	struct account account;

	if (options->thinking && !options->use)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP, "--thinking needs --use");
	if (account_select(&account, options->login.platform, options->login.account, err) < 0)
		return -1;
	if (for_account && *account.name)
		return err_set(
		    err, ERR_USAGE, "leave out --account", "only the default account is in config.toml");
	return 0;
}

static int run_with_config(struct work *work, struct err *err)
{
	const struct options *options = work->options;
	struct err config_err;

	if (config_file_read(&work->context.home, &work->config, &config_err) < 0) {
		if (options->sync || options->use) {
			*err = config_err;
			return -1;
		}
		report_note(work->report, "%s; %s", config_err.what, config_err.hint);
		work->config_failed = true;
	}
	if (options->use)
		return use(work, err);
	if (!options->list_keys)
		return list(work, err);
	print_keys(work->config);
	return 0;
}

static int run(struct command *c, const struct options *options, struct err *err)
{
	struct work work = {.options = options, .report = &c->report};

	if (check(options, err) < 0 || context_open(&work.context, &options->login, err) < 0 ||
	    ((options->sync || options->use) && home_check_writable(&work.context.home, err) < 0))
		return -1;
	int result = run_with_config(&work, err);
	toml_free(work.config);
	return result;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("models", "[OPTIONS]", "List your models and choose the default.");
	struct options options = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("sync", &options.sync, "also write the lists to config.toml"),
	    OPTION_TEXT("use", &options.use, "MODEL", "make it the default: an id or its beginning"),
	    OPTION_CHOICE("thinking", &options.thinking, "on|off", "with --use: turn thinking on or off"),
	    OPTION_TEXT(
	        "platform", &options.login.platform, "ID", "the platform (default: all with a login)"),
	    COMMAND_ACCOUNT_ROW(&options.login.account),
	    COMMAND_CLIENT_ROW(&options.login.client),
	    {.kind = OPTION_KIND_FLAG, .hidden = true, .name = "list-keys", .value = &options.list_keys},
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int result = command_begin(&c, table, argc, argv, 0);

	if (result == 0)
		result = run(&c, &options, &c.err);
	config_notes_tell(&c.report);
	return command_end(&c, result);
}
