/*
 * slot: the name of a login in kimi-code's home, which depends on its hosts.
 */
#ifndef KIMI_HOME_SLOT_H
#define KIMI_HOME_SLOT_H

enum { SLOT_MAX = 40 }; /* bytes, with the NUL */
enum { SLOT_FILE_MAX = 100 };

/*
 * "kimi-code" for Kimi's own hosts in mainland China, else "kimi-code-env-" and 16
 * hexadecimal digits of the SHA-256 of both. White space around the host and
 * slashes at the end of either do not count; all else does, case and ports too.
 */
void slot_name(const char *oauth_host, const char *base_url, char ret_slot[SLOT_MAX]);

/*
 * The name of the file, without ".json", that a `key` of the config means: X for
 * "oauth/X", and a key without a slash itself. It points into `key`. NULL:
 * kimi-code refuses it (empty, another slash, a leading dot), or it is longer than
 * SLOT_FILE_MAX bytes. The key does not say which login is used: kimi-code ignores
 * one that is not the computed slot.
 */
const char *slot_file_of_key(const char *key);

#endif
