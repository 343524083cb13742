#include "ui/table.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/term.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GAP = 2, NARROWEST = 5 };

void table_init(struct table *table, const char *const heading[], size_t columns)
{
	*table = (struct table){.columns = columns};
	table_add(table, heading);
}

void table_add(struct table *table, const char *const cells[])
{
	if (table->count + table->columns > table->capacity) {
		table->capacity = table->capacity ? table->capacity * 2 : 64;
		table->cells = memory_resize(table->cells, table->capacity * sizeof(*table->cells));
	}
	for (size_t i = 0; i < table->columns; i++) {
		struct buf clean;
		buf_init(&clean, SIZE_MAX / 2);
		text_clean(&clean, cells[i], strlen(cells[i]));
		table->cells[table->count++] = buf_detach(&clean);
	}
}

/* Prints at most `width` columns of a cell, with an ellipsis if it is cut. Returns the columns used. */
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
	size_t pending = 0; /* spaces before the next cell, so that no line ends with spaces */
	size_t start = 0;   /* of the column */
	bool breaks = false;

	for (size_t i = 0; i < table->columns; i++) {
		const char *cell = table->cells[row * table->columns + i];
		size_t width = text_width(cell);
		if (!widths[i])
			continue;
		start += widths[i] + GAP;
		if (*cell && breaks)
			putc('\n', out);
		breaks = breaks && !*cell;
		if ((table->may_break & 1U << i) && width > widths[i]) {
			fprintf(out, "%*s%s", (int)pending, "", cell);
			pending = start;
			breaks = true;
			continue;
		}
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

/* The widest column that may be cut; `columns` if all are narrow already. */
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

/* Ignores the cells that do not fit beside the columns that cannot be cut: they get lines of their own. */
static void table_break(const struct table *table, size_t widths[], size_t available)
{
	for (size_t column = 0; column < table->columns; column++) {
		size_t others = 0, widest = 0;
		if (!(table->may_break & 1U << column))
			continue;
		for (size_t i = 0; i < table->columns; i++)
			if (i != column && widths[i] && !(table->may_cut & 1U << i))
				others += widths[i] + GAP;
		for (size_t i = column; i < table->count; i += table->columns) {
			size_t width = text_width(table->cells[i]);
			if (width + others <= available && width > widest)
				widest = width;
		}
		if (widest)
			widths[column] = widest;
	}
}

void table_print(const struct table *table, FILE *out, bool terminal)
{
	size_t widths[TABLE_MAX_COLUMNS] = {0};

	for (size_t row = 1; !terminal && row < table->count / table->columns; row++)
		table_print_plain(table, out, row);
	if (!terminal)
		return;
	for (size_t i = 0; i < table->count; i++) {
		size_t width = text_width(table->cells[i]), column = i % table->columns;
		if (width > widths[column])
			widths[column] = width;
	}
	table_break(table, widths, term_width(STDOUT_FILENO));
	table_narrow(table, widths, term_width(STDOUT_FILENO));
	for (size_t row = 0; row < table->count / table->columns; row++)
		print_aligned(table, out, row, widths);
}

void table_release(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){0};
}
