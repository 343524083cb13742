#include "base/clock.h"

#include <limits.h>
#include <time.h>
#include <unistd.h>

double clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

long long clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int clock_left(long long deadline)
{
	long long left = deadline - clock_ms();

	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int clock_jitter(int low, int high)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	unsigned mix = (unsigned)t.tv_nsec * 2654435761u ^ (unsigned)getpid() * 40503u;
	return low + (int)(mix % (unsigned)(high - low + 1));
}
