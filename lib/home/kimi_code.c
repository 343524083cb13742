/* kimi-code, the current client. */
#include "home/client.h"

const struct client client_kimi_code = {
    .name = "kimi-code",
    .program = "kimi-code",
    .home_variable = "KIMI_CODE_HOME",
    .home_default = ".kimi-code",
    .traces = {"tui.toml", "workspaces.json", "logs", "session_index.jsonl"},
    .lock = CLIENT_LOCK_DIRECTORY,
    .has_slots = true,
    .header_platform = "kimi_code_cli",
    .node_names = true,
    .uuid = true,
    .pretty_record = true,
};
