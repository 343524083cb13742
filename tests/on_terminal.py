#!/usr/bin/env python3
"""Runs a command on a pseudo-terminal and copies its output to standard output.

    on_terminal.py [--columns N] [--rows N] [--screen] [--type AFTER KEYS | --term AFTER | --run AFTER COMMAND]...
        COMMAND [ARGUMENT ...]

--type: once AFTER has been shown, types KEYS ("\\x03" is Ctrl-C); --term: sends SIGTERM to the command; --run: runs a
shell command outside the terminal and waits for it; --screen: prints the screen at the end instead. Several of them run
in order, each AFTER in what was shown since the last. The exit status is the command's, or 99 if it left the terminal in
another mode.
"""

import os
import select
import signal
import subprocess
import sys
import termios
import fcntl
import struct
import time

from screen import Screen

LIMIT_S = 30


def main():
    words = sys.argv[1:]
    columns, rows, typing, seen, final = 80, 24, [], 0, False
    while words and words[0].startswith("--"):
        option = words.pop(0)
        if option == "--columns":
            columns = int(words.pop(0))
        elif option == "--rows":
            rows = int(words.pop(0))
        elif option == "--screen":
            final = True
        elif option == "--term":
            typing.append((words.pop(0).encode(), lambda: os.kill(child, signal.SIGTERM)))
        elif option == "--run":
            after, command = words.pop(0).encode(), words.pop(0)
            typing.append((after, lambda command=command: subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL)))
        else:
            after = words.pop(0).encode()
            typing.append((after, words.pop(0).encode().decode("unicode_escape").encode("latin-1")))
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    before = termios.tcgetattr(theirs)
    child = os.fork()
    if child == 0:
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(theirs, fd)
        os.closerange(3, 64)
        os.execvp(words[0], words)
    shown, end, status = b"", time.monotonic() + LIMIT_S, None
    while True:
        # The terminal is open here, too, so there is no end of file: wait for the end of the child instead.
        readable = select.select([ours], [], [], 0.02)[0]
        if readable:
            shown += os.read(ours, 65536)
            while typing and typing[0][0] in shown[seen:]:
                after, keys = typing.pop(0)
                seen = shown.index(after, seen) + len(after)
                if callable(keys):
                    keys()
                else:
                    os.write(ours, keys)
        elif status is not None:
            break
        if status is None:
            pid, waited = os.waitpid(child, os.WNOHANG)
            status = waited if pid else None
        if time.monotonic() > end:
            os.kill(child, 9)
            sys.exit("on_terminal.py: it did not end; shown so far: %r" % shown)
    shown = shown.replace(b"\r\n", b"\n")
    if final:
        lines = Screen(columns, rows).show(shown.decode()).lines()
        shown = b"".join("".join(c for c, _ in line).rstrip().encode() + b"\n" for line in lines)
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    if termios.tcgetattr(theirs) != before:
        sys.exit(99)
    sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
