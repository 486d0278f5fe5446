"""The vault keeps bytes for good, and says so when a disk did not."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.vault import Overlay, Vault, VaultDamaged


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "data" / "vault")


def files_of(vault: Vault) -> list[Path]:
    return sorted(path for path in vault.place.folder.rglob("*") if path.is_file())


def test_bytes_come_back_under_their_hash(vault: Vault) -> None:
    sha256 = vault.put(b"From: a@xa.example\r\n\r\n\xff\x00")
    assert vault.get(sha256) == b"From: a@xa.example\r\n\r\n\xff\x00"
    assert vault.has(sha256)


def test_the_same_bytes_are_one_file_that_is_not_written_again(vault: Vault) -> None:
    sha256 = vault.put(b"twice")
    [path] = files_of(vault)
    inode = path.stat().st_ino
    assert vault.put(b"twice") == sha256
    assert [path.stat().st_ino for path in files_of(vault)] == [inode]


def test_what_a_kill_left_half_written_is_tidied_away(vault: Vault) -> None:
    sha256 = vault.put(b"whole")
    (vault.place.folder / sha256[:2] / ".new-abc").write_bytes(b"half")
    assert (vault.tidy(), vault.tidy()) == (1, 0)
    assert [path.name for path in files_of(vault)] == [sha256]


def test_a_vault_that_is_not_there_yet_is_tidy(vault: Vault) -> None:
    assert vault.tidy() == 0


def test_the_vault_lists_its_files_and_no_litter(vault: Vault) -> None:
    hashes = sorted(vault.put(str(number).encode()) for number in range(20))
    (vault.place.folder / hashes[0][:2] / ".new-abc").write_bytes(b"half")
    assert list(vault.names()) == hashes


def test_what_was_never_put_is_a_key_error(vault: Vault) -> None:
    absent = "ab" * 32
    with pytest.raises(KeyError):
        vault.get(absent)
    assert not vault.has(absent)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
def test_only_hashes_are_names(vault: Vault, name: str) -> None:
    with pytest.raises(KeyError):
        vault.get(name)


@pytest.mark.parametrize("torn", [b"", b"half of", b"same length bu!"])
def test_fault_088_torn_file_is_noticed_and_put_right(vault: Vault, torn: bytes) -> None:
    """A file that a power loss left empty or half is never given out; putting heals it."""
    sha256 = vault.put(b"same length but")
    [path] = files_of(vault)
    path.write_bytes(torn)
    with pytest.raises(VaultDamaged) as caught:
        vault.get(sha256)
    assert caught.value.where == str(path)
    assert vault.put(b"same length but") == sha256
    assert vault.get(sha256) == b"same length but"


def test_fault_086_disk_full_leaves_no_file(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while a message is written leaves neither half a file nor litter."""
    vault.put(b"before")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            vault.put(b"the message")
    assert len(files_of(vault)) == 1
    assert vault.get(vault.put(b"the message")) == b"the message"


def test_bytes_are_on_the_disk_before_their_name_and_the_name_before_put_returns(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        target = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append("sync folder" if target.is_dir() else "sync file")
        fsync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    vault.put(b"first of its shelf")
    above = ["sync folder"] * 3  # of data/, vault/ and the shelf, each of which is new
    assert steps == [*above, "sync file", "rename", "sync folder"]


@given(data=st.binary(max_size=2000))
def test_any_bytes_survive(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    vault = Vault(tmp_path_factory.getbasetemp() / "any-vault")
    assert vault.get(vault.put(data)) == data


def test_the_secret_is_made_once_and_lives_with_the_vault(vault: Vault) -> None:
    secret = vault.secret()
    assert len(secret) == 32
    assert Vault(vault.place.folder).secret() == secret
    assert Overlay(vault.place.folder.parent / "trial", vault).secret() == secret
    assert not (vault.place.folder.parent / "trial").exists()
    assert files_of(vault) == [vault.place.folder / "secret.key"]
    assert files_of(vault)[0].stat().st_mode & 0o777 == 0o600
    assert list(vault.names()) == []


def test_two_that_make_the_secret_at_once_have_the_same(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one's file appears after we looked, and before ours has its name."""
    other = Vault(vault.place.folder)
    monkeypatch.setattr("registry.vault.secrets.token_hex", lambda count: "ab" * count)
    assert other.secret() == b"\xab" * 32
    monkeypatch.setattr("registry.vault.secrets.token_hex", lambda count: "cd" * count)
    with monkeypatch.context() as patch:
        real, looked = vault.place.read, iter([FileNotFoundError()])

        def read(name: str) -> bytes:
            for error in looked:
                raise error
            return real(name)

        patch.setattr(vault.place, "read", read)
        assert vault.secret() == b"\xab" * 32


@pytest.mark.parametrize("torn", [b"", b"ab", b"\xff" * 64, b"zz" * 32])
def test_a_damaged_secret_is_never_made_anew(vault: Vault, torn: bytes) -> None:
    vault.secret()
    (vault.place.folder / "secret.key").write_bytes(torn)
    with pytest.raises(VaultDamaged):
        Vault(vault.place.folder).secret()
    assert (vault.place.folder / "secret.key").read_bytes() == torn
