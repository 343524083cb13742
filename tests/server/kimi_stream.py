"""What a proxy passes on, byte by byte: long responses, long bodies, and connections that end too early.

Everything is below BASE/x/ and takes its settings from the query. A body is read as it arrives, by length or in chunks.

    echo                     the request: method, path, headers, length and SHA-256 of the body
    sse?n=3&hold=H           n events; waits for release.H.I before event I (no hold: all at once); gone.H when the peer left
    sse?n=3&pause=MS         the same, with a pause of that many milliseconds before each event
    bytes?n=N[&chunked=1]    N bytes of a pattern
    bytes?n=N&hold=H         the same; stalled.H, with how much was sent, once the peer has taken nothing for a second
    sink?hold=H              reads nothing of the body before release.H, then echoes
    silent?hold=H            held.H, no response until release.H; gone.H when the peer left
    reset?n=N                the head of a response of 1 MiB, N bytes of it, and a RST
    early?code=C             responds at once and reads the body later, if at all
    close                    no response
    late?hold=H              responds, and with 408 once more when released; sent.H
    raw?head=TEXT            TEXT as the lines of a head, and nothing more; the connection stays open
    large?n=N                a head of N bytes
    bare?code=C              that status, a header without a value, and nothing that tells where a body ends
    status?code=C            that status, with Retry-After and a cookie

Each of them fails with 401 unless the token is valid (with early=1 in its query, before the body was read), and obeys the
faults of the endpoint "stream".
"""

import json
import os
import select
import socket
import time

import kimi_faults

PREFIX = "/coding/v1/x/"
BLOCK = bytes(range(256)) * 256


class Body:
    """The body of a request, in pieces."""

    def __init__(self, conn, buffer, headers):
        self.conn = conn
        self.buffer = buffer
        named = dict(headers)
        self.chunked = named.get("transfer-encoding", "").lower() == "chunked"
        self.left = 0 if self.chunked else int(named.get("content-length", "0"))
        self.expects = named.get("expect", "").lower() == "100-continue"
        import hashlib  # slow to load, and seldom needed

        self.digest = hashlib.sha256()
        self.length = 0
        self.whole = False

    def _fill(self):
        data = self.conn.recv(1 << 20)
        if not data:
            raise OSError("the peer left within the body")
        self.buffer += data

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._fill()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _take(self, count):
        while count:
            if not self.buffer:
                self._fill()
            piece, self.buffer = self.buffer[:count], self.buffer[count:]
            self.digest.update(piece)
            self.length += len(piece)
            count -= len(piece)

    def read(self):
        """All of it."""
        if self.expects:
            self.conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self.chunked:
            self._take(self.left)
        while self.chunked:
            size = int(self._line().split(b";")[0], 16)
            self._take(size)
            self._line()
            if not size:
                break
        self.whole = True


def head(status, headers, reason="OK"):
    lines = ["HTTP/1.1 %d %s" % (status, reason)] + ["%s: %s" % pair for pair in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class Stream:
    def __init__(self, server, conn, request, body):
        self.server = server
        self.conn = conn
        self.request = request
        self.body = body
        self.query = request.query

    def number(self, name, default=0):
        return int(self.query.get(name, default))

    def _touch(self, kind):
        with open(self.server.path("%s.%s" % (kind, self.query.get("hold", "none"))), "a") as file:
            print(os.getpid(), file=file)

    def _wait(self, suffix=""):
        """Wait until the test releases it. False: the peer left before."""
        if "hold" not in self.query:
            return True
        path = self.server.path("release.%s%s" % (self.query["hold"], suffix))
        while not os.path.exists(path):
            if self._has_left():
                return False
            time.sleep(0.005)
        return True

    def _has_left(self):
        poll = select.poll()
        poll.register(self.conn, select.POLLRDHUP)
        return bool(poll.poll(0))

    def json(self, status, value, **headers):
        text = json.dumps(value).encode()
        self.conn.sendall(
            head(status, {"Content-Type": "application/json", "Content-Length": len(text), **headers}) + text
        )

    def run(self):
        """True: the connection can take another request."""
        name = self.request.path[len(PREFIX) :]
        handler = getattr(self, "do_" + name, None)
        if handler is None:
            self.body.read()
            self.json(404, {"error": {"message": "no such path " + name}})
            return True
        return handler()

    def do_echo(self):
        self.body.read()
        request = self.request
        told = {"method": request.method, "path": request.path, "query": request.raw_query, "headers": request.headers}
        told.update(length=self.body.length, sha256=self.body.digest.hexdigest(), chunked=self.body.chunked)
        if request.method == "HEAD":
            self.conn.sendall(head(200, {"Content-Length": 1234, "X-Echo": "head"}))
        else:
            self.json(200, told, **{"X-Echo": "a", "x-echo-two": "b\tc", "Set-Cookie": "a=b", "Connection": "X-Hop", "X-Hop": "1"})
        return request.method != "HEAD"

    def do_sink(self):
        self._touch("held")
        self._wait()
        return self.do_echo()

    def do_sse(self):
        self.body.read()
        self.conn.sendall(head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}))
        self._touch("held")
        try:
            for i in range(1, self.number("n", 3) + 1):
                if not self._wait(".%d" % i):
                    self._touch("gone")
                    return False
                time.sleep(self.number("pause") / 1000)
                self.conn.sendall(chunk(b"event: tick\ndata: {\"n\": %d, \"at\": %.6f}\n\n" % (i, time.time())))
            self.conn.sendall(b"0\r\n\r\n")
        except OSError:
            self._touch("gone")
            raise
        return True

    def _send_noting_stall(self, piece, sent):
        while piece:
            if not select.select([], [self.conn], [], 1)[1]:
                path = self.server.path("stalled." + self.query["hold"])
                with open(path + ".new", "w") as file:
                    print(sent, file=file)
                os.rename(path + ".new", path)
                select.select([], [self.conn], [])
            piece = piece[self.conn.send(piece, socket.MSG_DONTWAIT) :]

    def do_bytes(self):
        self.body.read()
        total, chunked = self.number("n"), "chunked" in self.query
        framing = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": total}
        self.conn.sendall(head(200, {"Content-Type": "application/octet-stream", **framing}))
        sent = 0
        try:
            while sent < total:
                piece = BLOCK[: min(total - sent, len(BLOCK))]
                sent += len(piece)
                if "hold" in self.query:
                    self._send_noting_stall(piece, sent)
                else:
                    self.conn.sendall(chunk(piece) if chunked else piece)
        except OSError:
            self._touch("gone")
            raise
        if chunked:
            self.conn.sendall(b"0\r\n\r\n")
        return True

    def do_silent(self):
        self.body.read()
        self._touch("held")
        if not self._wait():
            self._touch("gone")
            return False
        self.json(200, {"spoke": True})
        return True

    def do_reset(self):
        self.body.read()
        self.conn.sendall(head(200, {"Content-Type": "text/plain", "Content-Length": 1 << 20}) + b"x" * self.number("n"))
        time.sleep(0.05)  # a RST overtakes data that has not arrived yet
        kimi_faults.reset(self.conn)
        return False

    def do_early(self):
        self.json(self.number("code", 413), {"error": {"message": "too early"}}, Connection="close")
        try:
            self.body.read()
        except OSError:
            pass
        return False

    def do_close(self):
        self.body.read()
        return False

    def do_late(self):
        self.body.read()
        self.json(200, {})
        self._wait()
        self.json(408, {"error": {"message": "you were idle for too long"}})
        self._touch("sent")
        return False

    def do_raw(self):
        self.body.read()
        self.conn.sendall(self.query["head"].encode() + b"\r\n\r\n")
        return True

    def do_large(self):
        self.body.read()
        self.json(200, {}, **{"X-%d" % i: "x" * 1000 for i in range(self.number("n") // 1000)})
        return True

    def do_bare(self):
        self.body.read()
        self.conn.sendall(head(self.number("code", 200), {"X-Empty": ""}))
        return True

    def do_status(self):
        self.body.read()
        self.json(self.number("code", 429), {"error": {"message": "as asked"}}, **{"Retry-After": "7"})
        return True
