/*
 * keyring_service: the Secret Service of the session bus, by libsecret, made to ask nobody.
 *
 * Some services, KeePassXC for one, have a prompt for everything, and it is over at
 * once where there is nothing to ask. So a prompt gets half a second, on a desktop;
 * one that does ask somebody is dismissed then, and what it was for has failed as
 * what is locked does (SECRET_ERROR_IS_LOCKED). Without a desktop none is shown.
 */
#ifndef KIMI_KEYRING_SECRET_SERVICE_H
#define KIMI_KEYRING_SECRET_SERVICE_H

#include <libsecret/secret.h>

/* Connects to it, for the caller to unref. NULL: *error says why. Never launches a bus: see bus.h. */
SecretService *keyring_service_open(GError **error);

#endif
