/*
 * key: the local key, without which the proxy answers nobody.
 */
#ifndef KIMI_PROXY_KEY_H
#define KIMI_PROXY_KEY_H

#include "base/err.h"

enum { PROXY_KEY_MAX = 256 };

/* A random one of 256 bits. -1: the kernel gives none (ERR_FAILED). */
int proxy_key_make(char ret_key[PROXY_KEY_MAX], struct err *err);

/*
 * The one in a file that is the user's and closed to others; a file that is not there
 * is made with a random one. ERR_CONFIG, ERR_STORAGE.
 */
int proxy_key_of_file(const char *path, char ret_key[PROXY_KEY_MAX], struct err *err);

#endif
