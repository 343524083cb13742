#include "cli/shell.h"

#include "account/call.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/exec_path.h"
#include "base/options.h"
#include "base/process.h"
#include "base/text.h"
#include "config/file.h"
#include "config/view.h"
#include "format/json.h"
#include "ui/layout.h"
#include "ui/line_editor.h"

#include <stdio.h>
#include <string.h>

enum { MAX_ARGUMENTS = 64, MAX_LIST = 256 * 1024, PROMPT_MS = 4000, LIST_MS = 1000 };

struct entry {
	const char *name;      /* after the slash */
	const char *sub;       /* the command it runs, NULL: our own */
	const char *arguments; /* for help */
	const char *help;
	bool changes_prompt;
};

static const struct entry entries[] = {
    {"login", "login", "", "log in", true},
    {"logout", "logout", "", "log out", true},
    {"model", "models", "[ID]", "show the default model, or make ID the default", true},
    {"models", "models", "", "list the models", true},
    {"status", "status", "", "show your logins and any problems", false},
    {"usage", "usage", "", "show how much of the quota is used", false},
    {"token", "token", "", "print a valid access token", false},
    {"refresh", "refresh", "", "refresh the login if needed", true},
    {"help", NULL, "[COMMAND]", "list the commands, or the options of one", false},
    {"exit", NULL, "", "leave the shell", false},
    {NULL, NULL, NULL, NULL, false},
};

static const struct entry *shell_find(const char *name)
{
	const struct entry *entry = entries;

	while (entry->name && strcmp(entry->name, name) != 0)
		entry++;
	if (entry->name)
		return entry;
	return NULL;
}

/* Runs one of our programs and adds its standard output to `out`. */
static int shell_ask(const char *program, const char *option, struct buf *out)
{
	char path[4096];
	const char *const argv[] = {path, option, NULL};
	struct process process = {.argv = argv, .deadline = clock_ms() + LIST_MS};
	struct process_exit exit;

	if (exec_path_find(program, path, sizeof(path), NULL) < 0 ||
	    process_run(&process, out, &exit, NULL) < 0)
		return -1;
	if (exit.end == PROCESS_EXITED && exit.status == 0)
		return 0;
	return -1;
}

/* The login of this shell in the list of kimi-status; NULL: not listed. */
static const json_t *login_of(const struct shell *shell, const json_t *status)
{
	const char *account = shell->login.account ? shell->login.account : env_get("KIMI_ACCOUNT");
	const json_t *login, *first = NULL;
	size_t i;

	json_array_foreach(json_object_get(status, "logins"), i, login)
	{
		const char *name = json_text(login, "account");
		if (strcmp(name ? name : "", account ? account : "") == 0)
			return login;
		first = first ? first : login;
	}
	if (account && *account)
		return NULL;
	return first;
}

static void read_prompt(struct shell *shell)
{
	const struct call call = {
	    .program = "kimi-status",
	    .client = shell->login.client,
	    .platform = shell->login.platform,
	    .wait_ms = PROMPT_MS,
	};
	json_t *status;

	if (!shell->typed)
		return;
	call_run(&call, &status, NULL);
	const json_t *login = login_of(shell, status);
	const char *account = json_text(login, "account"), *state = json_text(login, "state");
	const char *model = json_text(login, "default_model");
	bool is_good = state && (strcmp(state, "fresh") == 0 || strcmp(state, "due") == 0);
	char what[64] = "";

	if (!state || strcmp(state, "logged_out") == 0)
		snprintf(what, sizeof(what), " (logged out)");
	else if (!is_good)
		snprintf(what, sizeof(what), " (%.40s)", state);
	else if (model && *model)
		snprintf(what, sizeof(what), " %.60s", model);
	if (!status) /* kimi-status failed */
		what[0] = '\0';
	snprintf(shell->prompt, sizeof(shell->prompt), "kimi%s%.20s%s", account ? " " : "",
	    account ? account : "", what);
	text_clean_inplace(shell->prompt);
	snprintf(shell->prompt + strlen(shell->prompt), 3, "> ");
	json_decref(status);
}

int shell_init(struct shell *shell, struct err *err)
{
	struct account account;

	if (account_select(&account, shell->login.platform, shell->login.account, err) < 0 ||
	    home_choose(&shell->home, &(struct home_choice){.client = shell->login.client}, err) < 0)
		return -1;
	read_prompt(shell);
	return 0;
}

/* Our options come first, so that typed options override them. */
static int shell_run(struct shell *shell, const char *sub, const char *const *words, struct err *err)
{
	char path[4096], program[64];
	const char *argv[MAX_ARGUMENTS + 12] = {path};
	const char *const options[][2] = {{"--client", shell->login.client},
	    {"--platform", shell->login.platform}, {"--account", shell->login.account}};
	int n = 1, status;

	if (shell->report->json)
		argv[n++] = "--json";
	if (shell->report->quiet)
		argv[n++] = "--quiet";
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!options[i][1])
			continue;
		argv[n++] = options[i][0];
		argv[n++] = options[i][1];
	}
	while (*words)
		argv[n++] = *words++;
	snprintf(program, sizeof(program), "kimi-%s", sub);
	if (exec_path_find(program, path, sizeof(path), err) < 0 ||
	    process_run_here(argv, shell->typed, &status, err) < 0)
		return -1;
	if (status)
		shell->status = status;
	return 0;
}

static void shell_print_clean(const char *text)
{
	struct buf clean;

	buf_init(&clean, MAX_LIST);
	text_clean(&clean, text, strlen(text));
	printf("%s\n", clean.data);
	buf_release(&clean);
}

static int show_model(const struct shell *shell, struct err *err)
{
	struct toml *config = NULL;
	int result = config_file_read(&shell->home, &config, err);

	if (result >= 0) {
		const char *model = result > 0 ? NULL : config_default_model(config);
		result = 0;
		if (shell->report->json)
			report_json(json_pack("{s:s?}", "default_model", model));
		else if (model)
			shell_print_clean(model);
		else
			result = err_set(
			    err, ERR_CONFIG, "'/login' or '/model ID' sets one", "no default model is set");
	}
	toml_free(config);
	return result;
}

static int show_help(struct shell *shell, const char *const *words, struct err *err)
{
	static const char *const help[] = {"--help", NULL};
	const struct entry *about = words[0] ? shell_find(words[0] + (words[0][0] == '/')) : NULL;

	if (about && about->sub)
		return shell_run(shell, about->sub, help, err);
	for (const struct entry *entry = entries; entry->name; entry++) {
		char head[32];
		snprintf(head, sizeof(head), "/%s %s", entry->name, entry->arguments);
		layout_field(20, head, entry->help);
	}
	return 0;
}

static bool is_command_like(const char *word)
{
	size_t len = strspn(word + 1, "abcdefghijklmnopqrstuvwxyz");

	return *word == '/' && len < 16 && !word[1 + len];
}

static int shell_unknown(const char *typed, bool is_sentence, struct err *err)
{
	const char *names[sizeof(entries) / sizeof(entries[0])];
	char hint[64] = "'/help' lists the commands";
	size_t n = 0;

	if (strcmp(typed, "/exec") == 0 || strcmp(typed, "/proxy") == 0 || strcmp(typed, "/shell") == 0)
		return err_set(err, ERR_USAGE, "leave with /exit, then run it",
		    "'kimi %s' does not work here", typed + 1);

	for (; entries[n].name; n++)
		names[n] = entries[n].name;
	names[n] = NULL;
	const char *nearest = options_nearest(typed + (*typed == '/'), names);
	if (nearest)
		snprintf(hint, sizeof(hint), "did you mean /%s?", nearest);
	/* Do not repeat other input: it may be a secret, pasted by mistake. */
	if (!is_sentence && (nearest || is_command_like(typed)))
		return err_set(err, ERR_USAGE, hint, "'%.40s' is not a command", typed);
	return err_set(err, ERR_USAGE, "type /help, or run kimi-code to chat", "this is not a chat");
}

static int do_words(struct shell *shell, const char *const *words, int count, struct err *err)
{
	const struct entry *entry = *words[0] == '/' ? shell_find(words[0] + 1) : NULL;
	const char *use[MAX_ARGUMENTS + 2] = {"--use"};
	int result;

	if (!entry)
		return shell_unknown(words[0], *words[0] != '/' && count > 1 && !shell_find(words[0]), err);
	if (count > MAX_ARGUMENTS)
		return err_set(err, ERR_USAGE, NULL, "too many words");
	words++;
	if (strcmp(entry->name, "exit") == 0) {
		shell->over = true;
		return 0;
	}
	if (strcmp(entry->name, "model") == 0 && !*words)
		return show_model(shell, err);
	if (strcmp(entry->name, "model") == 0 && **words != '-')
		words = memcpy(use + 1, words, (size_t)count * sizeof(*words)) ? use : words;
	result = entry->sub ? shell_run(shell, entry->sub, words, err) : show_help(shell, words, err);
	if (entry->changes_prompt)
		read_prompt(shell);
	return result;
}

int shell_do(struct shell *shell, const char *line, struct err *err)
{
	const char *const *words;
	int count;

	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return 0;
	if (line_editor_split(line, &count, &words, err) < 0)
		return -1;
	int result = count ? do_words(shell, words, count, err) : 0;
	fflush(stdout); /* another process writes next */
	return result;
}

void shell_words(void *context, const char *typed, size_t start, struct buf *out)
{
	char name[16] = "", program[64];
	struct buf list;

	(void)context;
	for (const struct entry *entry = entries; !start && entry->name; entry++)
		buf_addf(out, "/%s\n", entry->name);
	if (!start || sscanf(typed, " /%15[a-z]", name) != 1 || !shell_find(name))
		return;
	for (const struct entry *entry = entries; strcmp(name, "help") == 0 && entry->name; entry++)
		buf_addf(out, "%s\n", entry->name);
	if (!shell_find(name)->sub)
		return;
	snprintf(program, sizeof(program), "kimi-%s", shell_find(name)->sub);
	buf_init(&list, MAX_LIST);
	if (typed[start] == '-' && shell_ask(program, "--list-options", &list) == 0)
		for (const char *at = list.data; *at; at += strcspn(at, "\n") + 1)
			buf_addf(out, "%.*s\n", (int)strcspn(at, "\t"), at);
	else if (strcmp(name, "model") == 0 && shell_ask(program, "--list-keys", &list) == 0)
		buf_addstr(out, list.data);
	buf_release(&list);
}
