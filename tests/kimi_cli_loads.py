#!/usr/bin/env python3
"""Whether kimi-cli can load this config. If not, says why and exits with status 1.

    kimi_cli_loads.py CONFIG [PATH=VALUE ...]

The rules are those of kimi-cli's Config model. PATH=VALUE also checks the value at that path: the keys are separated by
">", the value is JSON ("null": there is no such key), such as 'models>kimi-code/a>max_context_size=1'.
"""

import json
import sys
import tomllib

CAPABILITIES = {"thinking", "always_thinking", "image_in", "video_in"}
PROVIDER_TYPES = {"kimi", "openai_legacy", "openai_responses", "anthropic", "gemini", "google_genai", "vertexai"}
TOP = {
    "default_model": str, "default_thinking": bool, "default_yolo": bool, "default_editor": str, "theme": str,
    "models": dict, "providers": dict, "services": dict, "loop_control": dict, "mcp": dict, "hooks": list,
}  # fmt: skip


def parse(path):
    with open(path, "rb") as file:
        data = file.read()
    return tomllib.loads(data.decode("utf-8-sig"))


def want(where, table, fields):
    for name, (kind, needed) in fields.items():
        if name not in table:
            if needed:
                raise ValueError("%s has no %s" % (where, name))
        elif not isinstance(table[name], kind) or (kind is int and isinstance(table[name], bool)):
            raise ValueError("%s: %s is %r" % (where, name, table[name]))


def check_oauth(where, table):
    oauth = table.get("oauth")
    if oauth is None:
        return
    want(where + ".oauth", oauth, {"storage": (str, False), "key": (str, True)})
    if oauth.get("storage", "file") not in ("file", "keyring"):
        raise ValueError("%s: oauth.storage is %r" % (where, oauth["storage"]))


def check(config):
    want("the config", config, {name: (kind, False) for name, kind in TOP.items()})
    providers, models, services = (config.get(name, {}) for name in ("providers", "models", "services"))
    for name, provider in providers.items():
        want("provider " + name, provider, {
            "type": (str, True), "base_url": (str, True), "api_key": (str, True), "env": (dict, False),
            "custom_headers": (dict, False), "oauth": (dict, False),
        })  # fmt: skip
        if provider["type"] not in PROVIDER_TYPES:
            raise ValueError("provider %s: type is %r" % (name, provider["type"]))
        check_oauth("provider " + name, provider)
    for name, model in models.items():
        want("model " + name, model, {
            "provider": (str, True), "model": (str, True), "max_context_size": (int, True),
            "capabilities": (list, False), "display_name": (str, False),
        })  # fmt: skip
        if model["provider"] not in providers:
            raise ValueError("model %s: there is no provider %r" % (name, model["provider"]))
        if not CAPABILITIES.issuperset(model.get("capabilities", [])):
            raise ValueError("model %s: capabilities are %r" % (name, model["capabilities"]))
    for name in ("moonshot_search", "moonshot_fetch"):
        if name in services:
            want("service " + name, services[name], {"base_url": (str, True), "api_key": (str, True)})
            check_oauth("service " + name, services[name])
    if config.get("default_model") and config["default_model"] not in models:
        raise ValueError("the default model %r is not there" % config["default_model"])


def check_path(config, text):
    path, _, expected = text.partition("=")
    value = config
    for key in path.split(">"):
        value = value.get(key) if isinstance(value, dict) else None
    if value != json.loads(expected):
        raise ValueError("%s is %s, not %s" % (path, json.dumps(value), expected))


def main():
    try:
        config = parse(sys.argv[1])
        check(config)
        for text in sys.argv[2:]:
            check_path(config, text)
    except (ValueError, OSError) as error:
        sys.exit("kimi-cli would not load it: %s" % error)


if __name__ == "__main__":
    main()
