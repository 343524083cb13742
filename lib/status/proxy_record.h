/*
 * proxy_record: the proxies of this user that are running.
 *
 * Each keeps a file in the runtime directory locked while it runs, so that one that
 * was killed is not taken for a running one. There is no key in it.
 */
#ifndef KIMI_STATUS_PROXY_RECORD_H
#define KIMI_STATUS_PROXY_RECORD_H

#include <jansson.h>

enum { PROXY_RECORD_PATH_MAX = 1100 };

struct proxy_record {
	int fd; /* -1: there is none, as where there is no runtime directory */
	char path[PROXY_RECORD_PATH_MAX];
};

/* Notes that this process serves there. */
void proxy_record_open(struct proxy_record *ret_record, const char *url, const char *command);
void proxy_record_close(struct proxy_record *record);

/* A list of {"pid","url","since","command"}; never NULL. Removes files of those that have ended. */
json_t *proxy_record_list(void);

#endif
