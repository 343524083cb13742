/*
 * table: rows for a person, or for a pipe.
 *
 * On a terminal the cells line up, whatever the width of their characters, under
 * a heading, and the widest columns are cut where the terminal is too narrow; in a
 * pipe they are parted by tabs, whole and without a heading. Cells are cleaned: no
 * tab or line break in them survives.
 */
#ifndef KIMI_UI_TABLE_H
#define KIMI_UI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_MAX_COLUMNS = 8 };

struct table {
	size_t columns;
	char **cells; /* owned, row after row; the first row is the heading */
	size_t count, room;
	bool wraps;  /* set by the caller: what is too wide is left to the terminal, and nothing is cut */
	bool failed; /* no memory */
};

/* Starts with the heading, one text a column. */
void table_init(struct table *table, const char *const heading[], size_t columns);

/* Adds a row of `columns` cells; the texts are copied. */
void table_add(struct table *table, const char *const cells[]);

/* Prints it to standard output. False: no memory for it. */
bool table_print(const struct table *table, bool terminal);

void table_release(struct table *table);

#endif
