#include "api/models.h"

#include "format/json.h"
#include "tap.h"

#include <string.h>

static struct home home = {.client = &client_kimi_cli};
static struct models models;
static struct reason reason;

static int read_models(const char *platform, const char *text)
{
	json_t *response = json_parse(text, strlen(text), NULL);

	models_clear(&models);
	int result = models_from_response(&home, platform_find(platform, NULL), response, &models, &reason);
	json_decref(response);
	return result;
}

/* The capabilities of the only model that the members describe. */
static unsigned capabilities(const char *members)
{
	char text[400];

	snprintf(text, sizeof(text), "{\"data\":[{%s}]}", members);
	return read_models(NULL, text) == 0 && models.count == 1 ? models.items[0].capabilities : ~0u;
}

/* The list has exactly these ids, in order, each followed by a blank. */
static bool has_ids(const char *ids)
{
	char row[400] = "";

	for (size_t i = 0; i < models.count; i++) {
		strcat(row, models.items[i].id);
		strcat(row, " ");
	}
	return strcmp(row, ids) == 0;
}

static void test_capabilities(void)
{
	const unsigned k25 = MODEL_THINKING | MODEL_IMAGE_IN | MODEL_VIDEO_IN;

	ok(capabilities("\"id\":\"m\"") == 0, "a model can nothing that is not said of it");
	ok(capabilities("\"id\":\"m\",\"supports_reasoning\":true") == MODEL_THINKING,
	    "reasoning is thinking");
	ok(capabilities("\"id\":\"m\",\"supports_image_in\":true,\"supports_video_in\":true") ==
	        (MODEL_IMAGE_IN | MODEL_VIDEO_IN),
	    "images and videos are taken");
	ok(capabilities("\"id\":\"m\",\"supports_reasoning\":\"false\",\"supports_image_in\":-1,\"supports_"
	                "video_in\":[0]") == (MODEL_THINKING | MODEL_IMAGE_IN | MODEL_VIDEO_IN),
	    "a text, a number but 0 and a list with something in it are true");
	ok(capabilities("\"id\":\"m\",\"supports_reasoning\":\"\",\"supports_image_in\":0.0,\"supports_"
	                "video_in\":null") == 0 &&
	        capabilities("\"id\":\"m\",\"supports_reasoning\":false,\"supports_image_in\":[],\"supports_"
	                     "video_in\":{}") == 0,
	    "an empty text, 0, null and what is empty are false");
	ok(capabilities("\"id\":\"kimi-Thinking-x\"") == (MODEL_THINKING | MODEL_ALWAYS_THINKING),
	    "one that is called thinking always thinks");
	ok(capabilities("\"id\":\"kimi-k2.5\"") == k25 && capabilities("\"id\":\"x/Kimi-K2.5-turbo\"") == k25,
	    "a k2.5 thinks, sees images and videos");
	ok(capabilities("\"id\":\"kimi-k2.5-thinking\"") == (k25 | MODEL_ALWAYS_THINKING),
	    "both rules hold together");
	ok(capabilities("\"id\":\"kimi-k2-5\"") == 0, "k2-5 is not k2.5");
}

static const struct {
	const char *members;
	unsigned capabilities; /* in kimi-code's home */
} rows[] = {
    {"", MODEL_TOOL_USE},
    {",\"supports_thinking_type\":\"only\"", MODEL_THINKING | MODEL_ALWAYS_THINKING | MODEL_TOOL_USE},
    {",\"supports_thinking_type\":\"both\"", MODEL_THINKING | MODEL_TOOL_USE},
    {",\"supports_thinking_type\":\"no\",\"supports_reasoning\":true", MODEL_TOOL_USE},
    {",\"supports_thinking_type\":\"maybe\",\"supports_reasoning\":true", MODEL_THINKING | MODEL_TOOL_USE},
    {",\"supports_thinking_type\":1,\"supports_reasoning\":false", MODEL_TOOL_USE},
    {",\"supports_tool_use\":null", 0},
    {",\"supports_tool_use\":false", 0},
    {",\"supports_tool_use\":\"false\"", MODEL_TOOL_USE},
    {",\"supports_dynamic_tools\":true", MODEL_TOOL_USE | MODEL_DYNAMIC_TOOLS},
    {",\"supports_dynamic_tools\":1", MODEL_TOOL_USE},
};

static void test_clients(void)
{
	char members[200];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		unsigned known_to_kimi_cli =
		    rows[i].capabilities & ~(unsigned)(MODEL_TOOL_USE | MODEL_DYNAMIC_TOOLS);
		snprintf(members, sizeof(members), "\"id\":\"kimi-x\"%s", rows[i].members);
		home.client = &client_kimi_code;
		ok(capabilities(members) == rows[i].capabilities, "in kimi-code's home: %s", members);
		home.client = &client_kimi_cli;
		ok(capabilities(members) == known_to_kimi_cli, "in kimi-cli's home: %s", members);
	}
	home.client = &client_kimi_code;
	ok(capabilities("\"id\":\"kimi-k2.5-thinking\"") == MODEL_TOOL_USE,
	    "kimi-code has no rules of names");
	ok(read_models("moonshot-cn", "{\"data\":[{\"id\":\"kimi-k3\",\"supports_dynamic_tools\":true,"
	                              "\"protocol\":\"anthropic\"}]}") == 0 &&
	        models.items[0].capabilities == MODEL_TOOL_USE && !models.items[0].protocol,
	    "a platform with keys alone has neither dynamic tools nor another protocol");
	home.client = &client_kimi_cli;
}

/* The protocol and efforts of the only model that the members describe: "PROTOCOL DEFAULT: EFFORT EFFORT". */
static const char *details(const char *members)
{
	static char text[400];

	snprintf(text, sizeof(text), "{\"data\":[{\"id\":\"m\",%s}]}", members);
	if (read_models(NULL, text) < 0 || models.count != 1)
		return "none";
	const struct model *model = &models.items[0];
	snprintf(text, sizeof(text), "%s %s:", model->protocol ? model->protocol : "-",
	    model->default_effort ? model->default_effort : "-");
	for (char **effort = model->efforts; effort && *effort; effort++) {
		strcat(text, " ");
		strcat(text, *effort);
	}
	return text;
}

static bool is(const char *is, const char *expected)
{
	if (strcmp(is, expected) != 0)
		printf("# '%s' is not '%s'\n", is, expected);
	return strcmp(is, expected) == 0;
}

static void test_details(void)
{
	ok(is(details("\"protocol\":\"anthropic\""), "anthropic -:"), "the protocol anthropic");
	ok(is(details("\"protocol\":\"response\""), "openai_responses -:"), "response is openai_responses");
	ok(is(details("\"protocol\":\"kimi\""), "- -:") && is(details("\"protocol\":5"), "- -:"),
	    "other protocols are ignored: no client loads them");
	ok(is(details(
	          "\"think_efforts\":{\"support\":true,\"valid_efforts\":[\"low\",\"\",5,null,\"a\\u001bb\"],"
	          "\"default_effort\":\"low\"}"),
	       "- low: low ab"),
	    "efforts are the texts that are not empty, cleaned");
	ok(is(details("\"think_efforts\":{\"support\":true,\"valid_efforts\":[],\"default_effort\":\"\"}"),
	       "- -:") &&
	        is(details("\"think_efforts\":{\"support\":1,\"valid_efforts\":[\"low\"],\"default_effort\":"
	                   "\"low\"}"),
	            "- -:") &&
	        is(details("\"think_efforts\":[1]"), "- -:") &&
	        is(details("\"support_efforts\":[\"low\"]"), "- -:"),
	    "none where they are not supported");
}

static void test_members(void)
{
	ok(read_models(NULL,
	       "{\"data\":[{\"id\":\"m\",\"context_length\":262144,\"display_name\":\"The Model\"}]}") == 0 &&
	        models.items[0].context_length == 262144 &&
	        strcmp(models.items[0].display_name, "The Model") == 0,
	    "the context and the name are read");
	ok(read_models(NULL, "{\"data\":[{\"id\":\"m\"}]}") == 0 && models.items[0].context_length == 0 &&
	        !models.items[0].display_name,
	    "or are not known");
	ok(read_models(
	       NULL, "{\"data\":[{\"id\":\"m\",\"context_length\":\"1000\",\"display_name\":\"\"}]}") == 0 &&
	        models.items[0].context_length == 1000 && !models.items[0].display_name,
	    "a number may be a text, an empty name is none");
	ok(read_models(NULL,
	       "{\"data\":[{\"id\":\"a\",\"context_length\":-5},{\"id\":\"b\",\"context_length\":1e300},"
	       "{\"id\":\"c\",\"context_length\":[]}]}") == 0 &&
	        models.count == 3 && models.items[0].context_length == 0 &&
	        models.items[1].context_length == 0 && models.items[2].context_length == 0,
	    "a context that makes no sense is not known");
	ok(read_models(NULL, "{\"data\":[{\"id\":\"m\",\"display_name\":\"a\\u001b[31m\\u202eb\\nc\"}]}") ==
	            0 &&
	        strcmp(models.items[0].display_name, "a[31mb c") == 0,
	    "a name is cleaned");
	ok(read_models(NULL, "{\"data\":[{\"id\":\"m\",\"display_name\":5}]}") == 0 &&
	        !models.items[0].display_name,
	    "a name which is not a string is none");
}

static void test_lists(void)
{
	ok(read_models(NULL, "{\"data\":[{\"id\":\"b\",\"context_length\":5},{\"id\":\"a\"},{\"id\":\"b\","
	                     "\"display_name\":\"x\"}]}") == 0 &&
	        has_ids("b a ") && strcmp(models.items[0].display_name, "x") == 0 &&
	        models.items[0].context_length == 0,
	    "models keep their order, and the last of two with one id counts");
	ok(read_models(NULL,
	       "{\"data\":[{},{\"id\":\"\"},{\"id\":null},{\"id\":5},null,[],\"x\",{\"id\":\"a\"}]}") == 0 &&
	        has_ids("a "),
	    "items without an id are skipped");
	ok(read_models(NULL, "{\"data\":[{\"id\":\"a\\n\"},{\"id\":\"\\u001b\"},{\"id\":\"b\\u202e\"},{"
	                     "\"id\":\"c d\"}]}") == 0 &&
	        has_ids("c d "),
	    "so are ids that could not be shown");
	ok(read_models(NULL, "{\"data\":[]}") == 0 && models.count == 0, "an empty list is a list");
	ok(read_models("moonshot-cn",
	       "{\"data\":[{\"id\":\"kimi-k2\"},{\"id\":\"moonshot-v1\"},{\"id\":\"Kimi-k2\"},"
	       "{\"id\":\"kimi-latest\"}]}") == 0 &&
	        has_ids("kimi-k2 "),
	    "a platform with prefixes counts those ids alone");
	ok(read_models("kimi-code", "{\"data\":[{\"id\":\"anything\"}]}") == 0 && has_ids("anything "),
	    "one without counts all");
}

static void test_no_lists(void)
{
	static const char *const texts[] = {
	    "{}", "[]", "null", "5", "\"data\"", "{\"data\":{}}", "{\"data\":null}", "{\"Data\":[]}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		ok(read_models(NULL, texts[i]) == -1 && *reason.text && !models.items, "%s is no list",
		    texts[i]);
}

int main(void)
{
	json_start();
	test_capabilities();
	test_clients();
	test_details();
	test_members();
	test_lists();
	test_no_lists();
	models_clear(&models);
	return tap_done();
}
