/* The baseline of make bench: the least that a program does to print a file. */
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char bytes[65536];
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		if (write(STDOUT_FILENO, bytes, (size_t)n) != n)
			return 1;
	return fd < 0;
}
