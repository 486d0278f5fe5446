"""Cold start of the commands that people type: `intake parse` of one workbook, `intake status`.

Whole processes, beside `python -c pass` in the same run, by turns; medians. Bytecode caches are
there, as after an installation with pip, whatever PYTHONDONTWRITEBYTECODE says.

    python bench/start.py [--starts 15]
"""

import argparse
import compileall
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENV = {**os.environ, "INTAKE_IMAP_PASSWORD": "-", "INTAKE_SMTP_PASSWORD": "-"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--starts", type=int, default=15)
    wanted, _ = parser.parse_known_args()
    compile_all()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        config, book = Path(name, "config"), Path(name, "Biểu đăng ký.xlsx")
        _prepare(config, book)
        intake = [sys.executable, "-m", "intake", "--config", str(config)]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "intake status": [*intake, "status"],
            "intake parse, one workbook": [*intake, "parse", str(book)],
        }
        for command in commands.values():
            _seconds(command)  # the first start reads the disk and makes the registry
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(wanted.starts):
            for what, command in commands.items():
                times[what].append(_seconds(command))
    _report(times)


def compile_all() -> None:
    """Write the bytecode caches that an installation with pip writes."""
    for package in ("parsers", "config", "registry", "notifier", "intake"):
        compileall.compile_dir(ROOT / package, quiet=2)
    for name in ("sqlalchemy", "pydantic", "typer", "rich", "lxml", "alembic", "imap_tools"):
        found = importlib.util.find_spec(name)
        if found and found.submodule_search_locations:
            site = Path(found.submodule_search_locations[0]).parent
            compileall.compile_dir(site, quiet=2, workers=2)
            return


def _prepare(config: Path, book: Path) -> None:
    """The shipped example and a small filled-in form; made in a process of its own."""
    code = (
        "import datetime, pathlib, sys; from config.init import write_example;"
        "from intake.demo_documents import PLAIN, Sender, workbook;"
        "from intake.demo_scenario import HOA_CU;"
        "write_example(pathlib.Path(sys.argv[1]));"
        "who = Sender('Hòa Cư', '45/UBND-KT', datetime.date(2024, 5, 15));"
        "pathlib.Path(sys.argv[2]).write_bytes(workbook(PLAIN, who, HOA_CU))"
    )
    subprocess.run([sys.executable, "-c", code, str(config), str(book)], check=True, cwd=ROOT)


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, env=ENV, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _report(times: dict[str, list[float]]) -> None:
    cores = len(os.sched_getaffinity(0))
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("typer", "SQLAlchemy", "pydantic", "lxml")
    )
    print("\nstart: whole processes, medians")
    print(
        f"{platform.machine()}, {cores} cores, {platform.system()}; "
        f"Python {platform.python_version()}, {packages}"
    )
    bare = statistics.median(times["python -c pass"])
    wanted = {"intake status": "below 0.5 s", "intake parse, one workbook": "below 1 s"}
    print(f"\n{'':30}{'seconds':>9}{'slowest':>9}{'× python':>10}")
    for what, seconds in times.items():
        median = statistics.median(seconds)
        goal = wanted.get(what, "")
        print(f"{what:30}{median:>9.3f}{max(seconds):>9.3f}{median / bare:>10.1f}   {goal}")


if __name__ == "__main__":
    main()
