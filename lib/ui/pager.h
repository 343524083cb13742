/*
 * pager: a long text on a terminal, shown as git log shows it.
 */
#ifndef KIMI_CLI_PAGER_H
#define KIMI_CLI_PAGER_H

/*
 * Prints the text to standard output, which is a terminal. One with more lines than that
 * goes to $PAGER, a command of sh (less if it is not set; none if it is empty or cat).
 */
void pager_show(const char *text);

#endif
