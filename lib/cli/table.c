#include "cli/table.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CELL = 64 * 1024 };

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

static void print_row(const struct table *table, size_t row, const size_t widths[])
{
	for (size_t i = 0; i < table->columns; i++) {
		const char *cell = table->cells[row * table->columns + i];
		bool last = i + 1 == table->columns;
		fputs(cell, stdout);
		if (last)
			putchar('\n');
		else if (!widths)
			putchar('\t');
		else
			printf("%*s", (int)(widths[i] - text_width(cell) + 2), "");
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
