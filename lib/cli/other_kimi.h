/*
 * other_kimi: runs the other `kimi` on PATH.
 *
 * The programs of kimi-code and kimi-cli are called kimi too. If the first argument
 * is not one of our commands, the next other kimi on PATH gets all arguments
 * unchanged. PATH may also have copies, links and wrappers of our own front, so each
 * front adds itself to $KIMI_HANDOVER, which prevents a loop.
 */
#ifndef KIMI_CLI_OTHER_KIMI_H
#define KIMI_CLI_OTHER_KIMI_H

/* Becomes the other kimi; returns only if there is none. */
void other_kimi_exec(char **argv);

#endif
