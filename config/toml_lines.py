"""Where each key of a TOML text stands: the line numbers that tomllib does not give."""

import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]

_BLANKS = " \t\r\n"
_KEY_ENDS = " \t.=]"
_SCALAR_ENDS = ",]}#\r\n"


def lines_of(text: str) -> Mapping[Path, int]:
    """Return the line (from 1) of every key, table, array of tables and array element.

    A path is made of keys and, inside arrays and arrays of tables, indexes: ``("remind", 1,
    "days_before")``. Tables that only exist through their children stand where the first child
    does. The text must be valid TOML: parse it with tomllib first.
    """
    return _Scanner(text).scan()


def line_at(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of this path, or of the nearest table around it; 1 when nothing is known."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


class _Scanner:
    """One walk over a valid TOML text; what is not structure (strings, comments) is skipped."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}

    def scan(self) -> Mapping[Path, int]:
        table: Path = ()
        self.skip()
        while self.at < len(self.text):
            if self.looking_at("["):
                table = self.header()
            else:
                self.pair(table)
            self.skip()
        return self.lines

    def looking_at(self, sign: str) -> bool:
        return self.text.startswith(sign, self.at)

    def forward(self, end: int) -> None:
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def skip(self) -> None:
        """Pass over white space, line ends and comments."""
        while self.at < len(self.text):
            if self.text[self.at] in _BLANKS:
                self.forward(self.at + 1)
            elif self.looking_at("#"):
                end = self.text.find("\n", self.at)
                self.forward(len(self.text) if end < 0 else end)
            else:
                return

    def header(self) -> Path:
        """Read ``[a.b]`` or ``[[a.b]]`` and return the path of the table that it opens."""
        many = self.looking_at("[[")
        line = self.line
        self.forward(self.at + 1 + many)
        names = self.key()
        self.forward(self.text.index("]", self.at) + 1 + many)
        path: Path = ()
        for name in names[:-1]:
            path = self.last((*path, name))
        path = (*path, names[-1])
        if many:
            self.note((), path, line)
            self.counts[path] = self.counts.get(path, 0) + 1
        path = self.last(path)
        self.note((), path, line)
        # A sub-table may have made it known already; its own header is the better place.
        self.lines[path] = line
        return path

    def last(self, path: Path) -> Path:
        """Return the path of the array's last table if this is an array of tables."""
        return (*path, self.counts[path] - 1) if path in self.counts else path

    def note(self, base: Path, path: Path, line: int) -> None:
        for length in range(len(base) + 1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def key(self) -> tuple[str, ...]:
        """Read a key of one or more parts: ``a``, ``a.b``, ``"a.b".c``."""
        parts: list[str] = []
        while True:
            self.skip()
            parts.append(self.part())
            self.skip()
            if not self.looking_at("."):
                return tuple(parts)
            self.forward(self.at + 1)

    def part(self) -> str:
        start = self.at
        if self.looking_at('"') or self.looking_at("'"):
            self.string()
            return next(iter(tomllib.loads(f"{self.text[start : self.at]} = 0")))
        while self.text[self.at] not in _KEY_ENDS:
            self.at += 1
        return self.text[start : self.at]

    def pair(self, table: Path) -> None:
        line = self.line
        path = (*table, *self.key())
        self.note(table, path, line)
        self.forward(self.text.index("=", self.at) + 1)
        self.skip()
        self.value(path)

    def value(self, path: Path) -> None:
        if self.looking_at('"') or self.looking_at("'"):
            self.string()
        elif self.looking_at("["):
            self.array(path)
        elif self.looking_at("{"):
            self.inline(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in _SCALAR_ENDS:
                self.at += 1

    def string(self) -> None:
        """Pass over any of the four kinds of string, the position being at its first quote."""
        quote = self.text[self.at]
        end = quote * 3 if self.looking_at(quote * 3) else quote
        position = self.at + len(end)
        while not self.text.startswith(end, position):
            position += 2 if quote == '"' and self.text[position] == "\\" else 1
        position += len(end)
        # A multi-line string may end in one or two quotes of its own: """he said "no"""""
        while len(end) > 1 and self.text.startswith(quote, position):
            position += 1
        self.forward(position)

    def array(self, path: Path) -> None:
        self.forward(self.at + 1)
        index = 0
        self.skip()
        while not self.looking_at("]"):
            self.lines[(*path, index)] = self.line
            self.value((*path, index))
            index += 1
            self.past_comma()
        self.forward(self.at + 1)

    def inline(self, path: Path) -> None:
        self.forward(self.at + 1)
        self.skip()
        while not self.looking_at("}"):
            self.pair(path)
            self.past_comma()
        self.forward(self.at + 1)

    def past_comma(self) -> None:
        self.skip()
        if self.looking_at(","):
            self.forward(self.at + 1)
            self.skip()
