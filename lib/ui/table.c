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
static size_t print_cut(FILE *out, const char *cell, size_t width)
{
	size_t whole = text_width(cell), used = 0;
	const char *at = cell, *end = cell + strlen(cell);

	if (whole <= width) {
		fputs(cell, out);
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
		fputs(one, out);
	}
	fputs("…", out);
	return used + 1;
}

static void print_aligned(const struct table *table, FILE *out, size_t row, const size_t widths[])
{
	size_t pending = 0; /* spaces before the next cell: none end a line */

	for (size_t i = 0; i < table->columns; i++) {
		const char *cell = table->cells[row * table->columns + i];
		size_t width = text_width(cell);
		if (!widths[i])
			continue;
		if (*cell && (table->to_right & 1U << i) && width < widths[i])
			pending += widths[i] - width;
		if (*cell)
			fprintf(out, "%*s", (int)pending, "");
		size_t used = print_cut(out, cell, widths[i]);
		pending = (*cell ? 0 : pending) + GAP;
		if (!*cell || !(table->to_right & 1U << i))
			pending += widths[i] - used;
	}
	putc('\n', out);
}

static void table_print_plain(const struct table *table, FILE *out, size_t row)
{
	for (size_t i = 0; i < table->columns; i++)
		fprintf(out, "%s%c", table->cells[row * table->columns + i],
		    i + 1 == table->columns ? '\n' : '\t');
}

static size_t total_width(const size_t widths[], size_t columns)
{
	size_t total = 0;

	for (size_t i = 0; i < columns; i++)
		if (widths[i])
			total += widths[i] + (total ? GAP : 0);
	return total;
}

/* The widest of the columns that may be cut; `columns` if none is wider than the narrowest that is of use. */
static size_t widest_to_cut(const struct table *table, const size_t widths[])
{
	size_t widest = table->columns;

	for (size_t i = 0; i < table->columns; i++)
		if ((table->may_cut & 1U << i) && widths[i] > NARROWEST &&
		    (widest == table->columns || widths[i] > widths[widest]))
			widest = i;
	return widest;
}

static void table_narrow(const struct table *table, size_t widths[], size_t available)
{
	size_t i;

	while (total_width(widths, table->columns) > available &&
	       (i = widest_to_cut(table, widths)) < table->columns)
		widths[i]--;
	for (i = table->columns; i-- > 0 && total_width(widths, table->columns) > available;)
		if (table->may_cut & 1U << i)
			widths[i] = 0;
}

bool table_print(const struct table *table, FILE *out, bool terminal)
{
	size_t widths[TABLE_MAX_COLUMNS] = {0};

	if (table->failed)
		return false;
	for (size_t row = 1; !terminal && row < table->count / table->columns; row++)
		table_print_plain(table, out, row);
	if (!terminal)
		return true;
	for (size_t i = 0; i < table->count; i++) {
		size_t width = text_width(table->cells[i]), column = i % table->columns;
		if (width > widths[column])
			widths[column] = width;
	}
	table_narrow(table, widths, term_width(STDOUT_FILENO));
	for (size_t row = 0; row < table->count / table->columns; row++)
		print_aligned(table, out, row, widths);
	return true;
}

void table_release(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){0};
}
