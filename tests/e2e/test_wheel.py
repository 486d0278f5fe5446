"""The wheel, installed as pipx does it: an environment of its own, far from the checkout.

The dependencies are those of the environment that runs the tests: a path file stands for their
download. The program itself comes from the wheel alone.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("parsers", "config", "registry", "notifier", "intake")
POINT = {
    "name": "Điểm giới thiệu sản phẩm OCOP Hòa Cư",
    "address": "Thôn Bản Luận, xã Hòa Cư",
    "owner": "Hợp tác xã Nông sản Hòa Cư",
    "owner_kind": "hợp tác xã",
    "representative": "Hoàng Văn Mẫu",
    "phone": "0912000111",
    "area_m2": 35.5,
    "products": "Mật ong; Hạt dẻ tươi",
    "stars": 3,
    "cost_requested": 50_000_000,
}

pytestmark = pytest.mark.e2e
Intake = Callable[..., subprocess.CompletedProcess[str]]


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program that knows nothing of the checkout."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env={**kept, "LANG": "C.UTF-8", **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout as a daemon that ran in it leaves it: with mails beside the example."""
    copy = tmp_path_factory.mktemp("source")
    left_out = shutil.ignore_patterns("__pycache__", "data")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=left_out)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    for left_behind in ("registry.db", "vault/ab/abcd"):
        path = copy / "config" / "cao-loc" / "data" / left_behind
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("somebody's mail", encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the source distribution, as `python -m build` makes it."""
    dist = tmp_path_factory.mktemp("dist")
    call = f"from setuptools import build_meta; print(build_meta.build_sdist({str(dist)!r}))"
    made = run(sys.executable, "-c", call, cwd=source)
    assert made.returncode == 0, made.stderr
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", dist)
    made = run(sys.executable, "-m", "pip", "wheel", *options, *dist.glob("*.tar.gz"), cwd=dist)
    assert made.returncode == 0, made.stderr
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def intake(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Intake:
    """`intake` from the wheel, run in an empty folder; ``at`` names another one."""
    venv = tmp_path_factory.mktemp("venv")
    away = tmp_path_factory.mktemp("away")
    made = run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=away)
    assert made.returncode == 0, made.stderr
    python = venv / "bin" / "python"
    install = ("-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    made = run(sys.executable, *install, cwd=away)
    assert made.returncode == 0, made.stderr
    site = next((venv / "lib").glob("python*/site-packages"))
    # After the program was installed, and so that no path file in there is obeyed: one of them
    # leads to the checkout.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return run(venv / "bin" / "intake", *arguments, cwd=away)

    where = run(python, "-c", "import intake, parsers; print(parsers.__file__)", cwd=away)
    assert where.stdout.startswith(str(venv)), where
    return call


def test_the_wheel_has_every_file_of_the_packages_and_nothing_else(
    source: Path, wheel: Path
) -> None:
    wanted = {
        str(path.relative_to(source))
        for package in PACKAGES
        for path in (source / package).rglob("*")
        if path.is_file() and "data" not in path.parts and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == wanted
    assert {"parsers/glyphs.npz", "config/cao-loc/templates/official-letter.docx"} < names
    assert {"intake/intake@.service", "registry/migrations/script.py.mako"} < names


def test_it_says_which_version_it_is(intake: Intake) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]
    told = intake("--version")
    assert (told.returncode, told.stdout) == (0, f"commune-intake {version}\n")


def test_a_config_folder_a_form_and_its_reading(intake: Intake, tmp_path: Path) -> None:
    folder = tmp_path / "caoloc"
    assert intake("init", folder).returncode == 0
    checked = intake("--config", folder, "check")
    assert checked.returncode == 0, checked.stderr
    assert "config is sound: 22 communes" in checked.stdout

    forms = tmp_path / "forms"
    made = intake("--config", folder, "form", "ocop-2024-2", "--out", forms)
    assert made.returncode == 0, made.stderr
    book = fill_in(next(forms.glob("*06223*.xlsx")), folder)
    read = intake("--config", folder, "parse", book, "--json")
    assert read.returncode == 0, read.stdout + read.stderr
    (document,) = json.loads(read.stdout)
    assert (document["role"], document["commune"]["code"]) == ("form", "06223")
    (row,) = document["rows"]
    assert row["values"]["area_m2"] == "35.5"
    assert row["values"]["cost_requested"] == "50000000"


def test_the_registry_is_made_by_the_migrations_of_the_wheel(
    intake: Intake, tmp_path: Path
) -> None:
    folder = tmp_path / "caoloc"
    intake("init", folder)
    looked = intake("--config", folder, "status", "--json")
    assert looked.returncode == 0, looked.stderr
    assert len(json.loads(looked.stdout)["campaigns"][0]["communes"]) == 22
    assert intake("--config", folder, "verify").returncode == 0


def test_the_unit_starts_the_program_that_printed_it(intake: Intake) -> None:
    told = intake("unit")
    assert told.returncode == 0, told.stderr
    start = next(line for line in told.stdout.splitlines() if line.startswith("ExecStart="))
    program, *arguments = start.removeprefix("ExecStart=").split()
    assert arguments == ["--config", "/etc/intake/%i", "run"]
    assert run(program, "--version", cwd=Path("/")).returncode == 0


def fill_in(book: Path, folder: Path) -> Path:
    """Write the point into the first line of the table, wherever in the workbook that is."""
    campaign = folder / "campaigns" / "ocop-2024-2.toml"
    form = tomllib.loads(campaign.read_text(encoding="utf-8"))["form"]
    labels = {field["label"]: field["key"] for field in form["field"]}
    opened = openpyxl.load_workbook(book)
    sheet, header = next(
        (sheet, cell.row)
        for sheet in opened.worksheets
        for line in sheet.iter_rows()
        for cell in line
        if cell.value == "Tên điểm"
    )
    first = next(
        line
        for line in range(header + 1, header + 5)
        if not str(sheet.cell(line, 2).value or "").startswith("(")
    )
    for cell in sheet[header]:
        caption = str(cell.value or "")
        key = next((labels[label] for label in labels if caption.startswith(label)), "")
        if key in POINT:
            sheet.cell(first, cell.column).value = POINT[key]
    opened.save(book)
    return book
