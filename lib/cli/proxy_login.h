/*
 * proxy_login: where the login of kimi proxy is, for its token source.
 */
#ifndef KIMI_CLI_PROXY_LOGIN_H
#define KIMI_CLI_PROXY_LOGIN_H

#include "base/err.h"
#include "proxy/token_source.h"

/* See struct token_login. -1: as context_open(). */
int proxy_login_locate(const struct token_login *login, const char *platform,
    struct token_location *ret_location, struct err *err);

#endif
