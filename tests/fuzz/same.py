"""Whether readers understand what they understood: for changes that only make them faster.

    python -m fuzz.same REVISION [--mutants 3000] [--seed 1] [--only WORD …]

Every golden document that needs no program outside and no recogniser of letters, and so many
mutants of them, are read by the code of a revision and by that of the working tree, each in
processes of its own. What differs in their readings is shown; exit code 1 if anything does.
"""

import argparse
import json
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
#: Families that take seconds a document, or LibreOffice.
_LEFT_OUT: Final = frozenset({"doc/odt/rtf", "scans", "photos", "bad pictures"})
_PROCESSES: Final = 2

#: One document of the corpus: where it is from, the name as sent, its bytes.
Item = tuple[str, str, bytes]


def corpus(seed: int, mutants: int, only: Sequence[str]) -> Iterator[Item]:
    """Yield every golden document, then so many mutants of them."""
    from fuzz.run import MUTATORS, jobs, mutants_of  # noqa: PLC0415  the child does without
    from golden.figures import family  # noqa: PLC0415
    from rigs.golden import CASES  # noqa: PLC0415

    for path in sorted(CASES.glob("*/input*.*")):
        if family(path) not in _LEFT_OUT and (not only or any(one in str(path) for one in only)):
            yield str(path.relative_to(CASES)), path.name, path.read_bytes()
    made = 0
    for job in jobs(seed, only):
        if family(job.path) in _LEFT_OUT:
            continue
        for one in mutants_of(job.path, MUTATORS[job.mutator], seed):
            if made >= mutants:
                return
            for part in message_from_bytes(one.mail).walk():
                if part.get_filename() is not None and not part.is_multipart():
                    made += 1
                    content = part.get_payload(decode=True)
                    where = f"{job.path.relative_to(CASES)} {job.name} {one.detail}"
                    yield where, part.get_filename("x"), bytes(content)  # type: ignore[arg-type]


def answers(items: Sequence[Item], form_json: str) -> list[Any]:
    """Return what ``parsers`` of this process makes of each document."""
    import parsers  # noqa: PLC0415  of the tree that this process was started in
    from parsers.form import Form  # noqa: PLC0415
    from parsers.pipe import adapter  # noqa: PLC0415

    form = adapter(Form).validate_json(form_json)
    return [_answer(parsers, adapter, form, name, data) for _, name, data in items]


def _answer(parsers: Any, adapter: Any, form: Any, name: str, data: bytes) -> Any:
    try:
        result = parsers.read(data, form, name=name)
    except Exception as error:  # noqa: BLE001  what a reader raises shall stay the same as well
        return {"raised": type(error).__name__}
    return {type(result).__name__: adapter(type(result)).dump_python(result, mode="json")}


def read_by(tree: Path, items: Sequence[Item], form_json: str) -> list[Any]:
    """Return the answers of the code in a tree, from a few processes."""

    def one(share: Sequence[Item]) -> list[Any]:
        done = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", __file__, "--child", str(tree)],
            input=pickle.dumps((share, form_json)),
            stdout=subprocess.PIPE,
            check=True,
        )
        found: list[Any] = pickle.loads(done.stdout)  # noqa: S301  written by the line below
        return found

    shares = [items[at::_PROCESSES] for at in range(_PROCESSES)]
    with ThreadPoolExecutor(_PROCESSES) as pool:
        parts = list(pool.map(one, shares))
    found: list[Any] = [None] * len(items)
    for at, part in enumerate(parts):
        found[at::_PROCESSES] = part
    return found


def child(tree: str) -> None:
    """Read what standard input has, with the code of this tree."""
    sys.path[0:0] = [tree]
    items, form_json = pickle.load(sys.stdin.buffer)  # noqa: S301  written by ``read_by``
    out = sys.stdout.buffer
    found = answers(items, form_json)
    import parsers  # noqa: PLC0415  as above

    assert Path(parsers.__file__).is_relative_to(tree)
    out.write(pickle.dumps(found))


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield where two answers differ, and how."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from differences(before.get(key), after.get(key), f"{path}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for at, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{path}/{at}")
    elif json.dumps(before) != json.dumps(after):
        yield f"{path}: {json.dumps(before, ensure_ascii=False)[:200]}"
        yield f"{' ' * len(path)}→ {json.dumps(after, ensure_ascii=False)[:200]}"


def say(text: str) -> None:
    """Print for people."""
    print(text, flush=True)  # noqa: T201  a program for people


def main() -> int:
    """Return 1 if any document is understood in another way than by the revision."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.same", description=__doc__)
    parser.add_argument("revision", nargs="?", default="main")
    parser.add_argument("--mutants", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="a word of the path")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child)
        return 0
    from rigs.shipped import shipped_form  # noqa: PLC0415  the child does without

    from parsers.form import Form  # noqa: PLC0415
    from parsers.pipe import adapter  # noqa: PLC0415

    form_json = adapter(Form).dump_json(shipped_form()).decode()
    items = list(corpus(chosen.seed, chosen.mutants, chosen.only))
    with tempfile.TemporaryDirectory(prefix="same-") as folder:
        archive = subprocess.run(
            ["git", "-C", str(_ROOT), "archive", chosen.revision, "parsers"],
            stdout=subprocess.PIPE,
            check=True,
        )
        subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
        before = read_by(Path(folder), items, form_json)
    after = read_by(_ROOT, items, form_json)
    differing = 0
    for (where, *_), one, other in zip(items, before, after, strict=True):
        found = list(differences(one, other))
        differing += bool(found)
        if found:
            say("\n    ".join([where, *found[:8]]))
    kinds = [next(iter(one)) for one in before]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    say(f"{len(items)} documents ({counts}): {differing} differ from {chosen.revision}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
