/*
 * login_event: the data of an event about a login.
 */
#ifndef KIMI_UI_LOGIN_EVENT_H
#define KIMI_UI_LOGIN_EVENT_H

#include "account/account.h"

#include <jansson.h>

/* {"platform","account","client","home"}; the account is null for the default one. The caller owns it. */
json_t *login_event_data(const struct account *account);

#endif
