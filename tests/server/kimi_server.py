#!/usr/bin/env python3
"""A Kimi server on 127.0.0.1 for tests and `make demo`; it connects to nothing.

    kimi_server.py --dir DIR [--tls CERT KEY] [--port N] [--parent PID]

In DIR it writes url (once it listens), requests.jsonl (each request, before its response), held.NAME and control_error;
it reads control.json and seed.jsonl (see kimi_control.py) and release.NAME. It also prints the URL.
"""

import gc
import sys

gc.disable()  # most servers live for less than a second
sys.dont_write_bytecode = not sys.pycache_prefix  # tests leave nothing in the source tree

import json
import os
import signal
import socket
import threading
import time

import kimi_faults
import kimi_stream
from kimi_control import Control, replaces
from kimi_service import Answer, Request, Service

MAX_HEAD = 65536
MAX_BODY = 1 << 20


class Malformed(Exception):
    pass


class Reader:
    """Reads one request after the other from a connection."""

    def __init__(self, conn):
        self.conn = conn
        self.buffer = b""

    def _more(self):
        data = self.conn.recv(65536)
        self.buffer += data
        return bool(data)

    def request(self):
        """The next request, and whether the client keeps the connection open; None at its end."""
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > MAX_HEAD:
                raise Malformed("the head is too long")
            if not self._more():
                if self.buffer:
                    raise Malformed("the connection ended inside the head: %r" % self.buffer[:80])
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, version = first.split(" ")
        except ValueError:
            raise Malformed("no request line: %r" % first[:80]) from None
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise Malformed("no header: %r" % line[:80])
            # Strips only one blank, so that an untrimmed value can be refused.
            headers.append((name.lower(), value[1:] if value.startswith(" ") else value))
        if target.startswith(kimi_stream.PREFIX):
            return Request(method, target, headers, b""), self._persists(version, headers)
        return Request(method, target, headers, self._body(headers)), self._persists(version, headers)

    def stream(self, request):
        """The body of that request, which has not been read yet."""
        return kimi_stream.Body(self.conn, self.buffer, request.headers)

    def _body(self, headers):
        length = next((value for name, value in headers if name == "content-length"), "0")
        if not length.isdigit() or int(length) > MAX_BODY or any(name == "transfer-encoding" for name, _ in headers):
            raise Malformed("a body without a sensible length")
        while len(self.buffer) < int(length):
            if not self._more():
                raise Malformed("the connection ended inside the body")
        body, self.buffer = self.buffer[: int(length)], self.buffer[int(length) :]
        return body

    @staticmethod
    def _persists(version, headers):
        return version == "HTTP/1.1" and ("connection", "close") not in [(n, v.lower()) for n, v in headers]


class Server:
    def __init__(self, folder, port=0, tls=None):
        self.folder = folder
        self.lock = threading.Lock()  # for control, service and counts
        self.context = None
        if tls:
            import ssl  # avoids a delay of 30 ms

            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.listener.getsockname()[1])
        self.control = Control(folder)
        self.service = Service(self.url)
        self.counts = {"connections": 0, "tls_failures": 0, "malformed": 0}
        self.requests = 0
        self.log_fd = os.open(self.path("requests.jsonl"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def path(self, name):
        return os.path.join(self.folder, name)

    def announce(self):
        temporary = self.path("url.tmp")
        with open(temporary, "w") as file:
            print(self.url, file=file)
        os.rename(temporary, self.path("url"))
        print(self.url, flush=True)

    def run(self, parent):
        self.listener.settimeout(1)  # how often to check whether the parent is still running
        while True:
            try:
                conn, _ = self.listener.accept()
            except socket.timeout:
                if parent and not _alive(parent):
                    return
                continue
            conn.settimeout(None)
            threading.Thread(target=self.connection, args=(conn,), daemon=True).start()

    def connection(self, conn):
        try:
            with self.lock:
                self.counts["connections"] += 1
                self.control.reload()
                fault = self.control.take_fault("connect")
            if fault.get("silent"):
                kimi_faults.wait_for_peer(conn)
            elif fault.get("reset"):
                kimi_faults.reset(conn)
            else:
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                conn = self.handshake(conn) if self.context else conn
                if conn:
                    self.talk(conn)
        except OSError:
            pass  # the client has gone, which is allowed
        finally:
            if conn:
                conn.close()

    def talk(self, conn):
        reader = Reader(conn)
        try:
            while True:
                got = reader.request()
                if got and got[0].endpoint() == "stream":
                    if not self.pass_on(conn, reader, *got):
                        return
                elif not got or not self.exchange(conn, *got):
                    return
        except Malformed as error:
            self.count("malformed")
            print("malformed request:", error, file=sys.stderr, flush=True)
            conn.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def handshake(self, conn):
        """The encrypted connection; None if the client refused it."""
        conn.settimeout(30)
        try:
            conn = self.context.wrap_socket(conn, server_side=True)
        except OSError as error:
            self.count("tls_failures")
            print("TLS handshake failed:", error, file=sys.stderr, flush=True)
            conn.close()
            return None
        conn.settimeout(None)
        return conn

    def count(self, name):
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + 1

    def exchange(self, conn, request, keep_alive):
        """Answer one request. True: the connection can take another."""
        endpoint = request.endpoint()
        if endpoint == "stats":
            with self.lock:
                answer = Answer.json(200, {**self.counts, **self.service.stats})
            return kimi_faults.deliver(conn, answer, {}, keep_alive)

        with self.lock:
            self.control.reload()
            settings = self.control.settings
            self.service.seed(self.control.new_seeds(), settings)
            self.log(endpoint, request)
            answer = self.service.refusal(request, endpoint, settings)
            if self.control.error:
                answer = Answer.json(500, {"error": "test_control", "error_description": self.control.error})
            fault = {} if answer else self.control.take_fault(endpoint, request)

        self.wait(fault, "_before")
        replaced = replaces(fault)
        process = fault.get("process", not replaced)
        if answer is None and (process or not replaced):
            with self.lock:
                answer = self.service.answer(request, endpoint, settings, commit=process)
        if replaced:
            answer = kimi_faults.replacement(fault)
            if endpoint == "poll" and "error" in fault:
                with self.lock:
                    self.service.note_poll_error(request, fault["error"])
        kimi_faults.edit(answer, fault)
        self.wait(fault, "")
        return kimi_faults.deliver(conn, answer, fault, keep_alive and settings["keep_alive"])

    def pass_on(self, conn, reader, request, keep_alive):
        """The same for a request whose body is read in pieces."""
        body = reader.stream(request)
        with self.lock:
            self.control.reload()
            settings = self.control.settings
            self.service.seed(self.control.new_seeds(), settings)
            self.log("stream", request)
            answer = self.service.refuse_token(request, "stream", settings)
            fault = self.control.take_fault("stream", request)
        self.wait(fault, "_before")
        if replaces(fault):
            answer = kimi_faults.replacement(fault)
        if answer:
            if "early" not in request.query:
                body.read()
            kimi_faults.edit(answer, fault)
            keep_alive = kimi_faults.deliver(conn, answer, fault, keep_alive)
        else:
            keep_alive = kimi_stream.Stream(self, conn, request, body).run() and keep_alive
        reader.buffer = body.buffer
        return keep_alive and body.whole

    def log(self, endpoint, request):
        self.requests += 1
        self.counts[endpoint] = self.counts.get(endpoint, 0) + 1
        # The endpoint comes first, so that the harness can count lines by their beginning.
        record = {
            "endpoint": endpoint,
            "n": self.requests,
            "time": time.time(),
            "method": request.method,
            "path": request.path,
            "headers": dict(request.headers),
            "form": request.form,
        }
        os.write(self.log_fd, json.dumps(record).encode() + b"\n")

    def wait(self, fault, when):
        time.sleep(fault.get("delay" + when, 0))
        name = fault.get("hold" + when)
        if name:
            with open(self.path("held." + name), "a") as file:
                print(os.getpid(), file=file)  # a line for each held request
            while not os.path.exists(self.path("release." + name)):
                time.sleep(0.01)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _arguments(words):
    options = {"--dir": 1, "--tls": 2, "--port": 1, "--parent": 1}
    found = {}
    while words:
        name = words.pop(0)
        if name not in options or len(words) < options[name]:
            sys.exit(__doc__)
        found[name[2:]] = [words.pop(0) for _ in range(options[name])]
    if "dir" not in found:
        sys.exit(__doc__)
    return found


def main():
    given = _arguments(sys.argv[1:])
    # With a handler, so that the shell that started us does not print "Terminated".
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.stack_size(256 * 1024)  # 500 connections at once
    server = Server(given["dir"][0], int(given.get("port", ["0"])[0]), given.get("tls"))
    server.announce()
    server.run(int(given.get("parent", ["0"])[0]))


if __name__ == "__main__":
    main()
