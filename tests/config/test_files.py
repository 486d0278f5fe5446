"""Which files of a config folder are kept for a replay."""

from pathlib import Path

from config.files import files_of
from config.init import write_example
from config.settings import load


def test_all_that_has_a_say_is_named_and_nothing_else(tmp_path: Path) -> None:
    """No password, no data, nothing that an editor left behind."""
    folder = tmp_path / "config"
    write_example(folder)
    settings = folder / "settings.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace('password_env = "INTAKE_IMAP_PASSWORD"', 'password_env = ""', 1).replace(
            'password_file = ""', 'password_file = "imap.password"', 1
        ),
        encoding="utf-8",
    )
    (folder / "imap.password").write_text("secret", encoding="utf-8")
    (folder / "data" / "vault").mkdir(parents=True)
    (folder / "data" / "registry.db").write_bytes(b"")
    (folder / "templates" / ".reminder.j2.swp").write_bytes(b"")
    (folder / "campaigns" / ".#ocop.toml").write_bytes(b"")
    config = load(folder, env={})
    assert config.settings.mailbox.password_file.endswith("imap.password")
    files = files_of(config)
    wanted = {"settings.toml", "communes.csv", "calendar.toml", "campaigns/ocop-2024-2.toml"}
    assert {name for name in files if not name.startswith("templates/")} == wanted
    templates = {path.name for path in (folder / "templates").glob("[!.]*")}
    assert {name.partition("/")[2] for name in files if name not in wanted} == templates
    assert all(data == (folder / name).read_bytes() for name, data in files.items())
