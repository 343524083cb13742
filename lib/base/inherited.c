#include "base/inherited.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* -1: the kernel does not have this call, or a container denies it. */
static int inherited_close_range(unsigned first, unsigned last, unsigned flags)
{
#ifdef SYS_close_range
	return (int)syscall(SYS_close_range, first, last, flags);
#else
	(void)first, (void)last, (void)flags;
	return -1;
#endif
}

void inherited_close_on_exec(void)
{
	enum { CLOSE_RANGE_CLOEXEC_FLAG = 1 << 2 };

	if (inherited_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC_FLAG) == 0)
		return;
	long max = sysconf(_SC_OPEN_MAX);
	for (int fd = 3; fd < (max > 0 && max < 4096 ? max : 4096); fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int compare_descriptors(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

enum { OWN_MAX = 256 };

/*
 * Lists our own descriptors, those with close-on-exec, in ascending order. -1: /proc is
 * missing, or there are too many.
 */
static int inherited_list_own(int own[OWN_MAX])
{
	DIR *opened = opendir("/proc/self/fd");
	int count = 0;

	if (!opened)
		return -1;
	for (struct dirent *entry; count >= 0 && (entry = readdir(opened));) {
		int fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd <= STDERR_FILENO || !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
			continue;
		if (count == OWN_MAX)
			count = -1;
		else
			own[count++] = fd;
	}
	closedir(opened);
	if (count > 0)
		qsort(own, (size_t)count, sizeof(*own), compare_descriptors);
	return count;
}

static int inherited_close_between(const int *own, int count)
{
	unsigned first = STDERR_FILENO + 1;

	for (int i = 0; i < count; i++) {
		unsigned fd = (unsigned)own[i];
		if (first < fd && inherited_close_range(first, fd - 1, 0) < 0)
			return -1;
		first = fd + 1;
	}
	return inherited_close_range(first, ~0U, 0);
}

static void inherited_close_each(void)
{
	long max = sysconf(_SC_OPEN_MAX);

	for (int fd = STDERR_FILENO + 1; fd < max; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags >= 0 && !(flags & FD_CLOEXEC))
			close(fd);
	}
}

void inherited_drop(void)
{
	int own[OWN_MAX];
	int count = inherited_list_own(own);

	if (count < 0 || inherited_close_between(own, count) < 0)
		inherited_close_each();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
}
