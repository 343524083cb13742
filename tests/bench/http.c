/*
 * http [-u] [-e] [-n COUNT] [-b BYTES] URL KEY: times requests on one connection that is kept open. Prints
 * the median in microseconds, or with -b the MB/s of a response (-u: of a request body) of that many bytes.
 * With -e the response is a stream of COUNT events in which the server says "at", the time it wrote them;
 * prints the delay of the slowest in microseconds. Only http to 127.0.0.1.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int connect_to(const char *url, char ret_host[64], const char **ret_path)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int yes = 1;

	const char *host = url + strlen("http://");
	size_t len = strcspn(host, "/");
	snprintf(ret_host, 64, "%.*s", (int)len, host);
	*ret_path = host + len;
	address.sin_port = htons((unsigned short)strtoul(strchr(ret_host, ':') + 1, NULL, 10));
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return fd;
}

/* Sends a body of `bytes` bytes. */
static void send_body(int fd, unsigned long long bytes)
{
	static char block[1 << 18];

	while (bytes) {
		ssize_t n = write(fd, block, bytes < sizeof(block) ? bytes : sizeof(block));
		if (n <= 0)
			fail("write");
		bytes -= (unsigned long long)n;
	}
}

/* Reads a response with a Content-Length; returns its status. */
static int read_answer(int fd)
{
	static char block[1 << 18];
	size_t got = 0;
	char *end;

	do {
		ssize_t n = read(fd, block + got, sizeof(block) - 1 - got);
		if (n <= 0)
			fail("read");
		got += (size_t)n;
		block[got] = '\0';
	} while (!(end = strstr(block, "\r\n\r\n")));
	char *length = strcasestr(block, "\r\nContent-Length:");
	int status = (int)strtol(block + strlen("HTTP/1.1 "), NULL, 10);
	unsigned long long left = length ? strtoull(length + strlen("\r\nContent-Length:"), NULL, 10) : 0;
	size_t here = got - (size_t)(end + 4 - block);
	for (left -= here < left ? here : left; left;) {
		ssize_t n = read(fd, block, left < sizeof(block) ? left : sizeof(block));
		if (n <= 0)
			fail("read");
		left -= (unsigned long long)n;
	}
	return status;
}

/* Reads `count` events; returns the delay of the slowest in seconds. */
static double read_events(int fd, int count)
{
	static const char at[] = "\"at\": ";
	static char block[1 << 16];
	size_t got = 0;
	double slowest = 0;

	while (count) {
		ssize_t n = read(fd, block + got, sizeof(block) - 1 - got);
		double arrived = seconds_of(CLOCK_REALTIME);
		if (n <= 0)
			fail("read");
		got += (size_t)n;
		block[got] = '\0';
		if (strncmp(block, "HTTP/1.1 ", 9) == 0 && strncmp(block + 9, "200", 3) != 0) {
			fprintf(stderr, "%.12s\n", block);
			exit(1);
		}
		char *rest = block, *event;
		for (; count && (event = strstr(rest, at)) && strchr(event, '}'); count--) {
			double took = arrived - strtod(event + sizeof(at) - 1, &rest);
			if (took > slowest)
				slowest = took;
		}
		got -= (size_t)(rest - block);
		memmove(block, rest, got + 1);
	}
	return slowest;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	unsigned long long bytes = 0;
	bool upload = false, events = false;
	int count = 1000, letter;
	char host[64], head[1024];
	const char *path;

	while ((letter = getopt(argc, argv, "uen:b:")) != -1) {
		if (letter == 'u')
			upload = true;
		else if (letter == 'e')
			events = true;
		else if (letter == 'n')
			count = (int)strtol(optarg, NULL, 10);
		else if (letter == 'b')
			bytes = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind != 2 || count < 1)
		return 2;
	int fd = connect_to(argv[optind], host, &path);
	int len = snprintf(head, sizeof(head),
	    "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Length: %llu\r\n\r\n",
	    upload ? "POST" : "GET", path, host, argv[optind + 1], upload ? bytes : 0);
	double *took = calloc((size_t)count, sizeof(*took));
	if (!took || len >= (int)sizeof(head))
		return 2;
	if (events) {
		if (write(fd, head, (size_t)len) != len)
			fail("write");
		printf("%.1f\n", read_events(fd, count) * 1e6);
		free(took);
		return 0;
	}
	for (int i = 0; i < count; i++) {
		double start = now();
		if (write(fd, head, (size_t)len) != len)
			fail("write");
		send_body(fd, upload ? bytes : 0);
		int status = read_answer(fd);
		took[i] = now() - start;
		if (status != 200) {
			fprintf(stderr, "status %d\n", status);
			return 1;
		}
	}
	qsort(took, (size_t)count, sizeof(*took), by_value);
	double median = took[count / 2];
	printf("%.1f\n", bytes ? (double)bytes / 1e6 / took[0] : median * 1e6);
	free(took);
	return 0;
}
