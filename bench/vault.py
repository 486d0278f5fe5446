"""Putting and getting letters of 60 kB: a vault in a folder, and one in a bucket on loopback.

One by one and a batch at once, each put safe when it counts; and a batch with several hands on the
disk, to see whether that would help there. The bucket is a real server (OpenStack Swift with its S3
protocol, in one Python process), so its figures say what our side costs and what a batch gains, not
how fast a bucket can be.

    python bench/vault.py [--letters 200] [--bytes 60000] [--runs 3] [--delay-ms 0] [--folder DIR]

``--delay-ms`` lets each answer of the bucket come so much later, as one in another city would.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from rigs.bad_way import BadWay  # noqa: E402  after the path
from rigs.s3 import S3  # noqa: E402

from registry.bucket import Bucket  # noqa: E402
from registry.vault import Vault  # noqa: E402

_HANDS = (1, 2, 4, 8)


def main() -> None:
    """Measure, print tables in Markdown."""
    wanted = _arguments()
    with tempfile.TemporaryDirectory(dir=wanted.folder, prefix="bench-vault-") as room:
        folder = Path(room)
        print(f"\n{_machine()}; {wanted.letters} letters of {wanted.bytes:,} bytes, ", end="")
        print(f"median of {wanted.runs} runs\n")
        print("| vault | what | letters/s | ms a letter | processor ms a letter |")
        print("|---|---|---:|---:|---:|")
        serial = iter(range(10_000))
        _measure("folder", lambda: Vault(folder / f"v{next(serial)}"), wanted)
        for hands in _HANDS:
            _measure_hands(hands, lambda: Vault(folder / f"v{next(serial)}"), wanted)
        with S3() as server, _later(server, wanted.delay_ms) as endpoint:
            name = f"bucket, answers {wanted.delay_ms} ms later" if wanted.delay_ms else "bucket"

            def bucket() -> Vault:
                return Vault(Bucket(replace(server.access(), endpoint=endpoint)))

            _measure(name, bucket, wanted)


def _measure(name: str, made: Callable[[], Vault], wanted: argparse.Namespace) -> None:
    """Put one by one, a batch at once; get one by one and all, as another process would."""

    def one_by_one(vault: Vault, letters: Sequence[bytes]) -> None:
        for letter in letters:
            vault.put(letter)

    def batch(vault: Vault, letters: Sequence[bytes]) -> None:
        _expect(sum(isinstance(one, str) for one in vault.put_all(letters)), letters)

    def get(vault: Vault, letters: Sequence[bytes]) -> None:
        _expect(sum(1 for sha256 in vault.names() if vault.get(sha256)), letters)

    def get_all(vault: Vault, letters: Sequence[bytes]) -> None:
        _expect(sum(1 for _ in vault.raw_all(vault.names())), letters)

    for what, put in (("put, one by one", one_by_one), ("put, a batch", batch)):
        _row(name, what, [_timed(put, made(), _letters(wanted)) for _ in range(wanted.runs)])
    filled, letters = made(), _letters(wanted)
    batch(filled, letters)

    def again() -> Vault:
        place = filled.place
        return Vault(Bucket(place._access)) if isinstance(place, Bucket) else Vault(place)  # noqa: SLF001  a new one of the same

    for what, read in (("get, one by one", get), ("get, all", get_all)):
        _row(name, what, [_timed(read, again(), letters) for _ in range(wanted.runs)])


def _measure_hands(hands: int, made: Callable[[], Vault], wanted: argparse.Namespace) -> None:
    def put(vault: Vault, letters: Sequence[bytes]) -> None:
        vault.place.at_once = hands
        _expect(sum(isinstance(one, str) for one in vault.put_all(letters)), letters)

    runs = [_timed(put, made(), _letters(wanted)) for _ in range(wanted.runs)]
    _row("folder", f"put, a batch, {hands} at the same time", runs)


def _expect(count: int, letters: Sequence[bytes]) -> None:
    if count != len(letters):
        raise SystemExit(f"{count} of {len(letters)} letters")


def _timed(
    act: Callable[[Vault, Sequence[bytes]], None], vault: Vault, letters: Sequence[bytes]
) -> tuple[float, float]:
    """Return seconds by the clock and of the processor, a letter."""
    began, busy = time.perf_counter(), time.process_time()
    act(vault, letters)
    count = len(letters)
    return (time.perf_counter() - began) / count, (time.process_time() - busy) / count


def _row(name: str, what: str, runs: Sequence[tuple[float, float]]) -> None:
    wall, busy = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"| {name} | {what} | {1 / wall:,.0f} | {1000 * wall:.2f} | {1000 * busy:.2f} |")
    sys.stdout.flush()


def _letters(wanted: argparse.Namespace) -> list[bytes]:
    return [os.urandom(wanted.bytes) for _ in range(wanted.letters)]


@contextmanager
def _later(server: S3, delay_ms: int) -> Iterator[str]:
    if not delay_ms:
        yield server.endpoint
        return
    with BadWay(server.endpoint, delay_seconds=delay_ms / 1000) as way:
        yield way.endpoint


def _machine() -> str:
    cores = os.cpu_count()
    known = f"obstore {version('obstore')}, OpenStack Swift {version('swift')}"
    return f"Python {platform.python_version()}, {platform.machine()}, {cores} processors, {known}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--letters", type=int, default=200)
    parser.add_argument("--bytes", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--delay-ms", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=None, help="the disk that is measured")
    return parser.parse_args()


if __name__ == "__main__":
    main()
