/*
 * handover: making room for the other `kimi`.
 *
 * kimi-cli's program is called kimi too. What is no command of ours is handed to
 * the next other kimi on PATH with the arguments untouched. Copies, links and
 * wrappers of our own front may lie on PATH as well: each front that a process
 * passes through is noted in $KIMI_HANDOVER, so that it never goes in a circle.
 */
#ifndef KIMI_CLI_OTHER_KIMI_H
#define KIMI_CLI_OTHER_KIMI_H

/* Becomes the other kimi; returns only if there is none. */
void handover_to_other_kimi(char **argv);

#endif
