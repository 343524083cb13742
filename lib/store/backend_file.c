/* The private file that the client of the home reads too (token_file.h). */
#include "store/backend.h"
#include "store/store.h"
#include "store/token_file.h"

static int file_load(struct store *store, struct token *ret_token, struct err *err)
{
	int result = login_file_read(store->file, store->format, ret_token, &store->rights, err);

	store->found = store->kind = result == 0 ? STORE_FILE : STORE_NOWHERE;
	return result;
}

static int file_probe(struct store *store, const struct token *present, struct err *err)
{
	return present ? login_file_rewrite(store->file, err) : 0;
}

static int file_save(struct store *store, const struct token *token, struct err *err)
{
	return login_file_write(store->file, store->format, &store->next, token, err);
}

static int file_erase(struct store *store, struct err *err)
{
	return login_file_remove(store->file, err);
}

const struct store_backend backend_file = {
    .name = "file",
    .load = file_load,
    .probe = file_probe,
    .save = file_save,
    .erase = file_erase,
};
