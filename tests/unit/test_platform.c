/* A platform is a row of the table: a new one uses its own host, client id and names. */
#include "account/account.h"
#include "auth/oauth.h"
#include "store/store.h"

#include "scratch.h"
#include "tap.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

/* Replaces the library's table. */
const struct platform platforms[] = {
    {
        .id = "first",
        .name = "The First",
        .base_url = "https://api.first.test/v1",
        .base_url_variable = "FIRST_BASE_URL",
        .oauth_key = "oauth/first",
        .oauth_host = "https://auth.first.test",
        .oauth_host_variables = {"FIRST_OAUTH_HOST"},
        .client_id = "first-client",
        .device_authorization_path = "/first/device",
        .token_path = "/first/token",
    },
    {
        .id = "fourth",
        .name = "The Fourth",
        .base_url = "https://api.fourth.test/v4",
        .base_url_variable = "FOURTH_BASE_URL",
        .key_prefix = "fourth-",
        .oauth_key = "oauth/fourth",
        .oauth_host = "https://auth.fourth.test",
        .oauth_host_variables = {"FOURTH_OAUTH_HOST", "FOURTH_OTHER_HOST"},
        .client_id = "fourth-client",
        .device_authorization_path = "/fourth/device",
        .token_path = "/fourth/token",
    },
    {.id = NULL},
};

/* A server that accepts one request, keeps it, and sends one response. */
struct server {
	int fd;
	char url[64];
	char request[8192];
	const char *body;
};

static void server_open(struct server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, len) < 0 ||
	    listen(server->fd, 1) < 0 || getsockname(server->fd, (struct sockaddr *)&address, &len) < 0) {
		perror("server");
		exit(1);
	}
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
}

static bool is_whole(const char *request)
{
	const char *length = strstr(request, "Content-Length: "), *body = strstr(request, "\r\n\r\n");

	return body && (!length || strlen(body + 4) >= strtoul(length + 16, NULL, 10));
}

static void *server_answer_once(void *context)
{
	struct server *server = context;
	int fd = accept(server->fd, NULL, NULL);
	size_t len = 0;

	*server->request = '\0';
	while (!is_whole(server->request)) {
		ssize_t n = read(fd, server->request + len, sizeof(server->request) - len - 1);
		if (n <= 0)
			break;
		len += (size_t)n;
		server->request[len] = '\0';
	}
	dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
	    strlen(server->body), server->body);
	close(fd);
	return NULL;
}

static void test_names(const struct home *home)
{
	struct account who;
	struct store store;
	struct err err;
	char path[HOME_PATH_MAX], url[PLATFORM_URL_MAX];

	ok(account_find(&who, home, "fourth", "work", NULL) == 0 && strcmp(who.key, "oauth/fourth@work") == 0,
	    "its logins have its own key");
	home_credentials_file(home, "fourth@work", "json", path);
	ok(store_open(&store, &who, NULL) == 0 && strcmp(store.file.path, path) == 0, "and their own file");
	ok(strcmp(store.who.oauth_host, "https://auth.fourth.test") == 0, "they are bound to its own host");
	setenv("FOURTH_OTHER_HOST", "https://other.test/", 1);
	setenv("FIRST_OAUTH_HOST", "https://wrong.test", 1);
	ok(platform_oauth_host(&platforms[1], NULL, url, NULL) == 0 && strcmp(url, "https://other.test") == 0,
	    "which its own variables replace");
	unsetenv("FOURTH_OTHER_HOST");
	unsetenv("FIRST_OAUTH_HOST");
	account_not_logged_in(&who, &err);
	ok(strcmp(err.what, "not logged in to The Fourth") == 0 &&
	        strcmp(err.hint, "run 'kimi login --platform fourth --account work'") == 0,
	    "messages have its name");
	ok(!platform_find("fifth-platform", &err) && strcmp(err.hint, "use first or fourth") == 0,
	    "an unknown one names all there are");
}

static void test_oauth(const struct home *home)
{
	struct device_authorization authorization = {0};
	struct token token = TOKEN_INIT;
	struct oauth oauth;
	struct account who;
	struct err err = {0};
	pthread_t thread;
	struct server server = {.body =
	                            "{\"user_code\":\"AB-CD\",\"device_code\":\"dc\",\"verification_uri\":"
	                            "\"https://fourth.test/device\"}"};

	server_open(&server);
	setenv("FOURTH_OAUTH_HOST", server.url, 1);
	ok(account_find(&who, home, "fourth", "", &err) == 0 && oauth_open(&oauth, &who, &err) == 0 &&
	        strcmp(oauth.host, server.url) == 0,
	    "its OAuth host is asked");
	pthread_create(&thread, NULL, server_answer_once, &server);
	ok(oauth_authorize_device(&oauth, &authorization, &err) == 0, "a code comes from it: %s", err.what);
	pthread_join(thread, NULL);
	ok(strncmp(server.request, "POST /fourth/device ", 20) == 0 &&
	        strstr(server.request, "\r\n\r\nclient_id=fourth-client"),
	    "at its own path, for its own client id");
	device_authorization_clear(&authorization);

	server.body = "{\"access_token\":\"at\",\"refresh_token\":\"rt\",\"expires_in\":900}";
	pthread_create(&thread, NULL, server_answer_once, &server);
	ok(oauth_refresh(&oauth, "old", &token, &err) == OAUTH_GRANTED, "so does a token");
	pthread_join(thread, NULL);
	ok(strncmp(server.request, "POST /fourth/token ", 19) == 0 &&
	        strstr(server.request, "client_id=fourth-client&grant_type=refresh_token&refresh_token=old"),
	    "likewise");
	token_clear(&token);
	unsetenv("FOURTH_OAUTH_HOST");
	close(server.fd);
}

int main(void)
{
	struct home home = {.client = &client_kimi_cli};

	scratch_open();
	snprintf(home.directory, sizeof(home.directory), "%s", scratch_directory);
	test_names(&home);
	test_oauth(&home);
	scratch_close();
	return tap_done();
}
