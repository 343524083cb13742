/*
 * session_bus: finds the user's session bus, without launching one.
 *
 * GDBus launches a bus if there is no address, or if the address says so. In cron there is
 * no address in the environment, but the user's bus may be running: its socket has a
 * well-known path, and is used only if it belongs to the user.
 */
#ifndef KIMI_KEYRING_SESSION_BUS_H
#define KIMI_KEYRING_SESSION_BUS_H

#include <stdbool.h>

/* Sets $DBUS_SESSION_BUS_ADDRESS to addresses that launch no bus. False: there is no bus. */
bool session_bus_find(void);

#endif
