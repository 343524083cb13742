#include "base/clock.h"

#include <limits.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

double clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long long milliseconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

long long clock_ms(void)
{
	return milliseconds_of(CLOCK_MONOTONIC);
}

long long clock_boot_ms(void)
{
	return milliseconds_of(CLOCK_BOOTTIME);
}

int clock_left(long long deadline)
{
	long long left = deadline - clock_ms();

	if (left < 0)
		return 0;
	if (left > INT_MAX)
		return INT_MAX;
	return (int)left;
}

int clock_alarm(long long milliseconds)
{
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	struct itimerspec once = {.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000000 + 1}};

	if (fd >= 0 && timerfd_settime(fd, 0, &once, NULL) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int clock_jitter(int low, int high)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	unsigned mix = (unsigned)t.tv_nsec * 2654435761u ^ (unsigned)getpid() * 40503u;
	return low + (int)(mix % (unsigned)(high - low + 1));
}
