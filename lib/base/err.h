/*
 * err: an error as a value.
 *
 * A function that can fail takes a `struct err *`, returns -1 and fills it with a code (for
 * the caller), a message and a hint. Only cmd/ prints errors, through ui/report.h, as a
 * line or a JSON event. The table in err.c maps each code to an exit status.
 *
 * Setting an error allocates no memory. Texts are cut at the end of the array; control
 * characters are removed when they are printed.
 */
#ifndef KIMI_BASE_ERR_H
#define KIMI_BASE_ERR_H

enum err_code {
	ERR_NONE,
	ERR_USAGE,          /* the command line is wrong */
	ERR_LOGIN_REQUIRED, /* no usable login or key is stored */
	ERR_REJECTED,       /* the server refused the refresh token or key */
	ERR_DENIED,         /* the user denied the login */
	ERR_WRONG_HOST,     /* the login was issued by another host, or the host must not be used */
	ERR_STORAGE,        /* credentials cannot be read or written */
	ERR_CONFIG,         /* config.toml or a setting is unusable */
	ERR_PROTOCOL,       /* an invalid response */
	ERR_FAILED,         /* any other permanent error, such as a missing program */
	ERR_TIMEOUT,        /* the timeout of the command passed */
	ERR_NETWORK,        /* the host was not reached, or the response is not from Kimi */
	ERR_SERVER,         /* 429 and 5xx */
	ERR_BUSY,           /* a lock or the keyring was not available in time, or out of memory */
	ERR_INTERRUPTED,    /* a signal asked to stop */
};

struct err {
	enum err_code code;
	char what[640]; /* the message */
	char hint[256]; /* what to do about it; "" if there is nothing to say */
};

/*
 * Fills *err (may be NULL) and returns -1, so that a function can end in `return
 * err_set(...)`. The hint and the arguments may be texts of *err itself.
 */
int err_set(struct err *err, enum err_code code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same, with ": " and the text of errno after the message. Too many open files are ERR_BUSY. */
int err_errno(struct err *err, enum err_code code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "out of memory", ERR_BUSY. */
int err_memory(struct err *err);

/* A write to standard output failed, ERR_FAILED; with the text of errno unless that is 0. */
int err_output(struct err *err);

/* Replaces the hint. */
void err_advise(struct err *err, const char *hint);

/* The name of a code as scripts see it ("login_required"), and its exit status. */
const char *err_name(enum err_code code);
int err_exit_status(enum err_code code);

/* The code with that name; ERR_FAILED for a name that no code has. */
enum err_code err_by_name(const char *name);

/* A later retry may help: the exit status is 75. */
int err_is_temporary(enum err_code code);

#endif
