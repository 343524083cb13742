/*
 * notify: telling the service manager how a service is (sd_notify(3)), without libsystemd.
 */
#ifndef KIMI_BASE_SD_NOTIFY_H
#define KIMI_BASE_SD_NOTIFY_H

/* Sends a state such as "READY=1" to $NOTIFY_SOCKET; does nothing where no one is there to be told. */
void notify_manager(const char *state);

#endif
