#include "base/options.h"
#include "base/text.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

enum { MAX_ROWS = 32, MAX_WORD = 40, LONG_ONLY = 256, HELP_WIDTH = 80, WIDEST_HEAD = 32, LEAST_HELP = 20 };

static const char advice[] = OPTIONS_SEE_HELP;

/*
 * The number of edits (insert, delete, replace, swap neighbours) that turn a into b;
 * SIZE_MAX for very long words.
 */
static size_t options_distance(const char *a, const char *b)
{
	size_t row[3][MAX_WORD + 1], m = strlen(a), n = strlen(b);

	if (m > MAX_WORD || n > MAX_WORD)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= m; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= n; j++) {
			now[j] = MIN(last[j], now[j - 1]) + 1;
			now[j] = MIN(now[j], last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = MIN(now[j], before[j - 2] + 1);
		}
	}
	return row[m % 3][n];
}

const char *options_nearest(const char *typed, const char *const candidates[])
{
	const char *nearest = NULL;
	size_t best = strlen(typed) / 3 + 2; /* one more than the edits allowed */

	for (; *candidates; candidates++) {
		size_t d = 1;
		if (strncmp(*candidates, typed, strlen(typed)) != 0)
			d = options_distance(typed, *candidates);
		if (d < best) {
			best = d;
			nearest = *candidates;
		}
	}
	return nearest;
}

static int options_unknown(const struct option_row *table, const char *typed, struct err *err)
{
	const char *names[MAX_ROWS + 1], *nearest = NULL;
	char word[MAX_WORD + 2];
	int n = 0;

	for (; table->kind != OPTION_KIND_END && n < MAX_ROWS; table++)
		if (!table->hidden)
			names[n++] = table->name;
	names[n] = NULL;
	if (strncmp(typed, "--", 2) == 0) {
		snprintf(
		    word, sizeof(word), "%.*s", (int)MIN(strcspn(typed + 2, "="), MAX_WORD + 1), typed + 2);
		nearest = options_nearest(word, names);
	}
	if (!nearest)
		return err_set(err, ERR_USAGE, advice, "unknown option '%.80s'", typed);
	char hint[80];
	snprintf(hint, sizeof(hint), "did you mean --%s?", nearest);
	return err_set(err, ERR_USAGE, hint, "unknown option '%.80s'", typed);
}

/* The index of the choice; -1: not found. */
static int find_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (int i = 0; *choices; i++) {
		size_t n = strcspn(choices, "|");
		if (n == len && strncmp(choices, value, n) == 0)
			return i;
		choices += n + (choices[n] == '|');
	}
	return -1;
}

static int options_take(const struct option_row *row, const char *value, struct err *err)
{
	switch (row->kind) {
	case OPTION_KIND_FLAG:
		*(bool *)row->value = true;
		return 0;
	case OPTION_KIND_CHOICE:
	case OPTION_KIND_CHOICES: {
		int choice = find_choice(row->argument, value);
		if (choice < 0)
			return err_set(err, ERR_USAGE, advice, "--%s takes %s, not '%.80s'", row->name,
			    row->argument, value);
		if (row->kind == OPTION_KIND_CHOICES)
			*(unsigned *)row->value |= 1U << choice;
		else
			*(const char **)row->value = value;
		return 0;
	}
	case OPTION_KIND_NUMBER: {
		char *end;
		double number = strtod(value, &end);
		if (!*value || *end || strspn(value, "0123456789.") != strlen(value) || number < row->least ||
		    number > row->most)
			return err_set(err, ERR_USAGE, advice,
			    "--%s takes a number from %.0f to %.0f, not '%.80s'", row->name, row->least,
			    row->most, value);
		*(double *)row->value = number;
		return 0;
	}
	default:
		if (!*value && !row->may_be_empty)
			return err_set(err, ERR_USAGE, advice, "--%s needs a value", row->name);
		*(const char **)row->value = value;
		return 0;
	}
}

/* The word that getopt_long() has just read as an option; its value may be the next word. */
static const char *option_word(char **argv)
{
	if (optarg && optarg == argv[optind - 1])
		return argv[optind - 2];
	return argv[optind - 1];
}

/* Rejects the abbreviations that getopt_long() accepts: a new option could make them ambiguous. */
static bool is_whole(char **argv, const char *name)
{
	const char *typed = option_word(argv) + 2;
	size_t len = strcspn(typed, "=");

	return len == strlen(name) && strncmp(typed, name, len) == 0;
}

int options_parse(const struct option_row *table, int argc, char **argv, int *ret_operands, struct err *err)
{
	struct option longs[MAX_ROWS + 1] = {{0}};
	/* '+': stop at the first operand; ':': tell a missing value from an unknown option. */
	char shorts[MAX_ROWS * 2 + 4] = "+:";
	size_t n_shorts = 2;
	int i = 0;

	for (; i < MAX_ROWS && table[i].kind != OPTION_KIND_END; i++) {
		int value = table[i].kind == OPTION_KIND_FLAG ? no_argument : required_argument;
		longs[i] = (struct option){table[i].name, value, NULL, LONG_ONLY + i};
		if (table[i].letter)
			shorts[n_shorts++] = table[i].letter;
	}
	const char *all_shorts = table[i].name ? shorts : shorts + 1;
	opterr = 0;
	optind = 0; /* tests parse more than once */
	for (int c; (c = getopt_long(argc, argv, all_shorts, longs, NULL)) != -1;) {
		int index = c >= LONG_ONLY ? c - LONG_ONLY : -1;
		for (int row = 0; index < 0 && table[row].kind != OPTION_KIND_END; row++)
			if (c != '?' && c != ':' && table[row].letter == c)
				index = row;
		if (c >= LONG_ONLY && !is_whole(argv, table[index].name))
			return options_unknown(table, option_word(argv), err);
		if (index >= 0) {
			if (options_take(&table[index], optarg, err) < 0)
				return -1;
			continue;
		}
		if (c == ':')
			return err_set(err, ERR_USAGE, advice, "%.80s needs a value", argv[optind - 1]);
		if (optopt >= LONG_ONLY)
			return err_set(
			    err, ERR_USAGE, advice, "--%s takes no value", table[optopt - LONG_ONLY].name);
		if (optopt) {
			char letter[] = {'-', (char)optopt, '\0'};
			return options_unknown(table, letter, err);
		}
		return options_unknown(table, argv[optind - 1], err);
	}
	*ret_operands = optind;
	return 0;
}

bool options_has_flag(int argc, char **argv, const char *flag)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, flag) == 0)
			return true;
	return false;
}

static void row_head(const struct option_row *row, bool narrow, char *ret, size_t size)
{
	char letter[8] = "";

	if (!narrow)
		snprintf(letter, sizeof(letter), "    ");
	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	snprintf(ret, size, "%s--%s%s%s", letter, row->name, row->argument ? " " : "",
	    text_or_empty(row->argument));
}

/* Adds the help, wrapped between words and indented to column `indent`, where the line is now. */
static void add_help(struct buf *out, size_t indent, size_t width, const char *help)
{
	size_t column = indent;

	for (const char *at = help; *at;) {
		size_t len = strcspn(at, " ");
		if (column > indent && column + 1 + len > width) {
			buf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_addch(out, ' ');
			column++;
		}
		buf_add(out, at, len);
		column += len;
		at += len + (at[len] == ' ');
	}
	buf_addch(out, '\n');
}

void options_help(const struct option_row *table, size_t columns, struct buf *out)
{
	char head[120];
	size_t width = 0;
	bool narrow;

	if (columns > HELP_WIDTH)
		columns = HELP_WIDTH;
	for (const struct option_row *row = table; row->kind != OPTION_KIND_END; row++) {
		row_head(row, false, head, sizeof(head));
		if (!row->hidden && strlen(head) > width && strlen(head) <= WIDEST_HEAD)
			width = strlen(head);
	}
	/* On a narrow terminal, the help is on lines of its own below each option. */
	narrow = width + 4 + LEAST_HELP > columns;
	if (narrow)
		width = 2;
	for (const struct option_row *row = table; row->kind != OPTION_KIND_END; row++) {
		if (row->hidden)
			continue;
		row_head(row, narrow, head, sizeof(head));
		buf_addf(out, "  %-*s", (int)width, head);
		if (strlen(head) > width)
			buf_addf(out, "\n  %*s", (int)width, "");
		buf_addstr(out, "  ");
		add_help(out, width + 4, columns, row->help);
	}
}

void options_list(const struct option_row *table, struct buf *out)
{
	for (const struct option_row *row = table; row->kind != OPTION_KIND_END; row++)
		if (!row->hidden)
			buf_addf(out, "--%s\t%s\t%s\n", row->name, text_or_empty(row->argument), row->help);
}
