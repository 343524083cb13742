#!/usr/bin/env python3
"""Sends one request to the server as the toolkit does, for the server's own tests; it can also be imported.

    ask.py [-H 'Name: value'] [-t SECONDS] METHOD URL [FIELD=VALUE ...]

Prints "STATUS BODY", or "error NAME" if there was no complete response. -H with an empty value omits that header.
"""

import http.client
import os
import socket
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

HEADERS = {
    "User-Agent": "kimi-toolkit/test",
    "X-Msh-Platform": "kimi_cli",
    "X-Msh-Version": "0.1.0",
    "X-Msh-Device-Name": "box",
    "X-Msh-Device-Model": "Linux 6.1.0 x86_64",
    "X-Msh-Os-Version": "#1 SMP",
    "X-Msh-Device-Id": "0" * 32,
}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(method, url, fields=None, headers=(), timeout=20):
    """The status and the body."""
    sent = {**HEADERS, **dict(headers)}
    body = urllib.parse.urlencode(fields or {}).encode() if method == "POST" else None
    request = urllib.request.Request(url, body, {k: v for k, v in sent.items() if v != ""}, method=method)
    handlers = [NoRedirect(), urllib.request.ProxyHandler({})]
    if url.startswith("https"):
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=os.environ["KIMI_TEST_CA"])))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def main():
    words = sys.argv[1:]
    headers, timeout = [], 20.0
    while words[0].startswith("-"):
        option, value = words.pop(0), words.pop(0)
        if option == "-t":
            timeout = float(value)
        else:
            name, _, content = value.partition(":")
            headers.append((name, content[1:]))
    method, url, *fields = words
    try:
        status, body = ask(method, url, [tuple(field.split("=", 1)) for field in fields], headers, timeout)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        # Before Python 3.10 a timeout was a class of its own.
        print("error", "TimeoutError" if isinstance(reason, socket.timeout) else type(reason).__name__)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(b"%d %s" % (status, body))


if __name__ == "__main__":
    main()
