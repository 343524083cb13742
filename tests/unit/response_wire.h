/*
 * response_wire: the bytes that a client gets for a response of libmicrohttpd.
 *
 * 	struct response_wire wire;
 *
 * 	response_wire_read(&wire, "GET", response, 200);
 * 	ok(wire.status == 200 && strstr(wire.head, "\r\nX: y\r\n"), "...");
 */
#ifndef KIMI_TESTS_RESPONSE_WIRE_H
#define KIMI_TESTS_RESPONSE_WIRE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct response_wire {
	struct MHD_Response *response;
	unsigned code;
	char text[512 * 1024]; /* all of it */
	size_t len;
	int status;       /* from the status line; 0: there is none */
	const char *head; /* the lines, each between two "\r\n" */
	const char *body; /* as it was sent, chunks included */
	size_t body_len;  /* bytes of it */
};

static enum MHD_Result response_wire_handle(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *size, void **request_context)
{
	struct response_wire *wire = context;

	(void)url, (void)method, (void)version, (void)data, (void)size;
	if (!*request_context) {
		*request_context = wire;
		return MHD_YES;
	}
	return MHD_queue_response(connection, wire->code, wire->response);
}

/* Reads what has arrived. False: that was all. */
static bool response_wire_receive(struct response_wire *wire, int fd)
{
	ssize_t n = recv(fd, wire->text + wire->len, sizeof(wire->text) - 1 - wire->len, MSG_DONTWAIT);

	if (n > 0)
		wire->len += (size_t)n;
	return n != 0;
}

/* One request on a connection that closes. */
static void response_wire_read(
    struct response_wire *wire, const char *method, struct MHD_Response *response, unsigned status)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int ends[2];
	char request[100];

	memset(wire, 0, sizeof(*wire));
	wire->response = response;
	wire->code = status;
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
	    response_wire_handle, wire, MHD_OPTION_END);
	if (!daemon || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
		exit(1);
	snprintf(request, sizeof(request), "%s / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method);
	if (send(ends[0], request, strlen(request), 0) < 0 ||
	    MHD_add_connection(daemon, ends[1], (struct sockaddr *)&address, sizeof(address)) != MHD_YES)
		exit(1);
	do
		MHD_run(daemon);
	while (response_wire_receive(wire, ends[0]));
	MHD_stop_daemon(daemon);
	close(ends[0]);
	sscanf(wire->text, "HTTP/1.1 %d ", &wire->status);
	char *end = strstr(wire->text, "\r\n\r\n");
	if (!end)
		exit(1);
	wire->body = end + strlen("\r\n\r\n");
	wire->body_len = wire->len - (size_t)(wire->body - wire->text);
	end[2] = '\0';
	wire->head = strstr(wire->text, "\r\n");
}

/* Whether the head has this line. */
static bool response_wire_has(const struct response_wire *wire, const char *line)
{
	char text[300];

	snprintf(text, sizeof(text), "\r\n%s\r\n", line);
	return strstr(wire->head, text);
}

#endif
