#include "config/current.h"

#include "config/file.h"
#include "config/view.h"

#include <string.h>

const struct platform *config_default_platform_at(const struct home *home)
{
	struct toml *doc = NULL;
	const struct platform *platform = NULL;

	if (config_file_read(home, &doc, NULL) == 0)
		platform = config_default_platform(home, doc);
	toml_free(doc);
	return platform;
}

bool config_names_keyring(const struct account *who)
{
	struct toml *doc = NULL;
	bool named = false;

	if (config_file_read(who->home, &doc, NULL) != 0)
		return false;
	for (const struct toml_node *node = config_first_provider(doc); node; node = toml_next(node)) {
		const struct toml_node *oauth = toml_member(node, "oauth");
		const char *storage = config_member_text(oauth, "storage");
		const char *its_key = config_member_text(oauth, "key");
		if (storage && its_key && strcmp(storage, "keyring") == 0 && strcmp(its_key, who->key) == 0)
			named = true;
	}
	toml_free(doc);
	return named;
}
