/* The rows of platform.h. Tests link their own table instead. */
#include "account/platform.h"

static const struct region kimi_code_regions[] = {
    {
        .name = "mainland-cn",
        .site = "kimi.com",
        .oauth_host = "https://auth.kimi.com",
        .base_url = "https://api.kimi.com/coding/v1",
    },
    {
        .name = "global",
        .site = "kimi.ai",
        .where = "outside mainland China",
        .oauth_host = "https://auth.kimi.ai",
        .base_url = "https://api.kimi.ai/coding/v1",
    },
    {.name = NULL},
};

const struct platform platforms[] = {
    {
        .id = "kimi-code",
        .name = "Kimi Code",
        .base_url = "https://api.kimi.com/coding/v1",
        .base_url_variable = "KIMI_CODE_BASE_URL",
        .key_prefix = "sk-kimi-",
        .oauth_key = "oauth/kimi-code",
        .oauth_host = "https://auth.kimi.com",
        .oauth_host_variables = {"KIMI_CODE_OAUTH_HOST", "KIMI_OAUTH_HOST"},
        .client_id = "17e5f671-d194-4dfb-9706-5516cb48c098",
        .device_authorization_path = "/api/oauth/device_authorization",
        .token_path = "/api/oauth/token",
        .regions = kimi_code_regions,
        .usage_path = "/usages",
        .profile_path = "/me",
        .services = {{"moonshot_search", "search"}, {"moonshot_fetch", "fetch"}},
    },
    {
        .id = "moonshot-cn",
        .name = "Kimi Platform (platform.kimi.com)",
        .base_url = "https://api.moonshot.cn/v1",
        .base_url_variable = "KIMI_MOONSHOT_CN_BASE_URL",
        .usage_path = "/users/me/balance",
        .balance_currency = "CNY",
        .allowed_prefixes = {"kimi-k"},
    },
    {
        .id = "moonshot-ai",
        .name = "Kimi Platform (platform.kimi.ai)",
        .base_url = "https://api.moonshot.ai/v1",
        .base_url_variable = "KIMI_MOONSHOT_AI_BASE_URL",
        .usage_path = "/users/me/balance",
        .balance_currency = "USD",
        .allowed_prefixes = {"kimi-k"},
    },
    {.id = NULL},
};
