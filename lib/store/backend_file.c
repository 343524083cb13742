/* The file backend: the private file that the home's client reads too (token_file.h). */
#include "store/backend.h"
#include "store/store.h"
#include "store/token_file.h"

static int file_load(struct store *store, struct token *ret_token, struct err *err)
{
	int result = token_file_read(&store->file, ret_token, err);
	char hint[ACCOUNT_HINT_MAX];

	if (result < 0 && err && !*err->hint)
		err_advise(err, account_login_hint(&store->who, hint));
	store->found = store->kind = result == 0 ? STORE_FILE : STORE_NOWHERE;
	return result;
}

static int file_probe(struct store *store, const struct token *present, struct err *err)
{
	if (present)
		return token_file_rewrite(&store->file, err);
	return 0;
}

static int file_save(struct store *store, const struct token *token, struct err *err)
{
	return token_file_write(&store->file, token, err);
}

static int file_erase(struct store *store, struct err *err)
{
	return token_file_remove(&store->file, err);
}

const struct store_backend backend_file = {
    .name = "file",
    .load = file_load,
    .probe = file_probe,
    .save = file_save,
    .erase = file_erase,
};
