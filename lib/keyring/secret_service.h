/*
 * secret_service: the Secret Service on the session bus, through libsecret, without
 * prompts to the user.
 *
 * Some services, such as KeePassXC, open a prompt for every call and close it at once if
 * there is nothing to ask. So on a desktop, a prompt gets half a second. A prompt that is
 * still open is dismissed then, and the call fails as with a locked keyring
 * (SECRET_ERROR_IS_LOCKED). Without a desktop, no prompt is opened.
 */
#ifndef KIMI_KEYRING_SECRET_SERVICE_H
#define KIMI_KEYRING_SECRET_SERVICE_H

#include <libsecret/secret.h>

/*
 * Connects to the service; the caller unrefs it. NULL: *error says why. Never launches a
 * bus (session_bus.h).
 */
SecretService *keyring_service_open(GError **error);

#endif
