#include "base/inherited.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void inherited_close_on_exec(void)
{
#ifdef SYS_close_range
	enum { CLOSE_RANGE_CLOEXEC_FLAG = 1 << 2 };

	/* An older kernel does not have this call, and a container may deny it. */
	if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC_FLAG) == 0)
		return;
#endif
	long max = sysconf(_SC_OPEN_MAX);
	for (int fd = STDERR_FILENO + 1; fd < (max > 0 && max < 4096 ? max : 4096); fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Those with close-on-exec are our own. */
static void inherited_close(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (fd > STDERR_FILENO && flags >= 0 && !(flags & FD_CLOEXEC))
		close(fd);
}

void inherited_drop(void)
{
	DIR *opened = opendir("/proc/self/fd");

	if (opened) {
		for (struct dirent *entry; (entry = readdir(opened));)
			inherited_close((int)strtol(entry->d_name, NULL, 10));
		closedir(opened);
	} else {
		long max = sysconf(_SC_OPEN_MAX);
		for (int fd = 0; fd < max; fd++)
			inherited_close(fd);
	}
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
}
