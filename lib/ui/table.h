/*
 * table: rows for a person, or for a pipe.
 *
 * On a terminal the cells line up, whatever the width of their characters, under
 * a heading. Where the terminal is too narrow, the columns that may be cut are: first
 * the widest, then they are left out, the last one first. In a pipe cells are separated
 * by tabs, whole and without a heading. Cells are cleaned: no
 * tab or line break in them survives.
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
	size_t count, room;
	unsigned may_cut;  /* set by the caller: bit n, column n may be cut */
	unsigned to_right; /* and bit n: column n is aligned to the right */
	bool failed;       /* no memory */
};

/* Starts with the heading, one text a column. */
void table_init(struct table *table, const char *const heading[], size_t columns);

/* Adds a row of `columns` cells; the texts are copied. */
void table_add(struct table *table, const char *const cells[]);

/* Prints it for standard output. False: no memory for it. */
bool table_print(const struct table *table, FILE *out, bool terminal);

void table_release(struct table *table);

#endif
