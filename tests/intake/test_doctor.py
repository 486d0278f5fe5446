"""What `intake check` says of the programs on this machine."""

from pathlib import Path

import pytest
from rigs import world

from intake.doctor import confinement, connections, programs
from intake.domainkeys import DnsAway
from parsers.jail import Jail, JailBrokenError


@pytest.fixture
def shares(tmp_path: Path) -> tuple[Path, ...]:
    data = tmp_path / "share" / "tesseract-ocr" / "5" / "tessdata"
    data.mkdir(parents=True)
    (data / "vie.traineddata").touch()
    return (tmp_path / "elsewhere", tmp_path / "share")


def test_nothing_is_missing(shares: tuple[Path, ...]) -> None:
    assert programs({}, shares) == []


def test_missing_libreoffice_says_what_is_refused(
    shares: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (warning,) = programs({}, shares)
    assert ".doc" in warning
    assert "apt install libreoffice" in warning


def test_missing_vietnamese_data(shares: tuple[Path, ...]) -> None:
    (warning,) = programs({}, shares[:1])
    assert "tesseract-ocr-vie" in warning
    named = shares[1] / "tesseract-ocr" / "5" / "tessdata"
    assert programs({"TESSDATA_PREFIX": str(named)}, shares[:1]) == []


@pytest.mark.parametrize("require", ["none", "dmarc"])
def test_dns_is_asked_only_where_a_proof_needs_it(
    require: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(name: str) -> bytes | None:
        assert name == "intake._domainkey.caoloc.example."
        raise DnsAway("Timeout")

    monkeypatch.setattr("intake.doctor.key_record", away)
    _, problems = connections(world.config(security={"require": require}), {})
    assert any("DNS does not answer" in one for one in problems) is (require == "dmarc")
    monkeypatch.setattr("intake.doctor.key_record", lambda _name: None)
    answers, _ = connections(world.config(security={"require": require}), {})
    assert ("DNS: answers" in answers) is (require == "dmarc")


def test_missing_libarchive(shares: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.doctor.find_library", lambda _name: None)
    (warning,) = programs({}, shares)
    assert ".rar" in warning
    assert "apt install libarchive13" in warning


def test_a_kernel_without_a_layer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with Jail() as jail:
        here = jail.ready()
    told = confinement()
    assert len(told) == len({"rlimits", "no-new-privs", "landlock", "seccomp"} - set(here))
    monkeypatch.setattr(Jail, "ready", lambda _: ("rlimits", "no-new-privs", "landlock"))
    (warning,) = confinement()
    assert "no seccomp for the readers" in warning
    assert "use the network" in warning


def test_readers_that_cannot_start_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Jail) -> None:
        raise JailBrokenError("worker did not start (1)")

    monkeypatch.setattr(Jail, "ready", broken)
    (warning,) = confinement()
    assert "no document can be read here" in warning
