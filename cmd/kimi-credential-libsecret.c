/*
 * kimi-credential-libsecret: the system keyring as a Git credential helper.
 *
 * get, store or erase as the argument; git-credential(1)'s lines on standard
 * input and output. Exit status: 0 found or done, 1 not found, 3 locked, 4 unavailable.
 */
#include "base/buf.h"
#include "base/text.h"
#include "cli/command.h"
#include "keyring/keyring.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, USAGE = 2, UNAVAILABLE = 4 };
enum { MAX_LINE = 1024 * 1024 + 64 };

static const int exit_statuses[] = {
    [KEYRING_DONE] = DONE, [KEYRING_NONE] = 1, [KEYRING_LOCKED] = 3, [KEYRING_UNAVAILABLE] = UNAVAILABLE};

struct credential_request {
	struct buf username, password;
};

static void operation_take_line(struct credential_request *request, const char *line)
{
	struct buf *value;

	if (strncmp(line, "username=", 9) == 0)
		value = &request->username;
	else if (strncmp(line, "password=", 9) == 0)
		value = &request->password;
	else
		return;
	buf_clear(value);
	buf_addstr(value, line + 9);
}

static bool read_request(struct credential_request *request)
{
	char *line = malloc(MAX_LINE);
	bool ok = line != NULL;

	while (ok && fgets(line, MAX_LINE, stdin)) {
		size_t len = strcspn(line, "\n");
		ok = line[len] == '\n'; /* not if the line is too long or contains a NUL */
		line[len] = '\0';
		if (!*line)
			break;
		operation_take_line(request, line);
	}
	if (line)
		wipe(line, MAX_LINE);
	free(line);
	return ok && !request->username.failed && !request->password.failed && *request->username.data;
}

static enum keyring_result operation_get(const struct credential_request *request, struct err *err)
{
	struct buf secret;

	buf_init_secret(&secret, MAX_LINE);
	enum keyring_result result = keyring_get(request->username.data, &secret, err);
	if (result == KEYRING_DONE)
		printf("username=%s\npassword=", request->username.data);
	/* JSON of others may contain line breaks, which the protocol cannot carry: make them spaces. */
	for (size_t i = 0; i < secret.len; i++) {
		char c = secret.data[i];
		if (c == '\n' || c == '\r' || !c)
			c = ' ';
		putchar(c);
	}
	if (result == KEYRING_DONE)
		putchar('\n');
	buf_release(&secret);
	return result;
}

static enum keyring_result operation_store(const struct credential_request *request, struct err *err)
{
	return keyring_store(request->username.data, request->password.data, err);
}

static enum keyring_result operation_erase(const struct credential_request *request, struct err *err)
{
	return keyring_erase(request->username.data, err);
}

typedef enum keyring_result operation(const struct credential_request *request, struct err *err);

static int operation_complain(const char *what)
{
	fprintf(stderr, "kimi-credential-libsecret: %s\n", what);
	return USAGE;
}

static int operation_perform(operation *run, struct credential_request *request)
{
	struct err err = {0};

	if (!read_request(request) || (run == operation_store && !*request->password.data))
		return operation_complain("no username, or nothing to store");
	int status = exit_statuses[run(request, &err)];
	text_clean_inplace(err.what); /* it quotes the keyring */
	if (status && err.code != ERR_NONE)
		operation_complain(err.what);
	if (fflush(stdout) != 0)
		return UNAVAILABLE;
	return status;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		operation *run;
	} operations[] = {{"get", operation_get}, {"store", operation_store}, {"erase", operation_erase}};
	struct credential_request request;
	operation *run = NULL;

	command_harden();
	if (argc != 2)
		return operation_complain(
		    "usage: kimi-credential-libsecret get|store|erase; see git-credential(1)");
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(argv[1], operations[i].name) == 0)
			run = operations[i].run;
	if (!run) /* the protocol says to ignore unknown operations */
		return DONE;
	buf_init(&request.username, MAX_LINE);
	buf_init_secret(&request.password, MAX_LINE);
	int status = operation_perform(run, &request);
	buf_release(&request.username);
	buf_release(&request.password);
	return status;
}
