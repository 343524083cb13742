/*
 * inherited: the descriptors that this process has inherited from its caller, those
 * without close-on-exec.
 */
#ifndef KIMI_BASE_INHERITED_H
#define KIMI_BASE_INHERITED_H

/*
 * Sets close-on-exec on them. A child must not inherit them, or it could keep the caller's
 * pipes open for ever.
 */
void inherited_close_on_exec(void);

/*
 * Closes them, so that a process that only waits keeps no pipe open. The standard three
 * become /dev/null.
 */
void inherited_drop(void);

#endif
