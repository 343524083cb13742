/*
 * proxy_record: the running proxies of this user.
 *
 * Each proxy keeps a file in the runtime directory and locks it while it runs, so
 * that a killed proxy is not taken for a running one. It does not contain the key.
 */
#ifndef KIMI_STATUS_PROXY_RECORD_H
#define KIMI_STATUS_PROXY_RECORD_H

#include <jansson.h>

enum { PROXY_RECORD_PATH_MAX = 1100 };

struct proxy_record {
	int fd; /* -1: no record, for example without a runtime directory */
	char path[PROXY_RECORD_PATH_MAX];
};

/* Records that this process serves at that URL, for a command (may be NULL). Ignores errors. */
void proxy_record_open(struct proxy_record *ret_record, const char *url, const char *command);
void proxy_record_close(struct proxy_record *record);

/* A list of {"pid","url","since","command"}, owned by the caller. Removes records of ended proxies. */
json_t *proxy_record_list(void);

#endif
