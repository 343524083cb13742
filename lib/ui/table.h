/*
 * table: rows for a person or for a pipe.
 *
 * On a terminal the columns are aligned by the width of their characters, under a
 * heading. If the terminal is too narrow, columns that may be cut are cut, the widest
 * first, and then left out, the last first. In a pipe cells are separated by tabs,
 * uncut and without a heading. Cells are cleaned: they contain no tab or line break.
 */
#ifndef KIMI_UI_TABLE_H
#define KIMI_UI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TABLE_MAX_COLUMNS = 8 };

struct table {
	size_t columns;
	char **cells; /* owned, row after row; the first row is the heading */
	size_t count, capacity;
	unsigned may_cut;   /* set by the caller: bit n, column n may be cut */
	unsigned to_right;  /* and bit n: column n is aligned to the right */
	unsigned may_break; /* and bit n: a cell that does not fit gets a line of its own */
};

/* Starts a table with its heading, one text per column. */
void table_init(struct table *table, const char *const heading[], size_t columns);

/* Adds a row of `columns` cells; the texts are copied. */
void table_add(struct table *table, const char *const cells[]);

void table_print(const struct table *table, FILE *out, bool terminal);

void table_release(struct table *table);

#endif
