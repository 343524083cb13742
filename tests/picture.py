#!/usr/bin/env python3
"""Records a session of the programs in BIN on a terminal, against the loopback server, and draws it as an SVG.

    picture.py BIN FILE

First kimi login while it waits, then its result, kimi status and kimi usage.
It draws only what the programs printed.
"""

import os
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape

from screen import Screen

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS, ROWS = 80, 24
CELL_WIDTH, CELL_HEIGHT, FONT_SIZE, MARGIN = 8.4, 18, 14, 16
BACKGROUND, TEXT, PROMPT = "#1d1f21", "#d5d8d6", "#8abeb7"
COLORS = {31: "#cc6666", 32: "#b5bd68", 33: "#f0c674", 34: "#81a2be", 36: "#8abeb7", 97: "#ffffff"}
# Drawn as rectangles, because fonts leave gaps: top and height as fractions of a cell.
BLOCKS = {"█": (0, 1), "▀": (0, 0.5), "▄": (0.5, 0.5)}


def record(environment, *command):
    on_terminal = [sys.executable, os.path.join(HERE, "on_terminal.py"), "--columns", str(COLUMNS), "--rows", str(ROWS)]
    return subprocess.run(on_terminal + list(command), env=environment, check=True, stdout=subprocess.PIPE).stdout.decode()


def session(programs, directory):
    """The lines of both parts."""
    home, server_dir = os.path.join(directory, "home"), os.path.join(directory, "server")
    os.mkdir(home)
    os.mkdir(server_dir)
    server = subprocess.Popen([sys.executable, os.path.join(HERE, "server", "kimi_server.py"), "--dir", server_dir, "--parent", str(os.getpid())],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        environment = {
            "HOME": home, "PATH": programs + ":" + os.environ["PATH"], "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
            "KIMI_DISABLE_KEYRING": "1", "KIMI_CODE_OAUTH_HOST": url, "KIMI_CODE_BASE_URL": url + "/coding/v1",
            "DISPLAY": ":0", "BROWSER": "true", "TZ": "UTC", "KIMI_CLIENT": "kimi-code"}
        login = record(environment, "kimi", "login", "--platform", "kimi-code")
        waiting = login[:login.index("left") + len("left")]
        usage = record(environment, "kimi", "usage")
        status = record(environment, "kimi", "status")
    finally:
        server.kill()
        server.wait()
    done = prompt("kimi login") + Screen(COLUMNS, ROWS).show(login).lines() + [[]]
    done += prompt("kimi status") + Screen(COLUMNS, ROWS).show(status).lines() + [[]] + prompt("kimi usage") + Screen(COLUMNS, ROWS).show(usage).lines()
    return prompt("kimi login") + Screen(COLUMNS, ROWS).show(waiting).lines(), done


def prompt(command):
    return [[("$", frozenset({36})), (" ", frozenset())] + [(c, frozenset({1})) for c in command]]


def runs(line):
    """(first column, text, style) of each run with one style; block characters are runs of their own."""
    start = 0
    for at in range(1, len(line) + 1):
        first, here = line[start], line[at] if at < len(line) else None
        same = here and here[1] == first[1] and (here[0] == first[0] if first[0] in BLOCKS else here[0] not in BLOCKS)
        if not same:
            yield start, "".join(c for c, _ in line[start:at]), first[1]
            start = at


def draw_run(column, text, style, y):
    color = next((COLORS[code] for code in sorted(style) if code in COLORS), TEXT)
    x, width = MARGIN + column * CELL_WIDTH, len(text) * CELL_WIDTH
    back = ""
    if 7 in style:
        back, color = '<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>' % (x, y, width, CELL_HEIGHT, color), BACKGROUND
    if text[0] in BLOCKS:
        top, height = BLOCKS[text[0]]
        return '<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>' % (x, y + top * CELL_HEIGHT, width, height * CELL_HEIGHT, color)
    if not text.strip():
        return back
    look = ' font-weight="bold"' if 1 in style else ""
    look += ' text-decoration="underline"' if 4 in style else ""
    look += ' opacity="0.7"' if 2 in style else ""
    return back + '<text x="%.1f" y="%d" fill="%s" textLength="%.1f"%s>%s</text>' % (
        x, y + CELL_HEIGHT - 5, color, width, look, escape(text))


def draw(parts):
    width, y, body = 2 * MARGIN + COLUMNS * CELL_WIDTH, 0, []
    for lines in parts:
        height = 2 * MARGIN + len(lines) * CELL_HEIGHT
        body.append('<rect y="%d" width="%.1f" height="%d" rx="8" fill="%s"/>' % (y, width, height, BACKGROUND))
        for number, line in enumerate(lines):
            body += [draw_run(*run, y + MARGIN + number * CELL_HEIGHT) for run in runs(line)]
        y += height + MARGIN
    head = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.1f %d" font-family="ui-monospace, \'DejaVu Sans Mono\', Menlo, Consolas, monospace" '
            'font-size="%d" xml:space="preserve">' % (width, y - MARGIN, FONT_SIZE))
    return "\n".join([head, "<title>A session: kimi login, kimi status, kimi usage</title>"] + [part for part in body if part] + ["</svg>", ""])


def main():
    programs, file = os.path.abspath(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as directory:
        picture = draw(session(programs, directory))
    with open(file, "w", encoding="utf-8") as out:
        out.write(picture)


main()
