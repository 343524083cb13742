/*
 * clock: the current time, and time limits.
 *
 * Stored times (expires_at) are wall-clock seconds since the epoch, with a fraction. Time
 * limits use the monotonic clock, which cannot be set back.
 */
#ifndef KIMI_BASE_CLOCK_H
#define KIMI_BASE_CLOCK_H

/* Wall clock, seconds since the epoch. */
double clock_now(void);

/* Monotonic clock in milliseconds, for deadlines. */
long long clock_ms(void);

/* The same, including the time that the machine was suspended. */
long long clock_boot_ms(void);

/* Milliseconds left until `deadline` (of clock_ms()), never below 0. */
int clock_left(long long deadline);

/*
 * A descriptor that is readable after so many milliseconds, including the time that the
 * machine was suspended; the caller closes it. -1 with errno.
 */
int clock_alarm(long long milliseconds);

/*
 * A random number of milliseconds in [low, high], so that waiting processes do not retry
 * at the same time.
 */
int clock_jitter(int low, int high);

#endif
