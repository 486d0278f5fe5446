import datetime as dt
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rigs.config_folder import CAMPAIGN, EXAMPLE, base_folder, edit

from config.communes import Communes
from config.model import Mailbox, Smtp
from config.settings import ConfigProblems, Problem, load, secret, warnings

ENV = {"MAU_IMAP_PASSWORD": "Bi-Mat-123", "MAU_SMTP_PASSWORD": "Bi-Mat-456"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return base_folder(tmp_path / "config")


def problems(folder: Path, env: dict[str, str] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(ConfigProblems) as caught:
        load(folder, env=ENV if env is None else env)
    return caught.value.problems


def whats(found: tuple[Problem, ...]) -> list[str]:
    return [f"{problem.file}:{problem.line} {problem.what}" for problem in found]


def test_a_problem_reads_as_one_line() -> None:
    assert str(Problem("a.toml", 3, "what", "why", "remedy")) == "a.toml:3: what, why, remedy"
    assert str(Problem("a.toml", 0, "what", "why", "remedy")) == "a.toml: what, why, remedy"


def test_problems_come_in_the_order_of_files_and_lines() -> None:
    found = [Problem(name, line, "", "", "") for name, line in (("b", 1), ("a", 9), ("a", 2))]
    assert [(at.file, at.line) for at in ConfigProblems(found).problems] == [
        ("a", 2),
        ("a", 9),
        ("b", 1),
    ]


def test_a_good_folder_gives_typed_values(folder: Path) -> None:
    edit(folder, "settings.toml", "port = 993", 'port = 993\npoll = "2m"\ntimeout = 30')
    config = load(folder, env=ENV)
    assert config.settings.mailbox.poll_seconds == 120
    assert config.settings.mailbox.timeout_seconds == 30
    assert config.settings.limits.message_bytes == 50_000_000
    assert config.settings.smtp.retry_unknown == (
        "ack", "held", "draft", "report", "stranger", "alert",
    )  # fmt: skip
    assert config.campaign("dot-1").deadline_at.utcoffset() == dt.timedelta(hours=7)
    assert config.campaign("dot-1").form.field("kind").choices[0].aliases == ("HTX",)
    with pytest.raises(KeyError):
        config.campaign("dot-2")


def test_loading_twice_gives_equal_values(folder: Path) -> None:
    assert load(folder, env=ENV) == load(folder, env={})


def test_the_members_are_those_of_the_last_day_before_the_deadline(folder: Path) -> None:
    text = "06232,2024-05-21,,xã,Công Sơn,congson@mau.example,,\n"
    path = folder / "communes.csv"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    config = load(folder, env=ENV)
    assert len(config.communes) == 4
    assert "06232" not in {commune.code for commune in config.members(config.campaigns[0])}


def test_days_are_asked_about_by_several_threads(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one comes in between with its day, as messages of two days are read side by side."""
    config = load(folder, env=ENV)
    first, second, other = (dt.date(2024, 5, day) for day in (13, 14, 15))
    known = config.communes_on(first)

    def equal(left: Communes, right: object) -> bool:
        monkeypatch.undo()
        config.communes_on(other)
        return left == right

    monkeypatch.setattr(Communes, "__eq__", equal)
    assert config.communes_on(second) is known


def test_a_missing_folder_and_missing_files_are_told(tmp_path: Path) -> None:
    assert whats(problems(tmp_path / "nowhere")) == [
        f"{tmp_path / 'nowhere'}:0 there is no such folder"
    ]
    (tmp_path / "empty").mkdir()
    assert whats(problems(tmp_path / "empty")) == [
        "calendar.toml:0 the file is missing",
        "campaigns:0 there is no campaign",
        "communes.csv:0 the file is missing",
        "settings.toml:0 the file is missing",
    ]


def test_a_folder_in_place_of_a_file_is_told(folder: Path) -> None:
    (folder / "calendar.toml").unlink()
    (folder / "calendar.toml").mkdir()
    (problem,) = problems(folder)
    assert problem.what == "the file cannot be read"
    assert problem.why == "is a directory"


def test_copies_that_editors_leave_are_no_campaigns(folder: Path) -> None:
    for name in (".#dot-1.toml", ".dot-1.toml.swp", "dot-1.toml~", "dot-1.toml.bak"):
        (folder / "campaigns" / name).write_text("half", encoding="utf-8")
    assert len(load(folder, env=ENV).campaigns) == 1


def test_files_written_on_windows_are_read(folder: Path) -> None:
    for name in ("settings.toml", CAMPAIGN):
        path = folder / name
        data = path.read_bytes().replace(b"\n", b"\r\n")
        path.write_bytes(b"\xef\xbb\xbf" + data)
    assert load(folder, env=ENV).settings.office.name == "UBND huyện Mẫu"


def test_text_is_brought_to_one_form(folder: Path) -> None:
    # "huyện" as macOS writes it: letters and marks apart.
    edit(folder, "settings.toml", "huyện", "huye\u0323\u0302n")
    assert load(folder, env=ENV).settings.office.name == "UBND huyện Mẫu"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.1.2.3"])
def test_plain_connections_are_for_this_machine_only(folder: Path, host: str) -> None:
    edit(folder, "settings.toml", "imap.mau.example", host)
    edit(folder, "settings.toml", "port = 993", 'port = 1143\nsecurity = "none"')
    edit(folder, "settings.toml", 'password_env = "MAU_IMAP_PASSWORD"\n', "")
    config = load(folder, env=ENV)
    assert secret(config.settings.mailbox, ENV) == ""


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost.mau.example", "127.0.0.1.mau.example"])
def test_hosts_that_only_look_like_this_machine(folder: Path, host: str) -> None:
    edit(folder, "settings.toml", "imap.mau.example", host)
    edit(folder, "settings.toml", "port = 993", 'port = 143\nsecurity = "none"')
    assert [found.line for found in problems(folder)] == [11]


def test_an_officer_or_the_office_on_the_roster_is_told(folder: Path) -> None:
    edit(folder, "communes.csv", "hoacu@mau.example", "CanBo@mau.example")
    edit(folder, "communes.csv", "caoloc@mau.example", "phongmau@mau.example")
    assert whats(problems(folder)) == [
        "communes.csv:2 CanBo@mau.example of Xã Hòa Cư is an officer's address",
        "communes.csv:3 phongmau@mau.example of Thị trấn Cao Lộc is the office's own address",
    ]


@pytest.mark.parametrize("alias", ["Cao Lộc", "hoà cư"])
def test_an_alias_without_a_class_word_is_told(folder: Path, alias: str) -> None:
    """It would be found in "UBND huyện Cao Lộc", which stands on every letter."""
    edit(folder, "communes.csv", "TT Cao Lộc", alias)
    (problem,) = problems(folder)
    assert (
        problem.what == f'the alias "{alias}" of Thị trấn Cao Lộc is a name without its class word'
    )


def test_a_code_may_come_back_with_another_meaning(folder: Path) -> None:
    edit(folder, "communes.csv", "06211,2020-01-01,,", "06211,2020-01-01,2025-07-01,")
    path = folder / "communes.csv"
    text = path.read_text(encoding="utf-8")
    text += "06211,2025-07-01,,xã,Cao Lộc,locyen@mau.example,,\n"
    path.write_text(text, encoding="utf-8")
    config = load(folder, env=ENV)
    assert [commune.title for commune in config.communes if commune.code == "06211"] == [
        "Xã Lộc Yên",
        "Xã Cao Lộc",
    ]


# --- secrets --------------------------------------------------------------------------------------


def mailbox(**keys: str) -> Mailbox:
    return Mailbox.model_validate({"host": "h", "port": 993, "user": "u", **keys})


def test_a_password_from_the_environment() -> None:
    box = mailbox(password_env="MAU_IMAP_PASSWORD")
    assert secret(box, ENV) == "Bi-Mat-123"
    with pytest.raises(ConfigProblems, match=r"MAU_IMAP_PASSWORD of mailbox\.password_env"):
        secret(box, {})
    with pytest.raises(ConfigProblems):
        secret(box, {"MAU_IMAP_PASSWORD": ""})


def test_a_password_from_a_file_is_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "imap"
    path.write_text("Bi Mat 123 \r\nsecond line\n", encoding="utf-8")
    assert secret(mailbox(password_file=str(path)), {}) == "Bi Mat 123 "
    path.write_text("", encoding="utf-8")
    with pytest.raises(ConfigProblems, match="cannot be read or is empty"):
        secret(mailbox(password_file=str(path)), {})


def test_a_password_file_that_is_not_there_is_told_without_a_crash(folder: Path) -> None:
    edit(folder, "settings.toml", 'password_env = "MAU_IMAP', 'password_file = "imap"\n# "')
    config = load(folder, env=ENV)
    told = [found for found in config.remarks if found.file == "settings.toml"]
    assert [found.line for found in told] == [12]
    assert "cannot be read or is empty" in told[0].what
    with pytest.raises(ConfigProblems):
        secret(config.settings.mailbox, ENV)


def test_a_password_from_systemd(tmp_path: Path) -> None:
    (tmp_path / "imap-password").write_text("Bi-Mat-123", encoding="utf-8")
    box = mailbox(password_file="$CREDENTIALS_DIRECTORY/imap-password")
    assert secret(box, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "Bi-Mat-123"
    braces = mailbox(password_file="${CREDENTIALS_DIRECTORY}/imap-password")
    assert secret(braces, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "Bi-Mat-123"
    with pytest.raises(ConfigProblems):
        secret(box, {})


def test_the_problem_names_the_server_whose_password_is_missing() -> None:
    smtp = Smtp.model_validate(
        {"host": "h", "port": 465, "from": "a@mau.example", "password_env": "MAU"}
    )
    with pytest.raises(ConfigProblems, match=r"smtp\.password_env"):
        secret(smtp, {})


def test_a_relative_password_file_starts_at_the_config_folder(folder: Path) -> None:
    edit(folder, "settings.toml", 'password_env = "MAU_IMAP', 'password_file = "imap"\n# "')
    (folder / "imap").write_text("Bi-Mat-123\n", encoding="utf-8")
    (folder / "imap").chmod(0o600)
    config = load(folder, env=ENV)
    assert secret(config.settings.mailbox, {}) == "Bi-Mat-123"
    assert [found.what for found in warnings(config) if found.file == "settings.toml"] == []


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o644, True)]
)
def test_fault_128_a_password_file_that_others_can_read(
    folder: Path, mode: int, *, warned: bool
) -> None:
    """A group- or world-readable password file is warned of, with the command that mends it."""
    edit(folder, "settings.toml", 'password_env = "MAU_IMAP', 'password_file = "imap"\n# "')
    (folder / "imap").write_text("Bi-Mat-123\n", encoding="utf-8")
    (folder / "imap").chmod(mode)
    found = [str(problem) for problem in load(folder, env=ENV).remarks]
    told = [text for text in found if "can be read by others" in text]
    assert bool(told) is warned
    assert all("chmod 600" in text and text.startswith("settings.toml:12:") for text in told)


def test_systemd_credentials_show_a_mask_and_no_group(folder: Path, tmp_path: Path) -> None:
    edit(folder, "settings.toml", "password_env", "password_file")
    edit(folder, "settings.toml", "MAU_IMAP_PASSWORD", "$CREDENTIALS_DIRECTORY/imap")
    (tmp_path / "imap").write_text("Bi-Mat-123\n", encoding="utf-8")
    (tmp_path / "imap").chmod(0o440)
    config = load(folder, env={**ENV, "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert [found for found in config.remarks if "password" in found.what] == []


def test_fault_128_a_secret_is_never_shown(folder: Path) -> None:
    """Neither the loaded config nor its problems, warnings and exceptions quote a password."""
    config = load(folder, env=ENV)
    shown = repr(config) + "".join(map(str, warnings(config)))
    assert "Bi-Mat" not in shown
    edit(folder, "settings.toml", 'password_env = "MAU_IMAP_PASSWORD"', 'pasword = "Bi-Mat-123"')
    edit(folder, "settings.toml", '"MAU_SMTP_PASSWORD"', '"Bi-Mat-456"')
    found = problems(folder)
    assert len(found) == 2
    assert "Bi-Mat" not in "".join(map(str, found)) + repr(found)


# --- warnings -------------------------------------------------------------------------------------


def test_what_can_be_lived_with_is_a_warning_with_its_line(folder: Path) -> None:
    edit(folder, "communes.csv", "locyen@mau.example ubnd.locyen@mau.example", "")
    config = load(folder, env={})
    imap, smtp = ENV
    assert whats(warnings(config)) == [
        "communes.csv:3 Thị trấn Cao Lộc has no address of its chair",
        "communes.csv:4 Xã Lộc Yên has no e-mail address",
        "communes.csv:4 Xã Lộc Yên has no address of its chair",
        f"settings.toml:12 the environment variable {imap} of mailbox.password_env is not set",
        f"settings.toml:18 the environment variable {smtp} of smtp.password_env is not set",
    ]


def test_a_moment_of_going_live_that_is_still_to_come_is_a_warning(folder: Path) -> None:
    """A slip of the month, and until it is seen nobody's answer is read."""
    config = load(folder, env=ENV)
    live = config.settings.office.go_live_at
    assert warnings(config, live) == warnings(config)
    (told,) = {*warnings(config, live - dt.timedelta(minutes=1))} - {*warnings(config)}
    assert told.what == "office.go_live_at is still to come: 2024-05-13T00:00+07:00"


def test_chairs_are_only_missed_where_a_reminder_goes_to_them(folder: Path) -> None:
    edit(folder, CAMPAIGN, 'cc = ["chair"]\n', "")
    assert load(folder, env=ENV).remarks == ()


def test_fault_124_a_campaign_in_a_year_without_a_holiday_table(folder: Path) -> None:
    """Years whose swapped days are not announced yet are warned of, until the admin enters one."""
    path = folder / CAMPAIGN
    path.write_text(path.read_text(encoding="utf-8").replace("2024-", "2061-"), encoding="utf-8")
    told = [found for found in warnings(load(folder, env=ENV)) if found.file == "calendar.toml"]
    assert [found.what for found in told] == ["the days off of 2061 are not known"]
    edit(folder, "calendar.toml", "2024-04-29", "2061-04-29")
    assert [
        found for found in warnings(load(folder, env=ENV)) if found.file == "calendar.toml"
    ] == []


def test_a_country_without_holiday_table_is_warned_of(folder: Path) -> None:
    edit(folder, "calendar.toml", '"VN"', '"Việt Nam"')
    told = [found for found in warnings(load(folder, env=ENV)) if found.file == "calendar.toml"]
    assert [found.what for found in told] == ['country = "Việt Nam" has no holiday table']


# --- half-saved files -----------------------------------------------------------------------------


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_fault_127_a_file_cut_anywhere_is_refused_as_a_whole(
    folder: Path, data: st.DataObject
) -> None:
    """Whatever first part of a file was saved, the old config stays: no half config is loaded."""
    name = data.draw(st.sampled_from(["settings.toml", "calendar.toml", "communes.csv", CAMPAIGN]))
    path = folder / name
    whole = path.read_bytes()
    before = load(folder, env=ENV)
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    try:
        after = load(folder, env=ENV)
    except ConfigProblems:
        after = before
    finally:
        path.write_bytes(whole)
    assert after == before  # refused, or nothing but a line end was missing


def test_fault_127_a_file_that_changes_while_it_is_read_is_a_problem(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is looked at before and after; a save in between makes it a problem."""
    read = Path.read_bytes

    def read_and_save(path: Path) -> bytes:
        data = read(path)
        if path.name == "communes.csv":
            with (folder / "settings.toml").open("ab") as file:
                file.write(b"# saved meanwhile\n")
        return data

    monkeypatch.setattr(Path, "read_bytes", read_and_save)
    assert [found.what for found in problems(folder)] == [
        "a file of the folder changed while it was read"
    ]


def board_warnings(folder: Path, listen: str, password: str = "") -> list[str]:
    shutil.copytree(EXAMPLE, folder)
    edit(folder, "settings.toml", 'listen = ""', f'listen = "{listen}"')
    if password:
        path = folder / "settings.toml"
        before, section, rest = path.read_text("utf-8").partition("[board]")
        rest = rest.replace('password_env = "" ', f'password_env = "{password}" ', 1)
        path.write_text(before + section + rest, "utf-8")
    return [str(one) for one in warnings(load(folder, env={})) if "board" in str(one)]


def test_a_board_on_this_machine_is_nothing_to_warn_of(tmp_path: Path) -> None:
    assert board_warnings(tmp_path / "config", "127.0.0.1:8080") == []


def test_a_board_open_to_the_network_shows_its_password_there(tmp_path: Path) -> None:
    told = board_warnings(tmp_path / "config", "0.0.0.0:8080", "INTAKE_BOARD_PASSWORD")
    assert any("is open to the network" in one for one in told)
    assert any("INTAKE_BOARD_PASSWORD of board.password_env is not set" in one for one in told)


def test_a_board_whose_programs_are_not_installed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.settings.find_spec", lambda name: None if name == "uvicorn" else 1)
    (told,) = board_warnings(tmp_path / "config", "[::1]:8080")
    assert "uvicorn is not installed" in told
    assert "commune-intake[board]" in told


def test_it_is_said_what_an_office_without_copies_in_sent_gives_up(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    shutil.copytree(EXAMPLE, folder)
    assert not [one for one in warnings(load(folder, env={})) if "save_sent_to" in str(one)]
    edit(folder, "settings.toml", 'save_sent_to = "Sent"', 'save_sent_to = ""')
    (told,) = [one for one in warnings(load(folder, env={})) if "save_sent_to" in str(one)]
    assert "which mails have left" in str(told)


# --- [scale] ------------------------------------------------------------------------------------


def scaled(folder: Path, readers: str, **files: str) -> None:
    lines = "".join(f'{key} = "{name}"\n' for key, name in files.items())
    edit(
        folder, "settings.toml", "[officers]", f'[scale]\nreaders = "{readers}"\n{lines}[officers]'
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_cluster_on_this_machine_needs_no_certificates(folder: Path, host: str) -> None:
    scaled(folder, f"dask://{host}:8786")
    assert load(folder, env=ENV).settings.scale.scheduler == f"tcp://{host}:8786"


@pytest.mark.parametrize(
    "readers", ["dask://host", "dask://host:0", "dask://host:70000", "dask://a:b@host:1", "host:1"]
)
def test_what_is_no_address_of_a_scheduler_is_told(folder: Path, readers: str) -> None:
    scaled(folder, readers)
    (problem,) = problems(folder)
    assert problem.why == "it must be the address of a Dask scheduler"


@pytest.fixture
def certified(folder: Path) -> Path:
    """A folder that names a cluster elsewhere, with all that this needs; return the key's path."""
    files = {key: f"{key}.pem" for key in ("tls_ca", "tls_cert", "tls_key")}
    scaled(folder, "dask://reader.mau.example:8786", **files)
    for name in files.values():
        (folder / name).write_text("made-up")
        (folder / name).chmod(0o600)
    return folder / "tls_key.pem"


def test_a_cluster_elsewhere_is_reached_by_certificates(folder: Path, certified: Path) -> None:
    config = load(folder, env=ENV)
    assert config.settings.scale.scheduler == "tls://reader.mau.example:8786"
    assert config.settings.scale.tls_key == str(certified.absolute())
    assert not [one for one in config.remarks if "scale" in one.what]


def test_fault_128_a_clusters_key_that_others_can_read_is_told(
    folder: Path, certified: Path
) -> None:
    """Whoever has it can run programs on every machine of the cluster."""
    certified.chmod(0o640)
    (found,) = [one for one in load(folder, env=ENV).remarks if "scale" in one.what]
    assert found.what == "the file of scale.tls_key can be read by others"


def test_a_key_among_systemds_credentials_is_looked_for_there(
    folder: Path, certified: Path, tmp_path: Path
) -> None:
    edit(folder, "settings.toml", '"tls_key.pem"', '"$CREDENTIALS_DIRECTORY/readers"')
    env = ENV | {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    (found,) = [one for one in load(folder, env=env).remarks if "scale" in one.what]
    assert found.what == f"the file {tmp_path}/readers of scale.tls_key cannot be read"
    certified.rename(tmp_path / "readers")
    assert not [one for one in load(folder, env=env).remarks if "scale" in one.what]


def test_a_cluster_without_its_library_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.scale_checks.find_spec", lambda _: None)
    scaled(folder, "dask://127.0.0.1:8786")
    (problem,) = problems(folder)
    assert problem.remedy == "run: pip install 'commune-intake[scale]'"


def in_bucket(folder: Path) -> None:
    edit(folder, "settings.toml", 'vault = "data/vault"', 'vault = "s3://intake-mau/kho/goc"')
    edit(folder, "settings.toml", 's3_access_key = ""', 's3_access_key = "intake"')
    edit(folder, "settings.toml", 's3_secret_env = ""', 's3_secret_env = "MAU_S3"')


def test_a_vault_may_lie_in_a_bucket(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    shutil.copytree(EXAMPLE, folder)
    assert load(folder, env={}).settings.storage.bucket is None
    in_bucket(folder)
    config = load(folder, env={"MAU_S3": "Bi-Mat-123"})
    assert config.settings.storage.bucket == ("intake-mau", "kho/goc")
    assert not [one for one in warnings(config) if "s3_secret" in str(one)]
    (told,) = [one for one in warnings(load(folder, env={})) if "MAU_S3" in str(one)]
    assert "settings.toml:" in str(told)


def test_a_bucket_without_its_library_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config"
    shutil.copytree(EXAMPLE, folder)
    in_bucket(folder)
    monkeypatch.setattr("config.storage_checks.find_spec", lambda _: None)
    (problem,) = problems(folder)
    assert problem.remedy == "run: pip install 'commune-intake[scale]'"


def test_a_buckets_secret_that_others_can_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    shutil.copytree(EXAMPLE, folder)
    in_bucket(folder)
    secret = tmp_path / "s3.txt"
    secret.write_text("Bi-Mat-123\n")
    secret.chmod(0o644)
    edit(folder, "settings.toml", 's3_secret_env = "MAU_S3"', 's3_secret_env = ""')
    edit(folder, "settings.toml", 's3_secret_file = ""', f's3_secret_file = "{secret}"')
    (told,) = [one for one in warnings(load(folder, env={})) if "s3_secret_file" in str(one)]
    assert f"chmod 600 {secret}" in str(told)
    assert "Bi-Mat-123" not in str(told)


def test_a_buckets_secret_starts_at_the_config_folder(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    shutil.copytree(EXAMPLE, folder)
    in_bucket(folder)
    edit(folder, "settings.toml", 's3_secret_env = "MAU_S3"', 's3_secret_env = ""')
    edit(folder, "settings.toml", 's3_secret_file = ""', 's3_secret_file = "secrets/s3"')
    found = load(folder, env={}).settings.storage.s3_secret_file
    assert found == str(folder.absolute() / "secrets" / "s3")
