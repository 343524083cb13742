"""How a response is sent: unchanged, or damaged as a fault says."""

import binascii
import json
import socket
import struct
import time

from kimi_service import Answer

REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}  # fmt: skip
BLOCK = b"a" * 65536


def replacement(fault):
    """The response that replaces the real one."""
    status = fault.get("status", 302 if "location" in fault else 400 if "error" in fault else 200)
    if "json" in fault:
        answer = Answer.json(status, fault["json"])
    elif "error" in fault:
        error = {"error": fault["error"], "error_description": fault.get("description", "a fault the test asked for")}
        answer = Answer.json(status, error)
    else:
        answer = Answer(status, fault.get("body", "a fault the test asked for\n").encode())
    if "location" in fault:
        answer.headers["Location"] = fault["location"]
    return answer


def edit(answer, fault):
    """Change the response, but not the connection."""
    if "content_type" in fault:
        answer.headers["Content-Type"] = fault["content_type"]
    answer.headers.update(fault.get("headers", {}))
    if "set" in fault or "drop" in fault:
        value = {**json.loads(answer.body), **fault.get("set", {})}
        answer.body = json.dumps({k: v for k, v in value.items() if k not in fault.get("drop", [])}).encode()
    if fault.get("nul"):
        middle = len(answer.body) // 2
        answer.body = answer.body[:middle] + b"\0" + answer.body[middle:]
    answer.body += b" " * fault.get("pad", 0)


def reset(conn):
    """Close with a RST instead of a FIN."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def wait_for_peer(conn):
    """Send nothing until the client has closed the connection."""
    while conn.recv(4096):
        pass


def _seconds(value):
    return 1.0 if value is True else value


def _send_slowly(conn, data, pause):
    for at in range(len(data)):
        conn.sendall(data[at : at + 1])
        time.sleep(pause)


def deliver(conn, answer, fault, keep_alive):
    """Send the response. True: the connection can take another request."""
    if fault.get("silent"):
        wait_for_peer(conn)
        return False
    if fault.get("reset") == "before":
        reset(conn)
        return False
    if "raw_b64" in fault:
        conn.sendall(binascii.a2b_base64(fault["raw_b64"]))
        return False

    # Headers set by the test may have a wrong length: no request can follow them.
    keep_alive = keep_alive and "headers" not in fault
    endless = fault.get("endless")
    headers = dict(answer.headers)
    if not endless:
        headers.setdefault("Content-Length", str(len(answer.body)))
    headers.setdefault("Connection", "keep-alive" if keep_alive else "close")
    lines = ["HTTP/1.1 %d %s" % (answer.status, REASONS.get(answer.status, "Other"))]
    lines += ["%s: %s" % pair for pair in headers.items()]
    head = ("\r\n".join(lines) + "\r\n").encode()

    if endless in ("head", "trailers"):
        conn.sendall(head)
        if endless == "trailers":
            conn.sendall(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n" % (len(answer.body), answer.body))
        while True:
            conn.sendall((b"X-Endless: " + BLOCK[:1000] + b"\r\n") * 16)
    head += b"\r\n"
    if endless:
        conn.sendall(head + b'{"access_token": "')
        while True:
            conn.sendall(BLOCK)
    if fault.get("reset") == "mid-body":
        conn.sendall(head + answer.body[: len(answer.body) // 2])
        time.sleep(0.05)  # a RST overtakes data that has not arrived yet
        reset(conn)
        return False
    if "truncate" in fault:
        conn.sendall(head + answer.body[: fault["truncate"]])
        return False
    if "trickle_head" in fault:
        _send_slowly(conn, head + answer.body, _seconds(fault["trickle_head"]))
    elif "trickle" in fault:
        conn.sendall(head)
        _send_slowly(conn, answer.body, _seconds(fault["trickle"]))
    else:
        conn.sendall(head + answer.body)
    return keep_alive
