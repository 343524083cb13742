#include "home/device_headers.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/newfile.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { ID_MAX = 40, MAX_ID_BYTES = 4096 };

void device_headers_clean_value(const char *value, char *ret_clean, size_t size)
{
	size_t len = 0;

	for (; *value && len + 1 < size; value++)
		if (*value >= 0x20 && *value <= 0x7e && (len || *value != ' '))
			ret_clean[len++] = *value;
	while (len && ret_clean[len - 1] == ' ')
		len--;
	ret_clean[len] = '\0';
	if (!len)
		snprintf(ret_clean, size, "unknown");
}

/* ID_UNFIT: an empty file, a link, or another user's file. */
enum id_result { ID_FOUND, ID_UNFIT, ID_UNREADABLE };

static enum id_result read_id(const char *path, char *ret_id, size_t size)
{
	struct buf bytes;
	struct stat st;
	enum id_result result = ID_UNREADABLE;

	buf_init(&bytes, MAX_ID_BYTES);
	/* Do not follow a link: the first line of the file is sent to the server. */
	if (file_read(path, FILE_OWN, &bytes, NULL, NULL) == 0) {
		bytes.data[strcspn(bytes.data, "\r\n")] = '\0';
		device_headers_clean_value(bytes.data, ret_id, size);
		result = strcmp(ret_id, "unknown") == 0 ? ID_UNFIT : ID_FOUND;
	} else if (lstat(path, &st) == 0 && (S_ISLNK(st.st_mode) || st.st_uid != geteuid())) {
		result = ID_UNFIT;
	}
	buf_release(&bytes);
	return result;
}

/* 32 digits, or a UUID of version 4 (RFC 9562 section 5.4). */
static void random_id(bool uuid, char ret_id[ID_MAX])
{
	unsigned char bytes[16] = {0};
	size_t len = 0;

	/* A device id is not secret. If there is no randomness yet at boot, zeros will do. */
	if (getrandom(bytes, sizeof(bytes), 0) < 0)
		memset(bytes, 0, sizeof(bytes));
	if (uuid) {
		bytes[6] = (bytes[6] & 0x0f) | 0x40;
		bytes[8] = (bytes[8] & 0x3f) | 0x80;
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (uuid && (i == 4 || i == 6 || i == 8 || i == 10))
			ret_id[len++] = '-';
		len += (size_t)snprintf(ret_id + len, ID_MAX - len, "%02x", bytes[i]);
	}
}

/*
 * If several processes create the id at once, link() lets the first one win, and all read
 * the same id.
 */
static void make_id(const struct home *home, const char *path, const char *id)
{
	struct newfile f = NEWFILE_INIT;

	if (home_check_writable(home, NULL) == 0 && dir_make(home->directory, NULL) == 0 &&
	    newfile_open(&f, path, 0600, NULL) == 0 && newfile_write(&f, id, strlen(id), NULL) == 0 &&
	    fsync(f.fd) == 0) {
		char other[ID_MAX];
		if (link(f.temporary, path) < 0 && read_id(path, other, sizeof(other)) == ID_UNFIT)
			newfile_commit(&f, NULL);
	}
	newfile_abandon(&f);
}

static void find_id(const struct home *home, char *ret_id, size_t size)
{
	char path[HOME_PATH_MAX], id[ID_MAX];

	home_path(home, HOME_DEVICE_ID, path);
	if (read_id(path, ret_id, size) == ID_FOUND)
		return;
	random_id(home->client->uuid, id);
	make_id(home, path, id);
	if (read_id(path, ret_id, size) != ID_FOUND)
		snprintf(ret_id, size, "%s", id);
}

/* The name of the processor in Node.js. */
static const char *node_name(const char *machine)
{
	static const char *const names[][2] = {{"x86_64", "x64"}, {"aarch64", "arm64"}, {"i386", "ia32"},
	    {"i486", "ia32"}, {"i586", "ia32"}, {"i686", "ia32"}, {"ppc64le", "ppc64"},
	    {"loongarch64", "loong64"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(machine, names[i][0]) == 0)
			return names[i][1];
	if (strncmp(machine, "arm", 3) == 0)
		return "arm";
	return machine;
}

void device_headers_fill(struct device_headers *device, const struct home *home)
{
	const struct client *client = home->client;
	struct utsname host = {0};
	const char *machine = host.machine, *version = host.version;
	char model[sizeof(host.sysname) + sizeof(host.release) + sizeof(host.machine) + 3], id[129];

	uname(&host);
	if (client->node_names) {
		machine = node_name(host.machine);
		version = host.release;
	}
	snprintf(model, sizeof(model), "%s %s %s", host.sysname, host.release, machine);
	find_id(home, id, sizeof(id));
	const char *const values[DEVICE_HEADERS][2] = {
	    {"X-Msh-Platform", client->header_platform},
	    {"X-Msh-Version", KIMI_VERSION},
	    {"X-Msh-Device-Name", host.nodename},
	    {"X-Msh-Device-Model", model},
	    {"X-Msh-Os-Version", version},
	    {"X-Msh-Device-Id", id},
	};
	for (size_t i = 0; i < DEVICE_HEADERS; i++) {
		char clean[256];
		device_headers_clean_value(values[i][1], clean, sizeof(clean));
		snprintf(device->lines[i], DEVICE_HEADER_MAX, "%s: %s", values[i][0], clean);
		device->headers[i] = device->lines[i];
	}
	device->headers[DEVICE_HEADERS] = NULL;
}
