"""The vault keeps bytes for good, and says so when a disk did not."""

import errno
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs.s3 import S3
from rigs.vaults import InBucket, Lies, OnDisk

from registry.place import Folder
from registry.vault import Overlay, Vault, VaultDamaged


@pytest.fixture(params=["folder", "bucket"])
def lies(request: pytest.FixtureRequest, tmp_path: Path) -> Lies:
    """Where a vault lies: what a test asks of it holds for a disk and for a bucket."""
    if request.param == "folder":
        return OnDisk(tmp_path / "data" / "vault")
    server: S3 = request.getfixturevalue("s3")
    return InBucket(server, server.access())


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "data" / "vault")


def files_of(vault: Vault) -> list[Path]:
    return sorted(path for path in folder_of(vault).rglob("*") if path.is_file())


def folder_of(vault: Vault) -> Path:
    assert isinstance(vault.place, Folder)
    return vault.place.folder


# --- wherever it lies ---


def test_bytes_come_back_under_their_hash(lies: Lies) -> None:
    vault = lies.open()
    sha256 = vault.put(b"From: a@xa.example\r\n\r\n\xff\x00")
    for one in (vault, lies.open()):
        assert one.get(sha256) == b"From: a@xa.example\r\n\r\n\xff\x00"
        assert one.has(sha256)
    assert lies.names() == [f"{sha256[:2]}/{sha256}"]


@pytest.mark.parametrize("pieces", [[], [b""], [b"a", b"", b"bc"], [b"x" * 70_000] * 3])
def test_pieces_are_one_file_as_if_they_had_come_whole(lies: Lies, pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    vault = lies.open()
    for _ in "twice":
        sha256 = vault.put_pieces(iter(pieces))
        assert sha256 == hashlib.sha256(whole).hexdigest()
        assert lies.open().get(sha256) == whole
        assert lies.names() == [f"{sha256[:2]}/{sha256}"]


def test_pieces_that_end_in_the_middle_leave_no_file(vault: Vault) -> None:
    def broken() -> Iterator[bytes]:
        yield b"the first"
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        vault.put_pieces(broken())
    assert not files_of(vault)


def test_a_batch_is_put_as_one_by_one(lies: Lies) -> None:
    raws = [f"message {number}".encode() * 100 for number in range(40)]
    done: list[int] = []
    put = list(lies.open().put_all(iter(raws), lambda: done.append(1)))
    assert put == [hashlib.sha256(raw).hexdigest() for raw in raws]
    assert len(done) == 40
    again = lies.open()
    assert list(again.names()) == sorted(hashlib.sha256(raw).hexdigest() for raw in raws)
    assert dict(again.raw_all(again.names())) == dict(zip(put, raws, strict=True))


def test_what_was_never_put_is_a_key_error(lies: Lies) -> None:
    absent, vault = "ab" * 32, lies.open()
    with pytest.raises(KeyError):
        vault.get(absent)
    assert not vault.has(absent)
    assert not vault.holds(absent, b"")


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
def test_only_hashes_are_names(lies: Lies, name: str) -> None:
    with pytest.raises(KeyError):
        lies.open().get(name)


@pytest.mark.parametrize("torn", [b"", b"half of", b"same length bu!"])
def test_fault_088_torn_file_is_noticed_and_put_right(lies: Lies, torn: bytes) -> None:
    """A file that a power loss left empty or half is never given out; putting heals it."""
    sha256 = lies.open().put(b"same length but")
    name = f"{sha256[:2]}/{sha256}"
    lies.overwrite(name, torn)
    vault = lies.open()
    with pytest.raises(VaultDamaged) as caught:
        vault.get(sha256)
    assert caught.value.where == vault.place.where(name)
    assert vault.put(b"same length but") == sha256
    for one in (vault, lies.open()):
        assert one.get(sha256) == b"same length but"


def test_the_secret_is_made_once_and_lives_with_the_vault(lies: Lies, tmp_path: Path) -> None:
    vault = lies.open()
    secret = vault.secret()
    assert len(secret) == 32
    assert lies.open().secret() == secret
    assert Overlay(tmp_path / "trial", vault).secret() == secret
    assert not (tmp_path / "trial").exists()
    assert lies.names() == ["secret.key"]
    assert list(vault.names()) == []


def test_two_that_make_the_secret_at_once_have_the_same(
    lies: Lies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one's file appears after we looked, and before ours has its name."""
    vault, other = lies.open(), lies.open()
    monkeypatch.setattr("registry.vault.secrets.token_hex", lambda count: "ab" * count)
    assert other.secret() == b"\xab" * 32
    monkeypatch.setattr("registry.vault.secrets.token_hex", lambda count: "cd" * count)
    real, looked = vault.place.read, iter([FileNotFoundError()])

    def read(name: str) -> bytes:
        for error in looked:
            raise error
        return real(name)

    monkeypatch.setattr(vault.place, "read", read)
    assert vault.secret() == b"\xab" * 32
    assert next(looked, None) is None


@pytest.mark.parametrize("torn", [b"", b"ab", b"\xff" * 64, b"zz" * 32])
def test_a_damaged_secret_is_never_made_anew(lies: Lies, torn: bytes) -> None:
    lies.open().secret()
    lies.overwrite("secret.key", torn)
    with pytest.raises(VaultDamaged):
        lies.open().secret()
    assert lies.open().place.read("secret.key") == torn


# --- on a disk ---


def test_the_same_bytes_are_one_file_that_is_not_written_again(vault: Vault) -> None:
    sha256 = vault.put(b"twice")
    [path] = files_of(vault)
    inode = path.stat().st_ino
    assert vault.put(b"twice") == sha256
    assert [path.stat().st_ino for path in files_of(vault)] == [inode]


def test_what_a_kill_left_half_written_is_tidied_away(vault: Vault) -> None:
    sha256 = vault.put(b"whole")
    (folder_of(vault) / sha256[:2] / ".new-abc").write_bytes(b"half")
    assert (vault.tidy(), vault.tidy()) == (1, 0)
    assert [path.name for path in files_of(vault)] == [sha256]


def test_where_hosts_share_a_folder_the_young_files_of_others_are_spared(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    shelf = tmp_path / "ab"
    shelf.mkdir()
    young, old = shelf / ".new-young", shelf / ".new-old"
    for path, age in ((young, 60), (old, 7200)):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age,) * 2)
    assert vault.tidy(spare_seconds=3600) == 1
    assert [path.name for path in shelf.iterdir()] == [young.name]
    assert vault.tidy() == 1


def test_a_vault_that_is_not_there_yet_is_tidy(vault: Vault) -> None:
    assert vault.tidy() == 0


def test_the_vault_lists_its_files_and_no_litter(vault: Vault) -> None:
    hashes = sorted(vault.put(str(number).encode()) for number in range(20))
    (folder_of(vault) / hashes[0][:2] / ".new-abc").write_bytes(b"half")
    assert list(vault.names()) == hashes


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


def test_files_are_the_owners_alone(vault: Vault) -> None:
    vault.secret()
    vault.put(b"a letter")
    assert {path.stat().st_mode & 0o777 for path in files_of(vault)} == {0o600}
