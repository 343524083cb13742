#include "config/edit.h"

#include "config/file.h"

struct editor editor_of(const struct home *home, struct toml *doc)
{
	return (struct editor){.home = home, .dialect = config_dialect(home), .doc = doc};
}

void editor_set(struct editor *e, const char *const path[], json_t *value)
{
	if (!value)
		e->failed = true;
	if (!e->failed && toml_set(e->doc, path, value, &e->error) < 0)
		e->failed = true;
	json_decref(value);
}

void editor_set_text(struct editor *e, const char *const path[], const char *text)
{
	editor_set(e, path, json_string(text));
}

void editor_put_text(struct editor *e, const char *const path[], const char *text)
{
	if (text)
		editor_set_text(e, path, text);
	else
		editor_unset(e, path);
}

void editor_set_text_if_absent(struct editor *e, const char *const path[], const char *text)
{
	if (!toml_get(e->doc, path))
		editor_set_text(e, path, text);
}

void editor_unset(struct editor *e, const char *const path[])
{
	if (!e->failed && toml_remove(e->doc, path, &e->error) < 0)
		e->failed = true;
}

void editor_unset_node(struct editor *e, const struct toml_node *node)
{
	if (!e->failed && toml_remove_node(e->doc, node, &e->error) < 0)
		e->failed = true;
}

int editor_finish(const struct editor *e, struct err *err)
{
	if (!e->failed)
		return 0;
	if (*e->error.message)
		return config_file_error(&e->error, err);
	/* jansson makes no string of it. */
	return err_set(err, ERR_CONFIG, "check the hosts in the environment",
	    "config.toml cannot hold text that is not UTF-8");
}
