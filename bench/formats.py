"""Reading each family of formats, beside what a user would pick for it.

The golden documents are read by our readers and by libraries that give tables: seconds of processor
time a file, and how many of the values that the sender meant were found. The libraries are not in
our environment: they get one of their own (``--venv``, made when it is not there), and run in
processes of it; where that fails the table says so. Tesseract alone is the recogniser that we use
as well, asked for the words of a whole page.

Others are judged with favour. A value counts if a cell of its row has it as it was meant, or if our
own normaliser makes it of the cell below a caption that is an alias of the field; of a recogniser's
lines it is enough that they contain it. Ours must give the canonical value under the right field.

A second table: what a workbook costs beside openpyxl's ``load_workbook``.

    python bench/formats.py [--each 12] [--pictures 3] [--family NAME …] [--venv FOLDER]
"""

import argparse
import datetime as dt
import io
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parents[1]

#: Pinned: other versions are other results.
PACKAGES: Final = (
    "openpyxl==3.1.5", "pandas==3.1.1", "xlrd==2.0.2", "odfpy==1.4.1", "lxml==6.1.3",
    "python-docx==1.2.0", "pdfplumber==0.11.10", "camelot-py==2.0.0",
    "markitdown[xlsx,xls,docx,pdf]==0.1.9",
)  # fmt: skip
_OURS: Final = "ours"
#: Family → what a user would pick.
RIVALS: Final[Mapping[str, tuple[str, ...]]] = {
    "xlsx": ("openpyxl", "pandas", "markitdown"),
    "xls": ("pandas", "markitdown"),
    "ods": ("pandas",),
    "csv/tsv": ("pandas", "markitdown"),
    "html/xml": ("pandas", "markitdown"),
    "docx": ("python-docx", "markitdown"),
    "doc/odt/rtf": ("markitdown",),
    "pdf text": ("pdfplumber", "camelot", "markitdown"),
    "scans": ("tesseract",),
    "photos": ("tesseract",),
}
_PICTURES: Final = frozenset({"scans", "photos"})
_LARGE: Final = 10**15

#: Tables, each of rows of cells' texts.
Tables = list[list[list[str]]]


# --- the libraries, each in a process of the other environment ------------------------------------


def _openpyxl(path: Path) -> Tables:
    from openpyxl import load_workbook  # noqa: PLC0415  only this child

    book = load_workbook(path, data_only=True)
    return [[list(map(_shown, row)) for row in sheet.iter_rows(values_only=True)] for sheet in book]


def _pandas(path: Path) -> Tables:
    import pandas as pd  # noqa: PLC0415  as above

    head = path.read_bytes()[:400].lstrip()
    if path.suffix in {".csv", ".tsv"}:
        frames = [pd.read_csv(path, header=None, sep=None, engine="python", dtype=str)]
    elif head.startswith(b"<"):
        frames = pd.read_html(path, header=None)
    else:
        frames = list(pd.read_excel(path, sheet_name=None, header=None, dtype=object).values())
    return [
        [[_shown(value) for value in row] for row in frame.itertuples(index=False)]
        for frame in (one.astype(object).where(one.notna(), None) for one in frames)
    ]


def _python_docx(path: Path) -> Tables:
    import docx  # noqa: PLC0415  as above

    tables = docx.Document(str(path)).tables
    return [[[cell.text for cell in row.cells] for row in table.rows] for table in tables]


def _pdfplumber(path: Path) -> Tables:
    import pdfplumber  # noqa: PLC0415  as above

    with pdfplumber.open(path) as document:
        found = [table for page in document.pages for table in page.extract_tables()]
    return [[[cell or "" for cell in row] for row in table] for table in found]


def _camelot(path: Path) -> Tables:
    import camelot  # noqa: PLC0415  as above

    return [table.df.to_numpy().tolist() for table in camelot.read_pdf(str(path), pages="all")]


def _markitdown(path: Path) -> Tables:
    from markitdown import MarkItDown  # noqa: PLC0415  as above

    text = MarkItDown().convert(str(path)).text_content
    lines = [line.strip().strip("|") for line in text.splitlines()]
    return [[[cell.strip() for cell in line.split("|")] for line in lines if line]]


def _tesseract(path: Path) -> Tables:
    """Return the lines of its words, a table of one column (our environment has it)."""
    import tesserocr  # noqa: PLC0415  as above
    from PIL import Image  # noqa: PLC0415

    sys.path[:0] = [str(ROOT)]
    from parsers import tessdata  # noqa: PLC0415

    os.environ["OMP_THREAD_LIMIT"] = "1"
    pages = []
    if path.suffix == ".pdf":
        import pypdfium2  # noqa: PLC0415

        document = pypdfium2.PdfDocument(path)
        pages = [page.render(scale=300 / 72).to_pil() for page in document]
    else:
        if path.suffix == ".heic":
            from pillow_heif import register_heif_opener  # noqa: PLC0415

            register_heif_opener()
        pages = [Image.open(path).convert("RGB")]
    lines = []
    folder = f"{tessdata.folder()}/"
    with tesserocr.PyTessBaseAPI(path=folder, lang=tessdata.LANGUAGE) as api:
        for page in pages:
            api.SetImage(page)
            lines += [[line] for line in api.GetUTF8Text().splitlines() if line.strip()]
    return [lines]


LIBRARIES: Final[Mapping[str, Callable[[Path], Tables]]] = {
    "openpyxl": _openpyxl,
    "pandas": _pandas,
    "python-docx": _python_docx,
    "pdfplumber": _pdfplumber,
    "camelot": _camelot,
    "markitdown": _markitdown,
    "tesseract": _tesseract,
}


def _shown(value: Any) -> str:
    """Return a value as a careful script would write it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGE:
        return str(int(value))
    if hasattr(value, "strftime"):
        return value.strftime("%d/%m/%Y") if hasattr(value, "year") else str(value)
    return str(value)


def child(library: str) -> None:
    """Read paths from standard input, one a line; print what was found as JSON, one a line."""
    import warnings  # noqa: PLC0415  as above

    warnings.simplefilter("ignore")
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints
    read = LIBRARIES[library]
    paths = [Path(line.rstrip("\n")) for line in sys.stdin]
    tables: Tables | None
    for number, path in enumerate(paths[:1] + paths):  # once before, for what is imported then
        began = time.process_time()
        try:
            tables = read(path)
        except Exception:  # noqa: BLE001  whatever it raises, it did not read the file
            tables = None
        seconds = time.process_time() - began
        if number:
            print(json.dumps({"seconds": seconds, "tables": tables}), file=out, flush=True)


# --- the judge ------------------------------------------------------------------------------------


class Judge:
    """How many of the meant values are in what was read."""

    def __init__(self) -> None:
        from rigs.shipped import shipped_form  # noqa: PLC0415  the children do without

        from parsers.columns import captions_of  # noqa: PLC0415

        self.form = shipped_form()
        self.captions = captions_of(self.form)

    def of_tables(self, tables: Tables, meant: Sequence[Mapping[str, str]]) -> int:
        """Return how many values stand in their row, as written or under their caption."""
        return self._of_rows(self._rows(tables), meant)

    def of_lines(self, tables: Tables, meant: Sequence[Mapping[str, str]]) -> int:
        """Return how many values are contained in the text of all lines."""
        text = " ".join(_plain(cell) for table in tables for row in table for cell in row)
        return sum(_plain(value) in text for row in meant for value in row.values())

    def of_values(
        self, got: Sequence[Mapping[str, str]], meant: Sequence[Mapping[str, str]]
    ) -> int:
        """Return how many values are those of their field, exactly."""
        from golden.accuracy import aligned  # noqa: PLC0415

        pairs = ((i, j) for i, j in aligned(meant, got) if i is not None and j is not None)
        return sum(got[j].get(key) == value for i, j in pairs for key, value in meant[i].items())

    def _rows(self, tables: Tables) -> list[tuple[set[str], dict[str, str]]]:
        """Return each row's cells, and its canonical values under captions that are aliases."""
        found = []
        for table in tables:
            named: dict[int, tuple[Any, str]] = {}
            for row in table:
                keys = {at: self.captions.exact(cell) for at, cell in enumerate(row) if cell}
                again = {at: key for at, key in keys.items() if key}
                if len(set(again.values())) > 1 and len(again) >= len(named) / 2:
                    named = {
                        at: (self.form.field(key), row[at]) for at, key in again.items() if key
                    }
                    continue
                values = {
                    field.key: value
                    for at, (field, caption) in named.items()
                    if at < len(row) and (value := _canonical(field, caption, row[at]))
                }
                found.append(({_plain(cell) for cell in row if cell}, values))
        return found

    def _of_rows(
        self, rows: list[tuple[set[str], dict[str, str]]], meant: Sequence[Mapping[str, str]]
    ) -> int:
        """Return the values found, each meant row in the row that has most of it, used once."""
        left, right = list(rows), 0
        for wanted in meant:
            scores = [
                sum(values.get(k) == v or _plain(v) in cells for k, v in wanted.items())
                for cells, values in left
            ]
            if scores and max(scores):
                right += max(scores)
                del left[scores.index(max(scores))]
        return right


def _plain(text: str) -> str:
    from parsers.vietnamese import one_line  # noqa: PLC0415

    return one_line(text).casefold()


def _canonical(field: Any, caption: str, text: str) -> str | None:
    from parsers.grid import Cell  # noqa: PLC0415
    from parsers.quantities import quantity_unit  # noqa: PLC0415
    from parsers.values import Context, money_unit, parse  # noqa: PLC0415

    read = {"money": money_unit, "decimal": quantity_unit}.get(field.type)
    unit = (read(caption) if read else "") or ""
    return parse(field, Cell(text, text, ""), Context(unit)).text


# --- the run --------------------------------------------------------------------------------------


def chosen(families: Sequence[str], each: int, pictures: int) -> dict[str, list[Path]]:
    """Return documents with a form's rows by family, so many of each, from everywhere."""
    from golden.figures import family  # noqa: PLC0415  the children do without
    from rigs.golden import measured, truth  # noqa: PLC0415

    found: dict[str, list[Path]] = {}
    for path in measured():
        if truth(path)["rows"]:
            found.setdefault(family(path), []).append(path)
    wanted = {name: paths for name, paths in found.items() if name in (families or RIVALS)}
    most = {name: pictures if name in _PICTURES else each for name in wanted}
    return {
        name: paths[:: max(1, -(-len(paths) // most[name]))] if most[name] else paths
        for name, paths in wanted.items()
    }


def environment(folder: Path) -> str:
    """Return the interpreter of the libraries' environment, made if need be; empty if it fails."""
    python = folder / "bin" / "python"
    marker = folder / "packages"
    wanted = "\n".join(PACKAGES)
    if marker.exists() and marker.read_text(encoding="utf-8") == wanted:
        return str(python)
    try:
        venv.create(folder, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the other libraries could not be installed: {error}", file=sys.stderr)
        return ""
    marker.write_text(wanted, encoding="utf-8")
    return str(python)


def rival(python: str, library: str, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return what a library makes of files; nothing for those after one that killed it."""
    done = subprocess.run(
        [python, __file__, "--child", library],
        input="".join(f"{path}\n" for path in paths),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours(path: Path) -> tuple[float, list[Mapping[str, str]] | None]:
    """Return seconds of processor time, children included, and the rows; None if refused."""
    from rigs.golden import read  # noqa: PLC0415

    from parsers.reading import Refusal  # noqa: PLC0415

    before = time.process_time(), os.times()
    result = read(path.read_bytes(), path.name)
    after = time.process_time(), os.times()
    others = sum(after[1][2:4]) - sum(before[1][2:4])  # LibreOffice
    seconds = after[0] - before[0] + others
    return seconds, None if isinstance(result, Refusal) else [row.values for row in result.rows]  # noqa: PD011  no frame


def compared(by_family: Mapping[str, list[Path]], python: str) -> Iterable[str]:
    """Yield the lines of the table."""
    from rigs.golden import truth  # noqa: PLC0415

    judge = Judge()
    yield "| family | files | values | reader | s/file | values found % | not opened % |"
    yield "|---|---|---|---|---|---|---|"
    for name, paths in by_family.items():
        meant = [truth(path)["rows"] for path in paths]
        values = sum(len(row) for rows in meant for row in rows)
        head = f"| {name} | {len(paths)} | {values} |"
        ours(paths[0])
        mine = [ours(path) for path in paths]
        right = sum(
            judge.of_values(got or [], rows) for (_, got), rows in zip(mine, meant, strict=True)
        )
        yield _line(head, _OURS, [s for s, _ in mine], right / values, [got for _, got in mine])
        for library in RIVALS[name]:
            where = sys.executable if library == "tesseract" else python
            answers = rival(where, library, paths) if where else []
            if len(answers) < len(paths):
                yield f"| | | | {library} | {'died' if where else 'not installed'} | | |"
                continue
            by = judge.of_lines if library == "tesseract" else judge.of_tables
            pairs = zip(answers, meant, strict=True)
            right = sum(by(one["tables"] or [], rows) for one, rows in pairs)
            seconds = [one["seconds"] for one in answers if one["tables"] is not None]
            tables = [one["tables"] for one in answers]
            yield _line("| | | |", library, seconds, right / values, tables)


def _line(
    head: str, reader: str, seconds: Sequence[float], right: float, opened: Sequence[object]
) -> str:
    lost = sum(one is None for one in opened) / len(opened)
    median = f"{statistics.median(seconds):.3f}" if seconds else ""
    return f"{head} {reader} | {median} | {right * 100:.1f} | {lost * 100:.0f} |"


# --- workbooks beside openpyxl --------------------------------------------------------------------

_SIZES: Final = (5, 200, 725)
_CATALOGUE_ROWS: Final = 830


def workbooks(turns: int) -> Iterable[str]:
    """Yield the table of workbooks beside ``load_workbook``: medians, by turns, none read twice."""
    import gc  # noqa: PLC0415  as above

    from openpyxl import load_workbook  # noqa: PLC0415
    from rigs.shipped import shipped_form  # noqa: PLC0415

    import parsers  # noqa: PLC0415

    form = shipped_form()
    chance = random.Random(2024)  # noqa: S311  the same workbooks at every run
    kinds = {f"{size} points": (size, 0) for size in _SIZES}
    kinds[f"5 points and a catalogue of {_CATALOGUE_ROWS} rows"] = 5, _CATALOGUE_ROWS
    gc.freeze()
    gc.set_threshold(50_000)  # as a reader in its jail (parsers.serve)
    yield "| workbook | kB | ours, ms | openpyxl's load, ms | load / ours |"
    yield "|---|---|---|---|---|"
    for name, (points, products) in kinds.items():
        mine, others, size = [], [], 0
        for turn in range(turns + 1):
            book = _book(points, products, chance)
            began = time.process_time()
            parsers.read(book, form, name="Biểu.xlsx")
            middle = time.process_time()
            load_workbook(io.BytesIO(book))
            if turn:  # the first one pays for what is imported then
                mine.append((middle - began) * 1e3)
                others.append((time.process_time() - middle) * 1e3)
            size = len(book)
        one, other = statistics.median(mine), statistics.median(others)
        yield f"| {name} | {size / 1000:.0f} | {one:.1f} | {other:.1f} | {other / one:.2f} |"


def _book(points: int, products: int, chance: random.Random) -> bytes:
    """Return a filled form whose names, places, people and numbers are each their own."""
    from openpyxl import load_workbook  # noqa: PLC0415

    from intake.demo_documents import PLAIN, Sender, workbook  # noqa: PLC0415  as above
    from intake.demo_scenario import HOA_CU  # noqa: PLC0415

    def varied(point: Mapping[str, str]) -> dict[str, str]:
        own = {key: f"{point[key]} {chance.randrange(10**4)}" for key in _OWN if key in point}
        phone = f"09{chance.randrange(10**8):08}"
        return {
            **point,
            **own,
            "phone": phone,
            "registration_no": f"{chance.randrange(10**10):010}",
        }

    who = Sender("Hòa Cư", "45/UBND-KT", dt.date(2024, 5, 15), class_word="xã")
    made = workbook(PLAIN, who, tuple(varied(HOA_CU[n % len(HOA_CU)]) for n in range(points)))
    if not products:
        return made
    book = load_workbook(io.BytesIO(made))
    sheet = book.create_sheet("Sản phẩm")
    sheet.append(["TT", "Mã", "Tên sản phẩm", "Chủ thể", "Địa chỉ", "Hạng sao", "Ghi chú", "Năm"])
    for number in range(1, products + 1):
        code, product, owner = (chance.randrange(10**most) for most in (6, 5, 3))
        sheet.append(
            [
                number, f"SP{code}", f"Sản phẩm {product}", f"HTX số {owner}",
                f"Thôn {chance.randrange(300)}", chance.randrange(3, 6), None, 2024,
            ]
        )  # fmt: skip
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


_OWN: Final = ("name", "address", "owner", "representative", "products")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--each", type=int, default=12, help="files of a family; 0 = all")
    parser.add_argument("--pictures", type=int, default=3, help="the same for scans and photos")
    parser.add_argument("--family", action="append", default=[], help="only this family")
    parser.add_argument("--turns", type=int, default=11, help="workbooks of each size")
    parser.add_argument("--venv", type=Path, help="the libraries' environment, kept for next time")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    wanted, _ = parser.parse_known_args()
    if wanted.child:
        child(wanted.child)
        return
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import parsers  # noqa: PLC0415  the children do without

    parsers.warm()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    python = environment(wanted.venv or cache / "intake-bench" / "formats")
    print(
        f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores; Python "
        f"{platform.python_version()}; {', '.join(PACKAGES)}\n"
    )
    by_family = chosen(wanted.family, wanted.each, wanted.pictures)
    for line in compared(by_family, python):
        print(line, flush=True)
    print()
    for line in workbooks(wanted.turns):
        print(line, flush=True)


if __name__ == "__main__":
    main()
