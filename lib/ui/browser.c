#include "ui/browser.h"

#include "base/env.h"
#include "base/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 16, MAX_WORD = 4096 };

bool browser_is_likely(void)
{
	bool desktop = env_get("DISPLAY") || env_get("WAYLAND_DISPLAY") || env_get("WSL_DISTRO_NAME");

	return desktop && !env_get("SSH_CONNECTION") && !env_get("SSH_TTY") && !env_get("SSH_CLIENT");
}

/* Copies a word and replaces every %s with the URL. Returns true if there was one. */
static bool fill_word(const char *word, const char *url, char *ret_word, size_t size)
{
	size_t len = 0;
	bool used = false;

	for (; *word && len + 1 < size; word++) {
		if (word[0] == '%' && word[1] == 's') {
			int n = snprintf(ret_word + len, size - len, "%s", url);
			len += n < 0 || (size_t)n >= size - len ? size - len - 1 : (size_t)n;
			used = true;
			word++;
		} else {
			ret_word[len++] = *word;
		}
	}
	ret_word[len] = '\0';
	return used;
}

/* Runs one command of $BROWSER: words separated by blanks, without a shell. */
static bool open_with(char *command, const char *url)
{
	char filled[MAX_WORDS][MAX_WORD];
	const char *argv[MAX_WORDS + 2];
	size_t n = 0;
	bool used = false;
	char *rest;

	for (char *word = strtok_r(command, " \t", &rest); word && n < MAX_WORDS;
	     word = strtok_r(NULL, " \t", &rest)) {
		used = fill_word(word, url, filled[n], sizeof(filled[n])) || used;
		argv[n] = filled[n];
		n++;
	}
	if (!n)
		return false;
	if (!used)
		argv[n++] = url;
	argv[n] = NULL;
	return process_start_detached(argv);
}

bool browser_open(const char *url)
{
	static const char *const openers[] = {"xdg-open", "wslview", "open"};
	char *list = env_get("BROWSER") ? strdup(env_get("BROWSER")) : NULL;
	bool opened = false;
	char *rest = NULL;

	for (char *one = list ? strtok_r(list, ":", &rest) : NULL; one && !opened;
	     one = strtok_r(NULL, ":", &rest))
		opened = open_with(one, url);
	free(list);
	for (size_t i = 0; !opened && i < sizeof(openers) / sizeof(openers[0]); i++)
		opened = process_start_detached((const char *[]){openers[i], url, NULL});
	return opened;
}
