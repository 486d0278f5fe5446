"""An office whose database server comes back with an older state: a failover, a restore."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from promises.correspondence import letter
from rigs.cast import moment
from rigs.memory_office import CAMPAIGN, ENV, MemoryOffice, Unit
from rigs.postgres import Postgres

import intake.service as service_module
from config.settings import load
from intake.put_in_place import catch_up_with_copy
from intake.verify import verify
from registry.errors import RegistryBusy, RegistryWentBack
from registry.lease import LeaseLost
from registry.server_lease import ServerLease
from registry.store import Store, open_store

MINUTES = dt.timedelta(minutes=20)
HOA_CU, GIA_CAT = "hoacu@caoloc.example", "giacat@caoloc.example"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as started:
        yield started


@pytest.fixture(autouse=True)
def _any_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))


@dataclass
class Scene:
    """An office with a form and a held question, a server, and what a replica of it has."""

    office: MemoryOffice
    server: Postgres
    name: str
    beat: Callable[[], None] = lambda: None

    def replicate(self) -> None:
        """From here on the replica gets nothing more."""
        self._disconnect()
        self.server.sql(f'CREATE DATABASE "{self.name}-replica" TEMPLATE "{self.name}"')

    def fail_over(self) -> None:
        """The replica answers under the old address; no connection is open, so nobody is told."""
        self._disconnect()
        self.server.sql(f'ALTER DATABASE "{self.name}" RENAME TO "{self.name}-gone"')
        self.server.sql(f'ALTER DATABASE "{self.name}-replica" RENAME TO "{self.name}"')

    def _disconnect(self) -> None:
        self.server.sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'"  # noqa: S608  a name made here
        )

    def turn(self) -> None:
        self.office.pass_time(MINUTES)
        self.office.service._turn()

    def start_again(self) -> int:
        """As the service does; return how many events the vault's copy gave."""
        self.office.close()
        taken = self.bring_up()
        self.office.open()
        return taken

    def bring_up(self, lease: ServerLease | None = None) -> int:
        config = load(self.office.folder, env=ENV)
        return catch_up_with_copy(config, self.office.now, self.beat, lease)

    def beside(self) -> Store:
        """Another process on the registry: a person's command."""
        config = load(self.office.folder, env=ENV)
        return open_store(config.settings.storage.database, config.folder)

    def reject(self) -> None:
        with self.beside() as other:
            other.reject(self.held, "", "officer", self.office.now)

    @property
    def held(self) -> int:
        """The message that waited for a person when the replica was made."""
        return 2

    @property
    def kept(self) -> list[Path]:
        """Registries that were replaced."""
        return list((self.office.folder / "data" / "vault").glob("registry.db.before-*"))

    @property
    def copies(self) -> Counter[str]:
        """How often each mail to a commune was taken."""
        taken = self.office.courier.taken
        return Counter(one.message_id for one in taken if one.recipient in {HOA_CU, GIA_CAT})

    @property
    def answers(self) -> list[str]:
        """The numbers of the communes whose answers count."""
        return sorted(one.commune[0] for one in self.office.store.submissions(CAMPAIGN))


@pytest.fixture
def scene(server: Postgres, tmp_path: Path) -> Iterator[Scene]:
    url = server.url()
    units = [Unit("06223", "Hòa Cư", [HOA_CU]), Unit("06235", "Gia Cát", [GIA_CAT])]
    changes = {"officers": {"digest_at": '"23:59"'}, "storage": {"database": f'"{url}"'}}
    office = MemoryOffice(tmp_path / "office", moment(15, 8), units, changes)
    made = Scene(office, server, str(sa.make_url(url).database))
    office.server.deliver(letter("form", "Hòa Cư", HOA_CU, 1, 1), office.now)
    office.server.deliver(letter("query", "Hòa Cư", HOA_CU, 2, 2), office.now)
    made.turn()
    assert [one.id for one in office.store.messages() if one.state == "held"] == [made.held]
    made.replicate()
    office.server.deliver(letter("form", "Gia Cát", GIA_CAT, 3, 3), office.now)
    yield made
    office.close()


def sound(scene: Scene) -> None:
    """Each letter is answered and counts, and nobody claims the vault's journal for another's."""
    office = scene.office
    assert scene.answers == ["06223", "06235"]
    assert verify(office.desk.config, office.store, office.vault) == []
    assert office.desk.journal_copy.standing(office.store) == "equal"
    lying = {name: len(there) for name, there in office.server.folders.items()}
    assert (lying["INBOX"], lying["Đã xử lý"]) == (0, 2)


def test_a_server_that_goes_back_between_two_ticks(scene: Scene) -> None:
    """A letter was recorded, answered, filed and copied, and is gone: the process ends."""
    scene.turn()
    before = scene.copies
    scene.fail_over()
    scene.office.server.deliver(letter("form", "Hòa Cư", HOA_CU, 4, 4), scene.office.now)
    with pytest.raises(RegistryWentBack, match="starting again is safe"):
        scene.turn()
    assert scene.office.server.folders["INBOX"], "nothing may be done with what is not true"
    assert scene.start_again() > 0
    scene.turn()
    scene.turn()
    office = scene.office
    assert [one.commune[0] for one in office.store.submissions(CAMPAIGN)].count("06223") == 2
    assert all(scene.copies[mail] == 1 for mail in before)
    assert office.desk.journal_copy.set_aside() == []
    assert verify(office.desk.config, office.store, office.vault) == []
    assert "06235" in scene.answers


@pytest.mark.parametrize("step", ["mail", "file"])
def test_a_server_that_goes_back_within_a_tick(scene: Scene, step: str) -> None:
    """Nothing of it was copied yet; the next write is refused, and the mailbox knows the rest.

    As after a kill there: what left and was neither written down nor in Sent leaves once more.
    """
    office, before = scene.office, scene.copies
    once: list[None] = []

    def fails_over(*_: object) -> None:
        if not once:
            once.append(None)
            scene.fail_over()

    if step == "mail":
        office.courier.brought = fails_over
    else:
        move = office.desk.mailbox.move

        def moved(*arguments: object, **more: object) -> object:
            done = move(*arguments, **more)
            fails_over()
            return done

        office.desk.mailbox.move = moved  # type: ignore[method-assign]
    with pytest.raises(RegistryWentBack):
        scene.turn()
    assert once
    assert scene.start_again() == 0
    for _ in range(3):
        scene.turn()
    sound(scene)
    twice = {mail for mail, times in scene.copies.items() if times == 2}
    assert twice == {mail for mail in scene.copies if mail not in before}  # not yet in Sent
    assert set(scene.copies.values()) == {1, 2}


@pytest.mark.parametrize(
    "when", ["while it is copied", "in the replay", "while the old one is kept"]
)
def test_what_a_person_decides_while_a_registry_is_brought_up_stands(
    scene: Scene, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was 'done', so it is; what the copy knew comes out of the mailbox then."""
    scene.turn()
    scene.office.close()
    scene.fail_over()
    during(monkeypatch, scene, when, scene.reject)
    assert scene.start_again() == 0
    assert scene.kept == []
    assert scene.office.store.message(scene.held).state == "rejected"
    for _ in range(3):
        scene.turn()
    assert scene.office.store.message(scene.held).state == "rejected"
    assert scene.answers == ["06223", "06235"]
    assert set(scene.copies.values()) == {1}
    assert verify(scene.office.desk.config, scene.office.store, scene.office.vault) == []


def test_the_old_registry_is_kept_where_nobody_knows_whether_it_was_replaced(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's last answer was lost: its rows may be in this file alone."""
    scene.turn()
    scene.office.close()
    scene.fail_over()
    with scene.beside() as registry:
        old = registry.journal_head()
    take_all_of = Store.take_all_of

    def unanswered(store: Store, other: Store, **more: Any) -> dict[str, int]:
        take_all_of(store, other, **more)
        raise RegistryBusy("the connection is lost")

    monkeypatch.setattr(Store, "take_all_of", unanswered)
    with pytest.raises(RegistryBusy):
        scene.bring_up()
    (kept,) = scene.kept
    with open_store(f"sqlite:///{kept}", kept.parent) as registry:
        assert registry.journal_head() == old


def test_a_deposed_daemon_does_not_replace_its_successors_registry(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine stood still just before the replacement, and its own clock with it."""
    scene.turn()
    scene.office.close()
    scene.fail_over()
    url = sa.make_url(load(scene.office.folder, env=ENV).settings.storage.database)
    silent: Callable[[float], None] = lambda _seconds: None  # noqa: E731
    first, second = (ServerLease(url, 300.0, alarm=silent) for _ in range(2))

    def succeed() -> None:
        scene.server.sql("UPDATE leases SET expires_at = clock_timestamp()", scene.name)
        second.take()
        assert scene.bring_up(second) > 0
        scene.reject()
        second.release()

    during(monkeypatch, scene, "while the old one is kept", succeed)
    with first, pytest.raises(LeaseLost, match="another daemon has taken"):
        scene.bring_up(first)
    with scene.beside() as registry:
        assert registry.message(scene.held).state == "rejected"


def test_who_worked_before_the_server_went_back_is_no_twin_of_who_takes_over(scene: Scene) -> None:
    """The dump is from before its take-over: the next one gets the same number, and fences it."""
    office = scene.office
    url = sa.make_url(load(office.folder, env=ENV).settings.storage.database)
    silent: Callable[[float], None] = lambda _seconds: None  # noqa: E731
    first, second = (ServerLease(url, 300.0, alarm=silent) for _ in range(2))
    with first:
        office.store.guarded(first.guard, first.idle_seconds)
        scene.turn()
        before = scene.copies
        scene.fail_over()
        with second:
            assert second.epoch == first.epoch
            assert scene.bring_up(second) > 0
            office.server.deliver(letter("form", "Hòa Cư", HOA_CU, 4, 4), office.now)
            with pytest.raises(LeaseLost, match="another daemon has taken"):
                scene.turn()
            assert office.server.folders["INBOX"], "it is the successor's"
            assert scene.copies == before


def during(
    monkeypatch: pytest.MonkeyPatch, scene: Scene, when: str, act: Callable[[], None]
) -> None:
    """Do something once, while the next registry is brought up."""
    acts = iter([act])

    def once() -> None:
        for one in acts:
            one()

    copy_to = Store.copy_to

    def copied(store: Store, target: Path) -> None:
        copy_to(store, target)
        if ("before" in target.name) == (when == "while the old one is kept"):
            once()

    if when == "in the replay":
        scene.beat = once
    else:
        monkeypatch.setattr(Store, "copy_to", copied)
