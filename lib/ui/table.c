#include "ui/table.h"

#include "base/buf.h"
#include "base/term.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CELL = 64 * 1024, GAP = 2, NARROWEST = 5 };

void table_init(struct table *table, const char *const heading[], size_t columns)
{
	*table = (struct table){.columns = columns};
	table_add(table, heading);
}

static bool make_room(struct table *table)
{
	if (table->count + table->columns <= table->room)
		return true;
	size_t room = table->room ? table->room * 2 : 64;
	char **cells = reallocarray(table->cells, room, sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
}

void table_add(struct table *table, const char *const cells[])
{
	if (table->failed || !make_room(table)) {
		table->failed = true;
		return;
	}
	for (size_t i = 0; i < table->columns; i++) {
		struct buf clean;
		buf_init(&clean, MAX_CELL);
		text_clean(&clean, cells[i], strlen(cells[i]));
		char *cell = buf_detach(&clean);
		table->failed = table->failed || !cell;
		table->cells[table->count++] = cell;
	}
}

/* Prints at most `width` columns of a cell; what is cut ends in an ellipsis. Returns the columns that were used. */
static size_t print_cut(const char *cell, size_t width)
{
	size_t whole = text_width(cell), used = 0;
	const char *at = cell, *end = cell + strlen(cell);

	if (whole <= width) {
		fputs(cell, stdout);
		return whole;
	}
	while (at < end) {
		const char *start = at;
		char one[8] = "";
		text_next(&at, end);
		memcpy(one, start, (size_t)(at - start));
		if (used + text_width(one) + 1 > width)
			break;
		used += text_width(one);
		fputs(one, stdout);
	}
	fputs("…", stdout);
	return used + 1;
}

static void print_row(const struct table *table, size_t row, const size_t widths[])
{
	for (size_t i = 0; i < table->columns; i++) {
		const char *cell = table->cells[row * table->columns + i];
		bool last = i + 1 == table->columns;
		size_t used = 0;
		if (widths)
			used = print_cut(cell, widths[i]);
		else
			fputs(cell, stdout);
		if (last)
			putchar('\n');
		else if (!widths)
			putchar('\t');
		else
			printf("%*s", (int)(widths[i] - used + GAP), "");
	}
}

/* Takes a column at a time from the widest, until the row fits or nothing is wide any more. */
static void narrow(size_t widths[], size_t columns, size_t available)
{
	for (;;) {
		size_t total = (columns - 1) * GAP, widest = 0;
		for (size_t i = 0; i < columns; i++) {
			total += widths[i];
			if (widths[i] > widths[widest])
				widest = i;
		}
		if (total <= available || widths[widest] <= NARROWEST)
			return;
		widths[widest]--;
	}
}

bool table_print(const struct table *table, bool terminal)
{
	size_t widths[TABLE_MAX_COLUMNS] = {0};

	if (table->failed)
		return false;
	for (size_t i = 0; terminal && i < table->count; i++) {
		size_t width = text_width(table->cells[i]), column = i % table->columns;
		if (width > widths[column])
			widths[column] = width;
	}
	if (terminal && !table->wraps)
		narrow(widths, table->columns, term_width(STDOUT_FILENO));
	for (size_t row = terminal ? 0 : 1; row < table->count / table->columns; row++)
		print_row(table, row, terminal ? widths : NULL);
	return true;
}

void table_release(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){0};
}
