"""What is installed where: the unit, the container and the Debian packages say the same."""

import configparser
import os
import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from config.init import write_example
from config.service import CREDENTIALS, STATE, NoInstance
from config.settings import load, secret
from intake.__main__ import main
from intake.doctor import programs
from intake.systemd import out_of_reach, unit

ROOT = Path(__file__).parents[2]
READERS = {
    line.split("#")[0].strip()
    for line in (ROOT / "debian-readers.txt").read_text(encoding="utf-8").splitlines()
    if line.split("#")[0].strip()
}
PROGRAM = Path("/opt/pipx/venvs/commune-intake/bin/intake")


def settings_of(text: str) -> dict[str, list[str]]:
    """The lines of [Service], by key; a key may stand there several times."""
    found = defaultdict(list)
    inside = text.partition("[Service]\n")[2].partition("\n[")[0]
    for line in inside.splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return dict(found)


# --- the unit -------------------------------------------------------------------------------------


def test_each_office_has_its_own_config_state_and_credentials() -> None:
    service = settings_of(unit(PROGRAM))
    assert service["ExecStart"] == [f"{PROGRAM} --config /etc/intake/%i run"]
    assert service["StateDirectory"] == [f"{STATE.name}/%i"]
    loaded = [f"{one}:/etc/intake/%i/secrets/{one}" for one in CREDENTIALS]
    assert service["LoadCredential"] == loaded
    # Whatever lies beside is covered; the office's own folders are put back, the config read-only.
    assert service["TemporaryFileSystem"] == [f"{STATE}:ro /etc/intake:ro"]
    assert service["BindPaths"] == [f"{STATE}/%i"]
    assert service["BindReadOnlyPaths"] == ["/etc/intake/%i"]
    assert service["ReadWritePaths"] == ["-/etc/intake/%i/proposals"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    assert service["Type"] == ["notify"]


def test_the_readers_may_confine_themselves() -> None:
    (calls,) = settings_of(unit(PROGRAM))["SystemCallFilter"]
    wanted = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}
    assert wanted < set(calls.split())  # seccomp itself is in @system-service


def test_the_unit_is_one_that_systemd_can_read() -> None:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_string(unit(PROGRAM))
    assert parser.sections() == ["Unit", "Service", "Install"]
    assert parser["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.parametrize(
    ("program", "hidden"),
    [
        (PROGRAM, False),
        (Path("/usr/local/bin/intake"), False),
        (Path("/home/an/.local/share/pipx/venvs/commune-intake/bin/intake"), True),
        (Path("/root/.local/bin/intake"), True),
    ],
)
def test_a_program_in_somebodys_home_is_told(program: Path, *, hidden: bool) -> None:
    told = out_of_reach(program)
    assert (told is not None) is hidden
    assert told is None or "PIPX_HOME=/opt/pipx" in told


# --- the config folder of a service ---------------------------------------------------------------


def test_a_service_gets_the_settings_that_fit_its_unit(tmp_path: Path) -> None:
    folder = tmp_path / "caoloc"
    write_example(folder, service=True)
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.name for path in (folder / "secrets").iterdir()} == set(CREDENTIALS)
    assert (folder / "proposals").is_dir()
    for path in (folder / "secrets").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        path.write_text("mật khẩu\n", encoding="utf-8")

    settings = load(folder, env={}).settings
    assert settings.storage.database == f"sqlite:///{STATE}/caoloc/registry.db"
    assert settings.storage.vault == f"{STATE}/caoloc/vault"
    assert settings.board.path == f"{STATE}/caoloc/board"
    example = tmp_path / "example"
    write_example(example)
    other = load(example, env={}).settings
    but = {"mailbox", "smtp", "storage", "board", "oauth"}
    assert settings.model_dump(exclude=but) == other.model_dump(exclude=but)


def test_every_comment_of_the_settings_stays(tmp_path: Path) -> None:
    folder, example = tmp_path / "caoloc", tmp_path / "example"
    write_example(folder, service=True)
    write_example(example)
    texts = [(one / "settings.toml").read_text(encoding="utf-8") for one in (folder, example)]
    comments = [[line.partition("#")[2] for line in text.splitlines()] for text in texts]
    assert comments[0] == comments[1]


@pytest.mark.parametrize("name", ["Cao Lộc", "caolộc", "a@b", "%i", "-x"])
def test_a_name_that_no_unit_can_have_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(NoInstance, match="caoloc"):
        write_example(tmp_path / name, service=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variable", ["$CREDENTIALS_DIRECTORY", "${CREDENTIALS_DIRECTORY}"])
def test_a_command_that_no_unit_started_finds_the_passwords_where_the_unit_loads_them(
    tmp_path: Path, variable: str
) -> None:
    folder, given = tmp_path / "caoloc", tmp_path / "given"
    write_example(folder, service=True)
    given.mkdir()
    for place, word in ((folder / "secrets", "Từ tệp"), (given, "Từ systemd")):
        (place / "imap").write_text(f"{word}\n", encoding="utf-8")
    if variable.startswith("${"):
        settings = folder / "settings.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("$CREDENTIALS_DIRECTORY", variable), encoding="utf-8")
    by_hand = load(folder, env={})
    assert secret(by_hand.settings.mailbox, {}) == "Từ tệp"
    env = {"CREDENTIALS_DIRECTORY": str(given)}
    assert secret(load(folder, env=env).settings.mailbox, env) == "Từ systemd"
    # A file that everybody can read is told, as any other one is.
    (folder / "secrets" / "imap").chmod(0o644)
    assert any("can be read by others" in one.what for one in load(folder, env={}).remarks)


# --- which office a command means -----------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose /etc/intake is this folder, and nobody stands in a checkout."""
    etc = tmp_path / "etc-intake"
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.delenv("INTAKE_CONFIG", raising=False)
    monkeypatch.setattr("intake.__main__._ETC", etc)
    monkeypatch.setattr("intake.logs.to_stderr", lambda **_: None)
    return etc


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["intake", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_only_office_of_a_machine_need_not_be_named(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_example(machine / "caoloc")
    code, out, _ = run(capsys, "check")
    assert code == 0
    assert "config is sound: 22 communes" in out


def test_of_several_offices_one_must_be_named(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("caoloc", "dinhlap"):
        write_example(machine / name)
    code, _, err = run(capsys, "check")
    assert code == 1
    assert "caoloc, dinhlap" in err
    assert f"intake --config {machine / 'caoloc'}" in err
    assert run(capsys, "--config", str(machine / "dinhlap"), "check")[0] == 0


def test_a_config_in_the_folder_itself_counts_as_before(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_example(machine)
    write_example(machine / "caoloc")
    assert run(capsys, "check")[0] == 0


def test_a_folder_in_which_nothing_may_be_looked_up_is_no_config(
    machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sudo -u intake intake …`, typed in root's home."""

    def refused(path: object, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    write_example(machine / "caoloc")
    stat = os.stat
    monkeypatch.setattr(
        "os.stat",
        lambda path, **how: refused(path) if str(path).startswith("config/") else stat(path, **how),
    )
    assert run(capsys, "check")[0] == 0


def test_what_follows_init_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "caoloc"
    code, out, _ = run(capsys, "init", "--service", str(folder))
    assert code == 0
    for told in (f"{folder}/secrets/imap", "check --connect", "intake unit >", "intake@caoloc"):
        assert told in out
    code, _, err = run(capsys, "init", "--service", str(tmp_path / "Cao Lộc"))
    assert code == 1
    assert "cannot stand in the name of a unit" in err


# --- packages -------------------------------------------------------------------------------------


def test_what_is_missing_is_told_with_the_packages_that_are_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("intake.doctor.find_library", lambda _name: None)
    told = programs({}, shares=())
    named = {word for one in told for word in one.partition("apt install ")[2].split()}
    assert named == READERS


def test_dev_and_container_install_the_packages_of_the_one_list() -> None:
    dev = (ROOT / "dev").read_text(encoding="utf-8")
    container = (ROOT / "Containerfile").read_text(encoding="utf-8")
    for text in (dev, container):
        assert "sed 's/#.*//'" in text
        assert "debian-readers.txt" in text
        named = {one for one in READERS if re.search(rf"\b{re.escape(one)}\b", text)}
        assert named == set(), "a second list would be forgotten"


def test_the_admin_guide_installs_the_same_packages() -> None:
    guide = (ROOT / "docs" / "vi" / "cai-dat.md").read_text(encoding="utf-8")
    lines = guide.replace("\\\n", " ").splitlines()
    installed = {
        word
        for line in lines
        if line.lstrip().startswith("apt-get install")
        for word in line.split()
    }
    assert installed > READERS


def test_a_server_gets_every_extra_that_is_not_for_trying_or_developing() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    (server,) = extras["server"]
    listed = server.partition("[")[2].rstrip("]").split(",")
    assert set(extras) - {"demo", "dev", "server"} <= set(listed)


def test_the_container_has_all_packages_of_the_program_and_no_foreign_host() -> None:
    container = (ROOT / "Containerfile").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {one.split(".")[0] for one in project["tool"]["setuptools"]["packages"]}
    copied = dict(re.findall(r"^COPY (\w+) (\w+)$", container, re.MULTILINE))
    assert copied == {one: one for one in packages}
    assert "'.[server]'" in container
    images = re.findall(r"^FROM (\S+)", container, re.MULTILINE)
    assert images == ["debian:${DEBIAN}"] * 2
    assert re.search(r"^USER 10001$", container, re.MULTILINE)
