#!/usr/bin/env python3
"""A proxy for tests, on 127.0.0.1, that connects every request to one port.

    proxy.py http|socks PORT [STATUS]
    proxy.py https PORT CERT KEY

Speaks HTTP's CONNECT, also in TLS, or SOCKS5. For any host it connects to 127.0.0.1:PORT; with STATUS it answers a
CONNECT with that instead. Prints its port, then a line for each request: "HOST:PORT CREDENTIALS", where the credentials
are those for the proxy, or "-". It ends when its standard input is closed, or by a signal.
"""

import socket
import ssl
import struct
import sys
import threading


def read_exactly(conn, count):
    data = b""
    while len(data) < count:
        more = conn.recv(count - len(data))
        if not more:
            raise OSError("the client has gone")
        data += more
    return data


def http(conn, status):
    """The address that a CONNECT names."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = conn.recv(1)
        if not more:
            raise OSError("the client has gone")
        head += more
    lines = head.decode().split("\r\n")
    method, place, _ = lines[0].split(" ")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    if "authorization" in headers:
        place += " AUTHORIZATION-FOR-KIMI"
    print(place if method == "CONNECT" else lines[0], headers.get("proxy-authorization", "-"), flush=True)
    if status or method != "CONNECT":
        page = b"<html>not here</html>"
        conn.sendall(b"HTTP/1.1 %d No\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (status or 405, len(page), page))
        raise OSError("refused")
    conn.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")


def socks(conn, _):
    """The address that a SOCKS5 request names, RFC 1928; it must be a host name."""
    version, methods = read_exactly(conn, 2)
    read_exactly(conn, methods)
    if version != 5:
        print("SOCKS%d" % version, flush=True)
        raise OSError("not SOCKS5")
    conn.sendall(b"\5\0")
    kind = read_exactly(conn, 4)[3]
    if kind == 3:
        host = read_exactly(conn, read_exactly(conn, 1)[0]).decode()
    else:
        host = "ADDRESS " + socket.inet_ntoa(read_exactly(conn, 4))
    port = struct.unpack(">H", read_exactly(conn, 2))[0]
    print("%s:%d -" % (host, port), flush=True)
    conn.sendall(b"\5\0\0\1\0\0\0\0\0\0")


def pump(source, sink):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(conn, talk, port, status, context):
    try:
        if context:
            conn = context.wrap_socket(conn, server_side=True)
        talk(conn, status)
        there = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=pump, args=(there, conn), daemon=True).start()
        pump(conn, there)
    except OSError:
        conn.close()


def main():
    talk = {"http": http, "https": http, "socks": socks}[sys.argv[1]]
    port, status, context = int(sys.argv[2]), None, None
    if sys.argv[1] == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[3:])
    elif len(sys.argv) > 3:
        status = int(sys.argv[3])
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn, talk, port, status, context), daemon=True).start()


main()
