/*
 * model_choice: makes a model the default, by the name that the user typed.
 */
#ifndef KIMI_CLI_MODEL_CHOICE_H
#define KIMI_CLI_MODEL_CHOICE_H

#include "account/platform.h"
#include "base/err.h"
#include "format/toml.h"
#include "home/home.h"
#include "ui/report.h"

struct model_choice {
	const struct home *home;
	struct toml *config;         /* of the home, as it was read; NULL: there is none */
	const struct platform *only; /* choose among its models; NULL: among all */
	const char *typed;           /* the key of a model, its id, or the beginning of one of these */
	const char *thinking;        /* "on" or "off"; NULL: leave it as it is */
};

/*
 * Makes the chosen model the default in config.toml and reports it. -1: ERR_CONFIG,
 * ERR_STORAGE, or ERR_USAGE with the candidates if no model or several have that name. Frees
 * the config, which may be large, before it is read again to be edited.
 */
int model_choice_use(struct model_choice *choice, const struct report *report, struct err *err);

#endif
