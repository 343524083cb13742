/*
 * pager: shows a long text on a terminal page by page, as git log does.
 */
#ifndef KIMI_UI_PAGER_H
#define KIMI_UI_PAGER_H

/*
 * Prints the text to standard output, which is a terminal. If it has more lines than the
 * terminal, runs $PAGER with it: a shell command (default less; none if empty or cat).
 */
void pager_show(const char *text);

#endif
