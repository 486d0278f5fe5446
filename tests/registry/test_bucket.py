"""A bucket as a vault's place: what it may be trusted in, and what it costs when it is away."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rigs.bad_way import BadWay, Trouble, bad_way
from rigs.s3 import S3, names_in

from registry.bucket import Access, Bucket
from registry.errors import VaultAway
from registry.vault import Vault, VaultDamaged

RAW = b"From: a@xa.example\r\n\r\n" + bytes(range(256)) * 40
NAME = "ab/" + "ab" * 32


@pytest.fixture
def way(s3: S3) -> Iterator[BadWay]:
    with bad_way(s3.endpoint) as opened:
        yield opened


@pytest.fixture
def access(s3: S3, way: BadWay) -> Access:
    """A bucket behind the bad way; its time limit is only for what hangs."""
    return replace(s3.access(), endpoint=way.endpoint, timeout_seconds=60.0)


@pytest.fixture
def brief(access: Access) -> Access:
    """The same with a limit that can be waited for, and that one answer does not need."""
    return replace(access, timeout_seconds=10.0)


def test_the_same_bytes_are_put_once(access: Access, way: BadWay) -> None:
    """What is there is looked at, not written again: a bucket with versions would keep each."""
    Vault(Bucket(access)).put(RAW)
    way.spoil(Trouble("refuse", "PUT", status=412, code="PreconditionFailed"))
    vault = Vault(Bucket(access))
    assert vault.get(vault.put(RAW)) == RAW


def test_what_was_put_a_moment_ago_is_not_fetched(access: Access, way: BadWay) -> None:
    vault = Vault(Bucket(access))
    sha256 = vault.put(RAW)
    asked = len(way.asked)
    assert vault.get(sha256) == RAW
    assert len(way.asked) == asked


def test_memory_is_bounded(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.bucket._REMEMBERED_BYTES", 25_000)
    bucket = Bucket(access)
    vault = Vault(bucket)
    raws = [bytes([number]) * 10_000 for number in range(5)] + [b"x" * 30_000]
    for raw in raws:
        vault.put(raw)
        assert sum(map(len, bucket._recent._known.values())) <= 25_000
    assert [vault.get(sha256) for sha256 in map(vault.put, raws)] == raws


@pytest.mark.parametrize("deed", ["cut the request", "refuse"])
def test_one_trouble_on_the_way_is_not_noticed(access: Access, way: BadWay, deed: str) -> None:
    way.spoil(Trouble(deed, "PUT", times=1))  # type: ignore[arg-type]
    vault = Vault(Bucket(access))
    assert Vault(Bucket(access)).get(vault.put(RAW)) == RAW


def test_a_fetch_that_is_cut_off_goes_on(access: Access, way: BadWay) -> None:
    sha256 = Vault(Bucket(access)).put(RAW)
    way.spoil(Trouble("cut the answer", "GET", times=1))
    assert Vault(Bucket(access)).get(sha256) == RAW


def test_a_lost_answer_is_an_error_and_the_next_put_finds_the_bytes(
    access: Access, way: BadWay
) -> None:
    way.spoil(Trouble("lose the answer", "PUT"))
    vault = Vault(Bucket(access))
    with pytest.raises(VaultAway):
        vault.put(RAW)
    way.mend()
    assert Vault(Bucket(access)).get(vault.put(RAW)) == RAW
    assert len(names_in(Bucket(access))) == 1


def test_bytes_that_a_proxy_changed_are_fetched_again(access: Access, way: BadWay) -> None:
    sha256 = Vault(Bucket(access)).put(RAW)
    way.spoil(Trouble("other bytes", "GET", times=1))
    assert Vault(Bucket(access)).get(sha256) == RAW
    way.spoil(Trouble("other bytes", "GET"))
    with pytest.raises(VaultDamaged):
        Vault(Bucket(access)).get(sha256)
    way.mend()
    assert Vault(Bucket(access)).get(sha256) == RAW


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (503, "SlowDown", "asked less often"),
        (403, "AccessDenied", "the key may not do this"),
        (403, "RequestTimeTooSkewed", "clock is wrong"),
        (404, "NoSuchBucket", "no such bucket"),
        (507, "Whatever", "refuses it (Whatever)"),
        (501, "NotImplemented", "Implemented"),
    ],
)
def test_what_is_wrong_is_told_in_plain_words(
    access: Access, way: BadWay, status: int, code: str, words: str
) -> None:
    bucket = Bucket(access)
    way.spoil(Trouble("refuse", status=status, code=code))
    for ask in (lambda: bucket.keep(NAME, RAW), lambda: bucket.read(NAME), bucket.ready):
        with pytest.raises(VaultAway) as caught:
            ask()
        assert words in str(caught.value)
        assert access.bucket in str(caught.value)
        assert access.secret not in str(caught.value)


def test_absent_is_only_what_the_bucket_itself_says(access: Access, way: BadWay) -> None:
    """A bucket that is not there, or a proxy's own 404, does not say that a letter is gone."""
    vault = Vault(Bucket(access))
    sha256 = vault.put(RAW)
    way.spoil(Trouble("refuse", status=404, code="NotFound"))
    fresh = Vault(Bucket(access))
    with pytest.raises(VaultAway):
        fresh.get(sha256)
    with pytest.raises(VaultAway):
        fresh.has(sha256)
    way.mend()
    gone = Vault(Bucket(replace(access, bucket="intake-not-there")))
    with pytest.raises(VaultAway, match="no such bucket"):
        gone.get(sha256)
    with pytest.raises(VaultAway):
        gone.has(sha256)


def test_a_server_that_hangs_costs_its_limit_once(access: Access, way: BadWay) -> None:
    """After the first one it is not asked for a while; then it is, and all is well."""
    now, first = [2.1], iter([0.0, 0.0, 2.0, 2.0])
    bucket = Bucket(replace(access, timeout_seconds=2.0), lambda: next(first, now[0]))
    vault = Vault(bucket)
    way.spoil(Trouble("hang"))
    with pytest.raises(VaultAway):
        vault.put(RAW)
    asked = len(way.asked)
    for put in vault.put_all([RAW] * 50):
        assert isinstance(put, VaultAway)
    assert len(way.asked) == asked > 0
    way.mend()
    now[0] = 4.1
    del bucket._store  # which has the short limit
    bucket._access = access
    assert vault.get(vault.put(RAW)) == RAW


def test_one_too_large_for_the_line_keeps_no_other_from_being_put(
    brief: Access, way: BadWay
) -> None:
    """What is small or asked for a list is answered: the bucket does not hang."""
    large = b"x" * 1_000_001
    others = [f"message {number}".encode() for number in range(30)]
    bucket = Bucket(brief)
    way.spoil(Trouble("hang", "PUT", part=hashlib.sha256(large).hexdigest()))
    first, *rest = Vault(bucket).put_all([large, *others])
    assert isinstance(first, VaultAway)
    assert "s3_timeout" in str(first)
    assert [one for one in rest if not isinstance(one, str)] == []
    bucket.ready()
    way.mend()
    assert Vault(bucket).get(Vault(bucket).put(large)) == large


def test_a_fetch_that_takes_too_long_bars_no_other(
    access: Access, brief: Access, way: BadWay
) -> None:
    slow, other = Vault(Bucket(access)).put(RAW), Vault(Bucket(access)).put(b"other")
    vault = Vault(Bucket(brief))
    way.spoil(Trouble("hang", "GET", part=slow))
    with pytest.raises(VaultAway, match="s3_timeout"):
        vault.get(slow)
    assert vault.get(other) == b"other"


def test_a_large_one_on_a_server_that_hangs_bars_the_others(access: Access, way: BadWay) -> None:
    vault = Vault(Bucket(replace(access, timeout_seconds=2.0)))
    way.spoil(Trouble("hang"))
    with pytest.raises(VaultAway):
        vault.put(b"x" * 1_000_001)
    asked = len(way.asked)
    for put in vault.put_all([RAW] * 50):
        assert isinstance(put, VaultAway)
    assert len(way.asked) == asked > 0


def test_one_that_is_refused_keeps_no_other_from_being_put(access: Access, way: BadWay) -> None:
    raws = [f"message {number}".encode() for number in range(30)]
    vault = Vault(Bucket(access))
    bad = Vault(Bucket(access)).place.where  # only for its words
    way.spoil(Trouble("refuse", "PUT", part="/00", status=403, code="AccessDenied"))
    put = list(vault.put_all([*raws, _hashed_to("00")]))
    assert [isinstance(one, str) for one in put] == [True] * 30 + [False]
    assert bad("00") in str(put[-1])


def _hashed_to(start: str) -> bytes:
    """Return bytes whose hash begins so."""
    tries = (f"try {number}".encode() for number in range(100_000))
    return next(one for one in tries if hashlib.sha256(one).hexdigest().startswith(start))


# --- who may create a name ---


def test_of_two_that_create_a_name_the_first_one_stays(access: Access) -> None:
    first, second = Bucket(access), Bucket(access)
    assert first.create(NAME, b"first")
    assert not second.create(NAME, b"second")
    assert Bucket(access).read(NAME) == b"first"
    assert second.can_create


def test_a_server_that_knows_no_conditional_put_is_asked_before(
    access: Access, way: BadWay
) -> None:
    """As older ones do; it is asked for one once, and then taken at its word."""
    way.spoil(Trouble("refuse", "PUT", status=501, code="NotImplemented", times=3))
    bucket = Bucket(access)
    assert bucket.create(NAME, b"first")
    assert not bucket.can_create
    assert not bucket.create(NAME, b"second")
    assert Bucket(access).read(NAME) == b"first"
    vault = Vault(bucket)
    assert Vault(Bucket(access)).get(vault.put(RAW)) == RAW


def test_a_server_that_knows_nothing_for_a_moment_is_asked_for_it_again(
    access: Access, way: BadWay
) -> None:
    bucket = Bucket(access)
    way.spoil(Trouble("refuse", "PUT", status=501, code="NotImplemented"))
    with pytest.raises(VaultAway, match="NotImplemented"):
        bucket.create(NAME, b"first")
    way.mend()
    assert bucket.can_create
    assert bucket.create(NAME, b"first")


def test_versions_are_noticed(s3: S3, access: Access) -> None:
    assert not Bucket(access).versions("try", b"1")
    s3.keep_versions(access)
    assert Bucket(access).versions("try", b"2")
