/*
 * key: the local key, which every request to the proxy must carry.
 */
#ifndef KIMI_PROXY_KEY_H
#define KIMI_PROXY_KEY_H

#include "base/err.h"

enum { PROXY_KEY_MAX = 256 };

/* Makes a random key of 256 bits. ERR_FAILED if the kernel has no random bytes. */
int proxy_key_make(char ret_key[PROXY_KEY_MAX], struct err *err);

/*
 * Reads the key from a file, which must be the user's and closed to others. A missing
 * file is created with a random key, and its directory with mode 0700, but not by root
 * where another user would own the directory. ERR_CONFIG, ERR_STORAGE.
 */
int proxy_key_of_file(const char *path, char ret_key[PROXY_KEY_MAX], struct err *err);

#endif
