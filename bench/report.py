"""The report of 330, 3,321 and 33,210 points, beside writing the same rows with a library.

Inputs of a campaign with ten points a commune are made by hand (so that the registry is not
measured here); then the workbook is built, with every value's source, and its inputs are written
as JSON into a vault, which freezes it. The same from a registry (SQLite) in which they are
recorded: what asking for them takes, and the whole as the daemon does it, the letter's draft and
the vault included. Each has been done with one point before: what a daemon loads once is not
counted. Beside it the rows of the largest sheet alone, the sources, written with openpyxl (as
pandas.to_excel does), openpyxl's write-only mode and XlsxWriter in constant memory, none with
heights, two fonts at most. Each runs in a process of its own; "of it before" is what that process
had in memory at the most before it began. Judge by processor time where others share the machine.

    python bench/report.py [--points 330 3321 33210] [--runs 3] [--only ours whole …]
                           [--peers-to 3321] [--profile FILE]
"""

import argparse
import cProfile
import dataclasses
import datetime as dt
import hashlib
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

_PER_COMMUNE = 10
AT = dt.datetime.fromisoformat("2024-05-16T09:00:00+07:00")
ENV = {"INTAKE_IMAP_PASSWORD": "made-up", "INTAKE_SMTP_PASSWORD": "made-up"}


def inputs(points: int) -> Any:
    """Return the inputs of a report with that many points, the shipped form's sixteen columns."""
    from config.settings import load  # noqa: PLC0415  only the children need the product
    from intake.demo_scenario import HOA_CU  # noqa: PLC0415
    from notifier.facts import title_field  # noqa: PLC0415
    from notifier.report_gather import _criteria  # noqa: PLC0415
    from notifier.report_inputs import (  # noqa: PLC0415
        CommuneFacts,
        FieldFacts,
        FileFacts,
        MailFacts,
        PointFacts,
        ReportInputs,
        VersionFacts,
    )  # fmt: skip
    from parsers.reading import Row  # noqa: PLC0415

    config = load(ROOT / "config" / "cao-loc", env=ENV)
    campaign, office = config.campaigns[0], config.settings.office
    form = campaign.form

    def point(commune: int, number: int, sha256: str) -> PointFacts:
        values = {field.key: HOA_CU[0].get(field.key) or f"ghi chú {number}"
                  for field in form.fields}  # fmt: skip
        values |= {"name": f"Điểm giới thiệu và bán sản phẩm OCOP {commune}-{number}",
                   "cost_requested": str(50_000_000 + commune), "cost_total": "120000000",
                   "area_m2": "35.5", "stars": "3", "phone": "0912345678"}  # fmt: skip
        places = {key: f"Biểu 1!{chr(66 + index)}{9 + number}" for index, key in enumerate(values)}
        sure = dict.fromkeys(values, 1.0) | {"products": 0.7 if number == 3 else 1.0}  # noqa: PLR2004
        row = Row(values=values, places=places, confidence=sure, raw=values, boxes={})
        return PointFacts(values, dict(values), places, sure, f"bieu {commune}.xlsx", sha256,
                          _criteria(campaign, row))  # fmt: skip

    def one(number: int, count: int) -> CommuneFacts:
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        answer = VersionFacts(
            1, f"OCOP2-{number:05}-01-7", "registered", AT, False, False, sha256, None,
            (FileFacts(f"bieu {number}.xlsx", sha256, "form"),),
            tuple(point(number, serial, sha256) for serial in range(count)), (),
        )  # fmt: skip
        call = MailFacts("call", f"xa{number}@caoloc.example", "sent", AT, "mail", "250 ok")
        return CommuneFacts(f"{number:05}", AT.date(), f"Xã Số {number}", f"UBND xã Số {number}",
                            "registered", answer, (answer,), 1, AT, (call,))  # fmt: skip

    whole, rest = divmod(points, _PER_COMMUNE)
    counts = [_PER_COMMUNE] * whole + [rest] * bool(rest)
    return ReportInputs(
        AT + dt.timedelta(days=6), office.timezone, office.name, office.unit, office.place,
        office.parent, campaign.id, campaign.title, campaign.round, campaign.number, (), (),
        campaign.deadline_at, campaign.closes_at, True, campaign.silence, campaign.late, "Sở",
        form.title, campaign.report.notation, "", "", False,
        tuple(FieldFacts(field.key, field.label, field.type, field.required,
                         field is title_field(form)) for field in form.fields),
        tuple(one(number, count) for number, count in enumerate(counts)),
    )  # fmt: skip


def offices(points: int) -> tuple[Any, Any]:
    """Return a configuration with a commune for each ten points, and its campaign."""
    from rigs.board import many  # noqa: PLC0415

    config = many(-(-points // _PER_COMMUNE))
    config = dataclasses.replace(config, folder=ROOT / "config" / "cao-loc")
    return config, config.campaigns[0]


def fill(points: int, folder: Path) -> None:
    """Make a registry that knows all that, as the daemon would have recorded it."""
    from parsers.reading import Row  # noqa: PLC0415
    from registry.model import Document, NewSubmission, Outcome, Point, Slot  # noqa: PLC0415
    from registry.store import open_store  # noqa: PLC0415

    config, campaign = offices(points)
    store = open_store("sqlite:///registry.db", folder, durable=False)
    known = zip(config.communes, inputs(points).communes, strict=True)
    for number, (commune, facts) in enumerate(known):
        at = campaign.opens_at + dt.timedelta(seconds=number + 1)
        sha256 = f"{number:064x}"
        slot = Slot("ocop@mail.example", "INBOX", 7, number + 1)
        message = store.keep(slot, sha256, 60_000, at, at).message_id
        rows = (Row(one.values, one.places, one.confidence, one.raw) for one in facts.points)
        form, paper = facts.points[0].file, "Cam kết.pdf"
        outcome = Outcome(
            "recorded", "submission", "read", sender=commune.emails[0], commune=commune.key,
            campaign=campaign.id, content_key=str(number),
            documents=(
                Document(1, form, facts.points[0].sha256, 60_000, "xlsx", "form"),
                Document(2, paper, sha256, 9_000, "pdf", "dossier", item="commitment"),
            ),
            submission=NewSubmission(
                campaign.id, commune.key, "registered", late=False, after_close=False,
                receipt_prefix="OCOP2",
                points=tuple(Point(ordinal, 1, row) for ordinal, row in enumerate(rows, 1)),
            ),
        )  # fmt: skip
        store.record(message, outcome, at)
    store.close()


def opened(points: int, folder: Path) -> Any:
    """Return what the daemon would make the report with."""
    from registry.store import open_store  # noqa: PLC0415
    from registry.vault import Vault  # noqa: PLC0415

    config, campaign = offices(points)
    vault = Path(tempfile.mkdtemp(prefix="vault-", dir=folder))
    store = open_store("sqlite:///registry.db", folder, durable=False)
    return SimpleNamespace(
        store=store, vault=Vault(vault), config=config, clock=lambda: campaign.closes_at
    )


def gathered(desk: Any) -> int:
    """Ask the registry for the inputs; return how many points there are."""
    from notifier.report import gather  # noqa: PLC0415

    return len(gather(desk.store, desk.config, desk.config.campaigns[0], AT).points)


def whole(desk: Any) -> int:
    """Freeze the report as the daemon does: ask, build it and its letter, all into the vault."""
    from intake.closing import freeze_report  # noqa: PLC0415

    return sum(file.size_bytes for file in freeze_report(desk, desk.config.campaigns[0]).files)


def source_rows(made: Any) -> Iterator[list[str | int]]:
    """Yield the rows of the sources' sheet."""
    count = 0
    for commune in made.communes:
        for ordinal, point in enumerate(commune.points, start=1):
            for field in made.fields:
                count += 1
                key = field.key
                said = point.values[key], point.raw[key], point.places[key], "100%"
                yield [count, commune.title, ordinal, field.label, *said, point.file, point.sha256]


def ours(made: Any) -> int:
    """Build the workbook; return its size."""
    from notifier.report import workbook  # noqa: PLC0415

    return len(workbook(made))


def frozen(made: Any) -> int:
    """Write the inputs into a vault; return their size."""
    from notifier.report_inputs import inputs_pieces  # noqa: PLC0415
    from registry.vault import Vault  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="bench-report-") as folder:
        sha256 = Vault(Path(folder)).put_pieces(inputs_pieces(made))
        return (Path(folder) / sha256[:2] / sha256).stat().st_size


def read_again(made: Any) -> int:
    """Write the inputs and read them again, as a supplement has both; return their size."""
    from notifier.report_inputs import inputs_json, read_inputs  # noqa: PLC0415

    written = inputs_json(made)
    again = read_inputs(written)
    return len(written) if len(again.points) == len(made.points) else 0


def plain_openpyxl(made: Any, *, write_only: bool = False) -> int:
    """Write the sources with openpyxl."""
    from openpyxl import Workbook  # noqa: PLC0415

    book = Workbook(write_only=write_only)
    sheet = book.create_sheet("Nguồn số liệu")
    for row in source_rows(made):
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return len(target.getvalue())


def xlsxwriter(made: Any) -> int:
    """Write the sources with XlsxWriter, bordered and wrapped as ours are."""
    import xlsxwriter as writer  # noqa: PLC0415

    target = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with writer.Workbook(target, options) as book:
        sheet = book.add_worksheet("Nguồn số liệu")
        look = book.add_format({"font_name": "Times New Roman", "border": 1, "text_wrap": True})
        for number, row in enumerate(source_rows(made)):
            sheet.write_row(number, 0, row, look)
    return len(target.getvalue())


_WRITERS: dict[str, tuple[str, Callable[[Any], int]]] = {
    "ours": ("the report, all sheets", ours),
    "frozen": ("its inputs as JSON into the vault", frozen),
    "again": ("its inputs written and read again, beside them", read_again),
    "gathered": ("asking the registry for them", gathered),
    "whole": ("all of it: asked, built with its letter, frozen", whole),
    "openpyxl": ("openpyxl, the sources only", plain_openpyxl),
    "write-only": (
        "openpyxl write-only, the sources only",
        lambda made: plain_openpyxl(made, write_only=True),
    ),
    "xlsxwriter": ("XlsxWriter, the sources only", xlsxwriter),
}


#: The libraries beside ours.
_PEERS = {"openpyxl", "write-only", "xlsxwriter"}
#: What asks a registry rather than being given the inputs.
_ASKING = {"gathered", "whole"}


def child(who: str, points: int) -> None:
    """Do one thing and print what it took as JSON."""
    with tempfile.TemporaryDirectory(prefix="bench-report-") as small:
        if who in _ASKING:
            fill(1, Path(small))
            _WRITERS[who][1](opened(1, Path(small)))
            made = opened(points, Path(os.environ["BENCH_REGISTRY"]))
        else:
            _WRITERS[who][1](inputs(1))
            made = inputs(points)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = os.environ.get("BENCH_PROFILE")
    profile = cProfile.Profile() if path else None
    if profile:
        profile.enable()
    began, cpu = time.perf_counter(), time.process_time()
    size = _WRITERS[who][1](made)
    found = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    if profile and path:
        profile.disable()
        profile.dump_stats(path)
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(found | {"bytes": size, "before_kb": before_kb, "peak_kb": peak_kb}))


def run(who: str, points: int, registry: Path, profile: str = "") -> Any:
    """Run one thing in a child, with the registry in that folder, which is filled if it is new."""
    command = [sys.executable, __file__, "--child", who, str(points)]
    env = os.environ | {"BENCH_PROFILE": profile, "BENCH_REGISTRY": str(registry)}
    if who in _ASKING and not registry.exists():
        registry.mkdir()
        filling = [sys.executable, __file__, "--child", "fill", str(points)]
        subprocess.run(filling, check=True, env=env)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--points", type=int, nargs="+", default=[330, 3321, 33210])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers-to", type=int, default=3321, help="most points of the libraries")
    parser.add_argument("--only", nargs="+", default=list(_WRITERS), choices=list(_WRITERS))
    parser.add_argument("--profile", default="", help="write a cProfile of the first and stop")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.child and wanted.child[0] == "fill":
        fill(int(wanted.child[1]), Path(os.environ["BENCH_REGISTRY"]))
        return
    if wanted.child:
        child(wanted.child[0], int(wanted.child[1]))
        return
    with tempfile.TemporaryDirectory(prefix="bench-report-") as folder:
        if wanted.profile:
            run(wanted.only[0], wanted.points[-1], Path(folder) / "registry", wanted.profile)
        else:
            table(wanted, Path(folder))


def table(wanted: argparse.Namespace, folder: Path) -> None:
    """Measure and print."""
    names = [f"{one} {version(one)}" for one in ("openpyxl", "XlsxWriter")]
    cores = len(os.sched_getaffinity(0))
    print(
        f"report: median of {wanted.runs} runs\n{platform.machine()}, {cores} cores, "
        f"{platform.system()}; Python {platform.python_version()}, {', '.join(names)}\n"
    )
    print("| | points | seconds | processor s | µs a point | peak MB | of it before | MB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for who in wanted.only:
        name = _WRITERS[who][0]
        for points in wanted.points:
            if who in _PEERS and points > wanted.peers_to:
                continue
            runs = [run(who, points, folder / str(points)) for _ in range(wanted.runs)]
            middle = {key: statistics.median(one[key] for one in runs) for key in runs[0]}
            size = f"{middle['bytes'] / 1e6:.1f}" if who != "gathered" else ""
            print(
                f"| {name} | {points} | {middle['seconds']:.2f} | {middle['cpu']:.2f} "
                f"| {middle['cpu'] / points * 1e6:.0f} | {middle['peak_kb'] / 1000:.0f} "
                f"| {middle['before_kb'] / 1000:.0f} | {size} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
