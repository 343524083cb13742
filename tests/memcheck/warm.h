/*
 * warm: what valgrind has translated in a fork server it need not translate in any fork, and that is most of what a
 * call costs. So, before its first call, the server runs main() for each line of a list, and puts back what main() has
 * changed; what libraries have made of themselves stays.
 *
 * A line is the exit status that one call is to have and its arguments, parted by blanks; "<FILE" among them is what it
 * reads from standard input.
 */
#ifndef KIMI_TESTS_WARM_H
#define KIMI_TESTS_WARM_H

/* What main() writes goes where the server writes. Ends the process if the list cannot be read, or a call ends otherwise. */
void warm_up(int (*main)(int, char **, char **), const char *list);

/* In a fork of the server, before its main(). */
void warm_go_on(void);

#endif
