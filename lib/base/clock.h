/*
 * clock: what time it is, and how long something may still take.
 *
 * Points in time that are stored (expires_at) are wall-clock seconds since the
 * epoch, with a fraction; waiting is counted on the monotonic clock, which no
 * one can set back.
 */
#ifndef KIMI_BASE_CLOCK_H
#define KIMI_BASE_CLOCK_H

/* Wall clock, seconds since the epoch. */
double clock_now(void);

/* Monotonic clock in milliseconds, for deadlines. */
long long clock_ms(void);

/* The same, but counting the time that the machine was suspended. */
long long clock_boot_ms(void);

/* Milliseconds left until `deadline` (of clock_ms()), never below 0. */
int clock_left(long long deadline);

/*
 * A descriptor that is readable once so many milliseconds have passed, those that
 * the machine slept included; the caller closes it. -1: there is none to be had.
 */
int clock_alarm(long long milliseconds);

/* A random number of milliseconds in [low, high], to spread those who wait for the same thing. */
int clock_jitter(int low, int high);

#endif
