#include "cli/config_notes.h"

#include "config/check.h"
#include "config/file.h"

#include <stddef.h>
#include <sys/param.h>

enum { PROBLEMS_SHOWN = 3 };

void config_notes_tell(const struct report *report)
{
	static const struct {
		enum config_note note;
		const char *text;
	} lines[] = {
	    {CONFIG_TIGHTENED, "config.toml could be read by others; it is now private"},
	    {CONFIG_STAYS_OPEN, "config.toml holds an API key and others can read it: its file system does "
	                        "not keep permissions"},
	    {CONFIG_STRICTER, "config.toml is now private: its group or ACL could not be kept"},
	    {CONFIG_SPLIT, "config.toml had other hard links: they still have the old content"},
	};
	unsigned notes = config_file_take_notes();

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (notes & lines[i].note)
			report_note(report, "%s", lines[i].text);
}

void config_notes_warn(const struct report *report, const struct home *home)
{
	struct problems problems = {0};
	struct toml *config;

	if (config_file_read(home, &config, NULL) != 0)
		return;
	config_check(home, config, &problems);
	toml_free(config);
	for (size_t i = 0; i < MIN(problems.count, (size_t)PROBLEMS_SHOWN); i++)
		report_note(report, "%s; %s", problems.items[i].message, problems.items[i].remedy);
	if (problems.count > PROBLEMS_SHOWN)
		report_note(report, "'kimi status' shows what else is wrong with config.toml");
}
