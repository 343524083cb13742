#!/usr/bin/env python3
"""Whether kimi-code can load this config, and keeps its comments when it writes. If not, says why and exits with status 1.

    kimi_code_loads.py CONFIG [PATH=VALUE ...]

The rules are those of its strict reader, which login and logout use, and of its engine, whichever is stricter.
PATH=VALUE as for kimi_cli_loads.py.
"""

import re
import sys

sys.dont_write_bytecode = True

from kimi_cli_loads import check_path, parse, want  # noqa: E402

TYPES = {"anthropic", "openai", "kimi", "google-genai", "openai_responses", "vertexai"}
MOST = 2**53 - 1


def check_numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            check_numbers(item)
    elif isinstance(value, int) and abs(value) > MOST:
        raise ValueError("the number %d is too large" % value)


def check_texts(where, table, name):
    if not all(isinstance(item, str) for item in table.get(name, [])):
        raise ValueError("%s: %s are %r" % (where, name, table[name]))


def check_provider(where, provider):
    want(where, provider, {"type": (str, True), "base_url": (str, False), "api_key": (str, False), "oauth": (dict, False)})
    if provider["type"] not in TYPES:
        raise ValueError("%s: type is %r" % (where, provider["type"]))


def check_oauth(where, table):
    oauth = table.get("oauth")
    if oauth is None:
        return
    want(where + ".oauth", oauth, {"storage": (str, True), "key": (str, True), "oauth_host": (str, False)})
    if oauth["storage"] not in ("file", "keyring") or not oauth["key"] or oauth.get("oauth_host") == "":
        raise ValueError("%s: oauth is %r" % (where, oauth))
    if table.get("api_key"):
        raise ValueError("%s has a key and tokens" % where)
    if (oauth["key"] != "oauth/kimi-code") != ("oauth_host" in oauth):
        raise ValueError("%s: oauth_host is %r for %s" % (where, oauth.get("oauth_host"), oauth["key"]))


def check_model(where, model):
    want(where, model, {
        "provider": (str, True), "model": (str, True), "max_context_size": (int, True), "capabilities": (list, False),
        "display_name": (str, False), "support_efforts": (list, False), "default_effort": (str, False),
        "protocol": (str, False), "beta_api": (bool, False), "adaptive_thinking": (bool, False), "overrides": (dict, False),
    })  # fmt: skip
    if model["max_context_size"] < 1:
        raise ValueError("%s: max_context_size is %d" % (where, model["max_context_size"]))
    if model.get("protocol", "anthropic") not in ("anthropic", "openai_responses"):
        raise ValueError("%s: protocol is %r" % (where, model["protocol"]))
    check_texts(where, model, "capabilities")
    check_texts(where, model, "support_efforts")


def check(config):
    providers, models, services = (config.get(name, {}) for name in ("providers", "models", "services"))
    want("the config", config, {"default_model": (str, False), "thinking": (dict, False)})
    want("thinking", config.get("thinking", {}), {"enabled": (bool, False), "effort": (str, False), "keep": (str, False)})
    for name, provider in providers.items():
        check_provider("provider " + name, provider)
        check_oauth("provider " + name, provider)
    for name, model in models.items():
        check_model("model " + name, model)
    for name, service in services.items():
        want("service " + name, service, {"base_url": (str, False), "api_key": (str, False)})
        check_oauth("service " + name, service)
    if config.get("default_model") and config["default_model"] not in models:
        raise ValueError("the default model %r is not there" % config["default_model"])
    check_numbers(config)


def check_text(path):
    """Its engine's writer edits only these forms in place; in others it loses comments and order."""
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(b"\xef\xbb\xbf"):
        raise ValueError("it begins with a BOM")
    lines = data.decode().split("\n")
    for number, line in enumerate(lines, 1):
        if re.match(r"""\s*(["'])[^"']*\1\s*[.=]""", line):
            raise ValueError("line %d: a quoted key" % number)
    tops = [re.match(r"""\s*\[\[?\s*["']?([A-Za-z0-9_-]+)""", line) for line in lines]
    order = [top.group(1) for top in tops if top]
    groups = [name for name, before in zip(order, [None] + order) if name != before]
    if groups.count("models") > 1:
        raise ValueError("the tables of models are in several places")


def main():
    try:
        config = parse(sys.argv[1])
        check_text(sys.argv[1])
        check(config)
        for text in sys.argv[2:]:
            check_path(config, text)
    except (ValueError, OSError) as error:
        sys.exit("kimi-code would not load it: %s" % error)


main()
