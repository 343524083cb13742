#include "ui/line_editor.h"

#include "base/signals.h"
#include "base/text.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

enum { MAX_WORDS = 256 * 1024, REMEMBERED = 500 };

struct line_editor {
	EditLine *edit;
	History *history;
	const char *prompt;
	line_editor_words *words;
	void *context;
	bool thrown_away; /* by Ctrl-C */
};

static volatile sig_atomic_t resized;

static void note_size(int number)
{
	(void)number;
	resized = 1;
}

static struct line_editor *line_editor_line_of(EditLine *edit)
{
	void *line = NULL;

	el_get(edit, EL_CLIENTDATA, &line);
	return line;
}

static char *show_prompt(EditLine *edit)
{
	return (char *)line_editor_line_of(edit)->prompt;
}

/* Waits for a byte. Returns false at the end of the input or if a signal asks to stop. */
static bool next_byte(EditLine *edit, char *ret_byte)
{
	for (;;) {
		struct pollfd fds[] = {
		    {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};
		if (signals_caught())
			return false;
		int ready = poll(fds, 2, -1);
		if (resized) {
			resized = 0;
			el_resize(edit);
		}
		if (ready < 0 || !fds[0].revents)
			continue;
		ssize_t n = read(STDIN_FILENO, ret_byte, 1);
		if (n >= 0 || (errno != EINTR && errno != EAGAIN))
			return n == 1;
	}
}

/* libedit's own reader would not return on SIGTERM. */
static int next_char(EditLine *edit, wchar_t *ret_char)
{
	mbstate_t state = {0};
	char byte;

	for (;;) {
		if (!next_byte(edit, &byte))
			return signals_caught() ? -1 : 0;
		size_t n = mbrtowc(ret_char, &byte, 1, &state);
		if (n == (size_t)-1)
			state = (mbstate_t){0}; /* invalid: skip it */
		else if (n != (size_t)-2)
			return 1;
	}
}

static unsigned char throw_away(EditLine *edit, wint_t key)
{
	(void)key;
	line_editor_line_of(edit)->thrown_away = true;
	fputs("^C\r\n", stderr);
	return CC_NEWLINE;
}

/* Counts the candidates that begin with the word and the bytes that all share; lists them on request. */
static int line_editor_match(const struct buf *candidates, const char *word, size_t len,
    const char **ret_first, size_t *ret_shared, bool list)
{
	int count = 0;

	for (const char *at = candidates->data; *at;) {
		size_t n = strcspn(at, "\n");
		if (n >= len && strncmp(at, word, len) == 0) {
			size_t same = 0;
			if (!count++) {
				*ret_first = at;
				*ret_shared = n;
			}
			while (same < *ret_shared && same < n && at[same] == (*ret_first)[same])
				same++;
			*ret_shared = same;
			if (list)
				fprintf(stderr, "%s%.*s", count > 1 ? "  " : "\n", (int)n, at);
		}
		at += n + (at[n] == '\n');
	}
	if (list)
		fputc('\n', stderr);
	return count;
}

static unsigned char line_editor_complete(EditLine *edit, wint_t key)
{
	const struct line_editor *line = line_editor_line_of(edit);
	const LineInfo *typed = el_line(edit);
	struct buf before, candidates;
	const char *first = NULL;
	unsigned char hint = CC_ERROR;
	size_t shared = 0;

	(void)key;
	buf_init(&before, MAX_WORDS);
	buf_init(&candidates, MAX_WORDS);
	buf_add(&before, typed->buffer, (size_t)(typed->cursor - typed->buffer));
	size_t start = before.len;
	while (start && before.data[start - 1] != ' ')
		start--;
	line->words(line->context, before.data, start, &candidates);
	const char *word = before.data + start;
	size_t len = before.len - start;
	int count = line_editor_match(&candidates, word, len, &first, &shared, false);
	if (count && shared > len) {
		char *rest = strndup(first + len, shared - len);
		if (rest && el_insertstr(edit, rest) == 0)
			hint = CC_REFRESH;
		free(rest);
	} else if (count > 1) {
		line_editor_match(&candidates, word, len, &first, &shared, true);
		hint = CC_REDISPLAY;
	}
	if (count == 1 && el_insertstr(edit, " ") == 0)
		hint = CC_REFRESH;
	buf_release(&candidates);
	buf_release(&before);
	return hint;
}

static void set_up(struct line_editor *line)
{
	HistEvent event;

	el_set(line->edit, EL_CLIENTDATA, line);
	el_set(line->edit, EL_PROMPT, show_prompt);
	el_set(line->edit, EL_EDITOR, "emacs");
	el_set(line->edit, EL_GETCFN, next_char);
	el_set(line->edit, EL_HIST, history, line->history);
	/* Wide names, because libedit leaks its copies of narrow ones. */
	el_wset(line->edit, EL_ADDFN, L"kimi-complete", L"complete the word", line_editor_complete);
	el_wset(line->edit, EL_ADDFN, L"kimi-throw-away", L"discard the line", throw_away);
	/* While a line is typed Ctrl-C is a key; for commands that run it is a signal. */
	el_set(line->edit, EL_SETTY, "-d", "-isig", NULL);
	el_set(line->edit, EL_BIND, "^I", "kimi-complete", NULL);
	el_set(line->edit, EL_BIND, "^C", "kimi-throw-away", NULL);
	el_set(line->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
	history(line->history, &event, H_SETSIZE, REMEMBERED);
	history(line->history, &event, H_SETUNIQUE, 1);
	el_source(line->edit, NULL);
}

struct line_editor *line_editor_open(const char *program, line_editor_words *words, void *context)
{
	struct line_editor *line = calloc(1, sizeof(*line));

	if (!line)
		return NULL;
	text_know_characters();
	*line = (struct line_editor){.prompt = "", .words = words, .context = context};
	line->edit = el_init(program, stdin, stderr, stderr);
	line->history = history_init();
	if (!line->edit || !line->history) {
		line_editor_close(line);
		return NULL;
	}
	set_up(line);
	struct sigaction noted = {.sa_handler = note_size};
	sigemptyset(&noted.sa_mask);
	sigaction(SIGWINCH, &noted, NULL);
	return line;
}

void line_editor_close(struct line_editor *line)
{
	if (!line)
		return;
	if (line->edit)
		el_end(line->edit);
	if (line->history)
		history_end(line->history);
	free(line);
}

/* libedit crashes on text that is invalid in this locale. */
static bool is_text_here(const char *text)
{
	return mbstowcs(NULL, text, 0) != (size_t)-1;
}

int line_editor_read(struct line_editor *line, const char *prompt, struct buf *ret_line, struct err *err)
{
	int count = 0;

	line->prompt = is_text_here(prompt) ? prompt : "> ";
	line->thrown_away = false;
	/* Set up the terminal before the prompt, so that what is typed early is read by us. */
	el_set(line->edit, EL_PREP_TERM, 1);
	const char *typed = el_gets(line->edit, &count);
	if (signals_caught())
		return signals_error(err);
	if (!typed || count <= 0)
		return 1;
	if (!line->thrown_away)
		buf_add(ret_line, typed, strcspn(typed, "\n"));
	return 0;
}

void line_editor_remember(struct line_editor *line, const char *text)
{
	HistEvent event;

	if (is_text_here(text))
		history(line->history, &event, H_ENTER, text);
}

int line_editor_split(const char *text, int *ret_count, const char *const **ret_words, struct err *err)
{
	static Tokenizer *splitter;
	const char **words;

	if (!splitter)
		splitter = tok_init(NULL);
	if (!splitter)
		return err_memory(err);
	tok_reset(splitter);
	int open = tok_str(splitter, text, ret_count, &words);
	if (open < 0)
		return err_memory(err);
	if (open)
		return err_set(err, ERR_USAGE, NULL, "a quote is not closed");
	*ret_words = words;
	return 0;
}
