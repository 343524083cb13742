"""A client of kimi proxy that does what curl cannot.

    proxy_client.py raw PORT|SOCKET
        sends standard input unchanged, and prints the response until the end
    proxy_client.py storm URL KEY COUNT
        sends COUNT GETs at once, each on its own connection; prints the statuses
    proxy_client.py streams URL KEY COUNT N [BODY]
        sends COUNT POSTs of BODY bytes at once; prints "ready" once each has N events; all go on after a line of input
    proxy_client.py leave URL KEY BYTES [BODY]
        sends that much of a POST of BODY bytes, prints "sent", and disconnects after a line of input
    proxy_client.py desert URL KEY COUNT
        COUNT times: connects, sends half of a POST of 100000 bytes, and disconnects at once
    proxy_client.py crowd URL KEY COUNT
        connects COUNT times, sends one byte on each, prints "ready", and waits for a line of input
    proxy_client.py vanish URL KEY
        sends a GET of /x/echo, prints "ready", and after a line of input sends a POST on the same connection and disconnects
    proxy_client.py grow URL KEY FIRST SECOND
        sends a chunked POST: FIRST bytes, prints "sent", and after a line of input SECOND more and the end; prints the status
    proxy_client.py stall URL KEY
        sends a GET, and reads its response only after a line of input; prints its length
"""

import resource
import socket
import sys
import threading
from urllib.parse import urlsplit


def connect(place):
    if place.startswith("/"):
        conn = socket.socket(socket.AF_UNIX)
        conn.connect(place)
        return conn
    return socket.create_connection(("127.0.0.1", int(place)))


def head(url, key, method="GET", more=""):
    parts = urlsplit(url)
    target = parts.path + ("?" + parts.query if parts.query else "")
    return ("%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n%s\r\n" % (method, target, parts.netloc, key, more)).encode()


def ask(url, key, method="GET", more=""):
    conn = connect(str(urlsplit(url).port))
    conn.sendall(head(url, key, method, more))
    return conn


def raw(place):
    conn = connect(place)
    conn.settimeout(20)
    conn.sendall(sys.stdin.buffer.read())
    try:
        while data := conn.recv(65536):
            sys.stdout.buffer.write(data)
    except ConnectionResetError:
        sys.stdout.buffer.write(b"\n(reset)\n")


def storm(url, key, count):
    statuses, lock = [], threading.Lock()

    def one():
        conn = ask(url, key, more="Connection: close\r\n")
        data = b""
        while piece := conn.recv(65536):
            data += piece
        with lock:
            statuses.append(data.split(b" ")[1].decode() if data.startswith(b"HTTP/1.1 ") else "none")

    threads = [threading.Thread(target=one) for _ in range(int(count))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("\n".join(sorted(statuses)))


def streams(url, key, count, events, body="0"):
    conns = [ask(url, key, "POST", "Content-Length: %s\r\n" % body) for _ in range(int(count))]
    for conn in conns:
        conn.sendall(b"x" * int(body))
    for conn in conns:
        data = b""
        while data.count(b"event:") < int(events):
            piece = conn.recv(65536)
            if not piece:
                sys.exit("a stream ended: %r" % data)
            data += piece
    print("ready", flush=True)
    sys.stdin.readline()


def leave(url, key, sent, body="0"):
    conn = connect(str(urlsplit(url).port))
    more = "Content-Length: %s\r\n" % body if int(body) else ""
    whole = head(url, key, "POST" if int(body) else "GET", more) + b"x" * int(body)
    conn.sendall(whole[: int(sent)] if int(sent) >= 0 else whole)
    print("sent", flush=True)
    sys.stdin.readline()
    conn.close()


def desert(url, key, count):
    for _ in range(int(count)):
        conn = ask(url, key, "POST", "Content-Length: 100000\r\n")
        conn.sendall(b"x" * 50000)
        conn.close()


def crowd(url, key, count):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    conns = []
    for _ in range(int(count)):
        conns.append(connect(str(urlsplit(url).port)))
        conns[-1].sendall(b"G")
    print("ready", flush=True)
    sys.stdin.readline()


def vanish(url, key):
    conn = ask(url.replace("/x/silent", "/x/echo"), key)
    conn.recv(65536)
    print("ready", flush=True)
    sys.stdin.readline()
    conn.sendall(head(url, key, "POST", "Content-Length: 1\r\n") + b"x")
    conn.close()


def grow(url, key, first, second):
    conn = ask(url, key, "POST", "Transfer-Encoding: chunked\r\n")
    conn.sendall(b"%x\r\n%s\r\n" % (int(first), b"x" * int(first)))
    print("sent", flush=True)
    sys.stdin.readline()
    conn.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (int(second), b"x" * int(second)))
    print(conn.recv(65536).split(b" ")[1].decode())


def stall(url, key):
    conn = ask(url, key, more="Connection: close\r\n")
    print("sent", flush=True)
    sys.stdin.readline()
    total = 0
    while piece := conn.recv(1 << 20):
        total += len(piece)
    print(total)


if __name__ == "__main__":
    {"raw": raw, "storm": storm, "streams": streams, "leave": leave, "desert": desert, "crowd": crowd, "vanish": vanish, "grow": grow, "stall": stall}[sys.argv[1]](*sys.argv[2:])
