/* kimi-cli, archived in 2026. */
#include "home/client.h"

const struct client client_kimi_cli = {
    .name = "kimi-cli",
    .program = "kimi-cli",
    .home_variable = "KIMI_SHARE_DIR",
    .home_default = ".kimi",
    .traces = {"kimi.json", "sessions"},
    .older_config = "config.json",
    .lock = CLIENT_LOCK_FILE,
    .has_keyring = true,
    .header_platform = "kimi_cli",
};
