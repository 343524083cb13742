/*
 * bus: where the user's session bus is, for those that would launch one.
 *
 * GDBus launches a bus of its own where it knows of none, and where an address
 * says so. From cron there is no address in the environment, but the user's bus
 * may well run: its socket lies in a known place, and is taken only if it belongs
 * to the user.
 */
#ifndef KIMI_KEYRING_SESSION_BUS_H
#define KIMI_KEYRING_SESSION_BUS_H

#include <stdbool.h>

/* Makes $DBUS_SESSION_BUS_ADDRESS name buses that run, if at all. False: there is none. */
bool bus_find(void);

#endif
