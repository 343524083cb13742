#include "proxy/path.h"

#include "tap.h"

static const char *const mapped[][2] = {
    {"/v1/chat/completions", "/chat/completions"},
    {"/chat/completions", "/chat/completions"},
    {"/v1/v1/messages", "/messages"},
    {"/v1/v1/v1/messages", "/v1/messages"},
    {"/v1/messages?beta=true", "/messages?beta=true"},
    {"/v1", ""},
    {"/v1/", "/"},
    {"/v1?x=/../y", "?x=/../y"},
    {"/", "/"},
    {"/v10/models", "/v10/models"},
    {"/v1beta/models", "/v1beta/models"},
    {"/files/a..b", "/files/a..b"},
    {"/files/...", "/files/..."},
    {"/files/%41%20b", "/files/%41%20b"},
    {"/v1/models?q=a%2Fb", "/models?q=a%2Fb"},
    {"//models", "//models"},
};

static const char *const refused[] = {
    "",
    "*",
    "v1/models",
    "http://127.0.0.1/v1/models",
    "/v1/../admin",
    "/v1/..",
    "/../v1/models",
    "/v1/./models",
    "/v1/models/.",
    "/v1/%2e%2e/admin",
    "/v1/.%2E/admin",
    "/v1/%2e/models",
    "/v1/..;x/admin",
    "/v1/..%2fadmin",
    "/v1/a%2Fb",
    "/v1/a%5cb",
    "/v1\\..\\admin",
    "/v1/models#x",
    "/v1/mod els",
    "/v1/models\r\nX: y",
    "/v1/mod\xC3\xA8les",
    "/v1/models\x7F",
};

int main(void)
{
	for (size_t i = 0; i < sizeof(mapped) / sizeof(mapped[0]); i++) {
		const char *rest = path_below_base(mapped[i][0]);
		ok(rest && strcmp(rest, mapped[i][1]) == 0, "%s is BASE%s", mapped[i][0], mapped[i][1]);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ok(!path_below_base(refused[i]), "path %zu is refused", i);
	ok(path_is_messages("/v1/messages") && path_is_messages("/messages?beta=true") &&
	        path_is_messages("/v1/v1/messages/count_tokens"),
	    "the paths of the Messages API are known");
	ok(!path_is_messages("/v1/messagesx") && !path_is_messages("/v1/threads/1/messages"),
	    "other paths are not taken for it");
	return tap_done();
}
