"""`intake migrate-registry`: a busy office moves to a server and back, and its reports stay."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.cast import moment
from rigs.dump import dump
from rigs.ports import Ports
from rigs.postgres import Postgres

from config.service import with_values
from config.settings import load
from intake.closing import build_report
from intake.opening import open_database, open_registry

ENV = {
    "INTAKE_IMAP_PASSWORD": "x",
    "INTAKE_SMTP_PASSWORD": "x",
    "INTAKE_DEMO_PASSWORD": "x",
    "INTAKE_DATABASE_PASSWORD": "Bi-Mat-1",
}


def intake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "intake", "--config", str(folder), *words],
        env={**os.environ, **ENV},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config folder of the demo: a whole campaign, with a report and a supplement."""
    out = tmp_path_factory.mktemp("migrate") / "demo"
    done = intake(out, "demo", "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out / "config"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with (
        Ports() as ports,  # ours also while the cluster is only being made
        Postgres(address="127.0.0.1", port=ports.numbers[0]) as started,
    ):
        started.sql("CREATE ROLE office LOGIN PASSWORD 'Bi-Mat-1'")
        access = "local all all trust\nhost all all all scram-sha-256\n"
        (started.dir / "data" / "pg_hba.conf").write_text(access)
        started.sql("SELECT pg_reload_conf()")
        yield started


@pytest.fixture
def folder(played: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    return Path(shutil.copytree(played, tmp_path / "config"))


def empty_database(server: Postgres) -> str:
    """Make a database that belongs to the office, and return its address."""
    name = server.url().partition("@/")[2].partition("?")[0]
    server.sql(f'ALTER DATABASE "{name}" OWNER TO office')
    return f"postgresql+psycopg://office@127.0.0.1:{server.port}/{name}"


def settle(folder: Path, database: str, variable: str = "INTAKE_DATABASE_PASSWORD") -> None:
    """Write what the command says into settings.toml."""
    path = folder / "settings.toml"
    lines = {"database": f'"{database}"', "password_env": f'"{variable}"'}
    path.write_text(with_values(path.read_text("utf-8"), "storage", lines), "utf-8")


def reports(folder: Path) -> dict[str, object]:
    """Build the report of what the registry has, at a fixed moment."""
    config = load(folder, env=os.environ)
    store, vault = open_registry(config)
    with store:
        row, files = build_report(store, vault, config, config.campaigns[0], moment(25))
        return {"inputs": row, **files}


def test_a_busy_office_moves_to_a_server_and_its_reports_stay(
    folder: Path, server: Postgres
) -> None:
    """The same rows, the same status, the same report byte for byte; the journal is whole."""
    status, made = intake(folder, "status", "--json"), reports(folder)
    url = empty_database(server)
    moved = intake(folder, "migrate-registry", url, "--password-env", "INTAKE_DATABASE_PASSWORD")
    assert moved.returncode == 0, moved.stderr
    assert f'  database = "{url}"' in moved.stdout
    assert '  password_env = "INTAKE_DATABASE_PASSWORD"' in moved.stdout
    assert "Bi-Mat" not in moved.stdout
    with open_database(load(folder, env=os.environ)) as file:
        rows = dump(file)
    settle(folder, url)
    with open_database(load(folder, env=os.environ)) as there:
        assert dump(there) == rows
    assert reports(folder) == made
    assert json.loads(intake(folder, "status", "--json").stdout) == json.loads(status.stdout)
    verified = intake(folder, "verify")
    assert verified.returncode == 0, verified.stderr
    asked = intake(folder, "check", "--connect")
    assert "PostgreSQL " in asked.stdout
    assert "encoding UTF8" in asked.stdout


def test_back_to_a_file(folder: Path, server: Postgres) -> None:
    made, url = reports(folder), empty_database(server)
    intake(folder, "migrate-registry", url, "--password-env", "INTAKE_DATABASE_PASSWORD")
    settle(folder, url)
    moved = intake(folder, "migrate-registry", "sqlite:///data/back.db")
    assert moved.returncode == 0, moved.stderr
    settle(folder, "sqlite:///data/back.db", variable="")
    assert reports(folder) == made
    assert intake(folder, "verify").returncode == 0


def test_a_second_time_is_refused_and_nothing_is_doubled(folder: Path, server: Postgres) -> None:
    url = empty_database(server)
    words = ("migrate-registry", url, "--password-env", "INTAKE_DATABASE_PASSWORD")
    assert intake(folder, *words).returncode == 0
    again = intake(folder, *words)
    assert again.returncode == 1
    assert "is not empty" in again.stderr


def test_a_password_in_the_address_is_refused_and_not_repeated(
    folder: Path, server: Postgres
) -> None:
    url = empty_database(server).replace("office@", "office:Bi-Mat-1@")
    refused = intake(folder, "migrate-registry", url)
    assert refused.returncode == 1
    assert "--password-env" in refused.stderr
    assert "Bi-Mat" not in refused.stderr


def test_what_an_admin_does_with_a_file_works_on_a_server(
    folder: Path, server: Postgres, tmp_path: Path
) -> None:
    """Backup, restore into an empty database, and a registry that is gone and played again."""
    url = empty_database(server)
    intake(folder, "migrate-registry", url, "--password-env", "INTAKE_DATABASE_PASSWORD")
    settle(folder, url)
    with open_database(load(folder, env=os.environ)) as store:
        before = dump(store)
    taken = intake(folder, "backup", str(tmp_path / "backups"))
    assert taken.returncode == 0, taken.stderr
    [backup] = (tmp_path / "backups").iterdir()

    settings = folder / "settings.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace(url, empty_database(server)), "utf-8")
    restored = intake(folder, "restore", str(backup))
    assert restored.returncode == 0, restored.stderr
    assert intake(folder, "verify").returncode == 0
    with open_database(load(folder, env=os.environ)) as store:
        assert store.behind() is not None
        after = dump(store)
    for table in ("messages", "submissions", "points", "mails", "reports"):
        assert after[table] == before[table]
    refused = intake(folder, "restore", str(backup))
    assert refused.returncode == 1
    assert "has a registry" in refused.stderr


def test_a_registry_that_is_gone_is_played_again_onto_a_server(
    folder: Path, server: Postgres
) -> None:
    """`intake replay --in-place` from the vault alone: the same events, row by row."""
    with open_database(load(folder, env=os.environ)) as store:
        before = dump(store)
    settle(folder, empty_database(server))
    replayed = intake(folder, "replay", "--in-place")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    with open_database(load(folder, env=os.environ)) as store:
        assert dump(store) == before
