/*
 * sd_notify: reports the state of a service to the service manager (sd_notify(3)),
 * without libsystemd.
 */
#ifndef KIMI_BASE_SD_NOTIFY_H
#define KIMI_BASE_SD_NOTIFY_H

/*
 * Sends a state such as "READY=1" to $NOTIFY_SOCKET. Does nothing if that is not set;
 * ignores errors.
 */
void sd_notify_send(const char *state);

#endif
