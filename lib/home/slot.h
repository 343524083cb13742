/*
 * slot: the name of a login in kimi-code's home, computed from its hosts.
 */
#ifndef KIMI_HOME_SLOT_H
#define KIMI_HOME_SLOT_H

enum { SLOT_MAX = 40 }; /* bytes, with the NUL */

/*
 * "kimi-code" for Kimi's own hosts in mainland China, else "kimi-code-env-" and 16
 * hexadecimal digits of the SHA-256 of both. White space around the host and slashes at the
 * end of either do not count; all other differences do, such as case and ports.
 */
void slot_name(const char *oauth_host, const char *base_url, char ret_slot[SLOT_MAX]);

#endif
