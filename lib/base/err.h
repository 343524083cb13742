/*
 * err: an error as a value.
 *
 * A function that can fail takes a `struct err *`, returns -1 and fills it: the
 * code (what the caller does next), what went wrong and what to do about it.
 * Nothing below cmd/ prints. One place (cli/report.h) speaks the error, as a
 * line or a JSON event; one table here turns the code into an exit status.
 *
 * Setting an error allocates nothing. Texts are cut at the end of the array,
 * and cleaned when they are shown, not here.
 */
#ifndef KIMI_BASE_ERR_H
#define KIMI_BASE_ERR_H

enum err_code {
	ERR_NONE,
	ERR_USAGE,          /* the command line is wrong */
	ERR_LOGIN_REQUIRED, /* nothing is stored that could be used */
	ERR_REJECTED,       /* the server refused the refresh token or key */
	ERR_DENIED,         /* the person refused the login */
	ERR_WRONG_HOST,     /* the login was issued by another host, or the host may not be asked */
	ERR_STORAGE,        /* credentials cannot be read or written */
	ERR_CONFIG,         /* config.toml or a setting is unusable */
	ERR_PROTOCOL,       /* an answer that makes no sense */
	ERR_FAILED,         /* anything else that will fail again (a missing program) */
	ERR_TIMEOUT,        /* the time that was given ran out */
	ERR_NETWORK,        /* not reached, or not Kimi that answered */
	ERR_SERVER,         /* 429 and 5xx */
	ERR_BUSY,           /* a lock or the keyring did not answer in time, or there is no memory */
	ERR_INTERRUPTED,    /* a signal asked to stop */
};

struct err {
	enum err_code code;
	char what[640]; /* what went wrong */
	char todo[256]; /* what to do; "" if there is nothing to say */
};

/* Fills *err (NULL is fine) and returns -1, so that a function can end in `return err_set(...)`. The texts may be its own. */
int err_set(struct err *err, enum err_code code, const char *todo, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with ": " and the text of errno at the end of what went wrong. */
int err_errno(struct err *err, enum err_code code, const char *todo, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "out of memory", ERR_BUSY. */
int err_memory(struct err *err);

/* Standard output did not take all of it, ERR_FAILED; with the text of errno, unless that is 0. */
int err_output(struct err *err);

/* Replaces what to do. */
void err_advise(struct err *err, const char *todo);

/* The name of a code as scripts see it ("login_required"), and its exit status. */
const char *err_name(enum err_code code);
int err_exit_status(enum err_code code);

/* The code with that name; ERR_FAILED for a name that no code has. */
enum err_code err_by_name(const char *name);

/* Trying again later may help: exit status 75. */
int err_is_passing(enum err_code code);

#endif
