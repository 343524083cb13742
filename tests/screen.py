"""A terminal in memory, as far as the programs use one."""

import re


class Screen:
    """What a terminal shows, and what has scrolled off: rows of (character, style)."""

    def __init__(self, columns, height):
        self.columns, self.height = columns, height
        self.rows, self.row, self.column, self.style = [[]], 0, 0, frozenset()

    def put(self, character):
        if self.column == self.columns:
            self.line_feed()
            self.column = 0
        line = self.rows[self.row]
        line.extend([(" ", frozenset())] * (self.column + 1 - len(line)))
        line[self.column] = (character, self.style)
        self.column += 1

    def line_feed(self):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def control(self, parameters, final):
        number = int(parameters) if parameters.isdigit() else 0
        if final == "m":
            for code in [int(p or 0) for p in parameters.split(";")]:
                self.style = frozenset() if code == 0 else self.style | {code}
        elif final == "A":
            self.row = max(self.row - max(number, 1), len(self.rows) - self.height, 0)
        elif final in "JK":
            del self.rows[self.row][self.column:]
            if final == "J":
                del self.rows[self.row + 1:]

    def show(self, text):
        for escaped, parameters, final, character in re.findall(r"(\x1b\[([0-9;?]*)([A-Za-z]))|([^\x1b])", text):
            if escaped:
                self.control(parameters, final)
            elif character == "\n":
                self.line_feed()
                self.column = 0
            elif character == "\r":
                self.column = 0
            else:
                self.put(character)
        return self

    def lines(self):
        rows = list(self.rows)
        while rows and not rows[-1]:
            rows.pop()
        while rows and not rows[0]:
            rows.pop(0)
        return rows
