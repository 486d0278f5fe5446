"""What a report asks of a registry: as often for many communes as for two."""

import dataclasses
from pathlib import Path

import sqlalchemy as sa
from rigs.answers import CAMPAIGN, NOON, answer, arrive, at, document
from rigs.board import many

from notifier.report import gather
from notifier.report_inputs import ReportInputs
from registry.store import Store, open_store


def _asked(folder: Path, count: int) -> tuple[Store, ReportInputs, int]:
    folder.mkdir()
    config = many(count)
    store = open_store("sqlite:///registry.db", folder, durable=False)
    paper = dataclasses.replace(document(), ordinal=2, role="dossier", item="commitment")
    for number, commune in enumerate(config.communes):
        brought = answer(commune=commune.key, content=str(number))
        message = arrive(store, commune.code, number % 50, uid=number + 1)
        store.record(message, dataclasses.replace(brought, documents=(document(), paper)), at(59))
    asked: list[str] = []
    engine = store._database.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    found = gather(store, config, config.campaign(CAMPAIGN), NOON)
    return store, found, len(asked)


def test_a_report_asks_as_often_for_many_communes_as_for_two(tmp_path: Path) -> None:
    two, _, few = _asked(tmp_path / "two", 2)
    store, found, asked = _asked(tmp_path / "many", 40)
    assert asked == few < 40
    assert all(one.counted and one.counted.points[0].file for one in found.communes)
    assert all(any(item.files for item in one.dossier) for one in found.communes)
    two.close()
    store.close()


def test_all_at_once_is_what_one_after_another_told(tmp_path: Path) -> None:
    store, found, _ = _asked(tmp_path / "some", 3)
    versions = store.submissions(CAMPAIGN)
    ids = [one.message_id for one in versions]
    assert store.documents_of(ids) == {one: store.documents(one) for one in ids}
    assert store.messages_of(ids) == {one: store.message(one) for one in ids}
    keys = {one.commune for one in versions}
    assert store.dossiers(CAMPAIGN) == {key: store.dossier(CAMPAIGN, key) for key in keys}
    first, second = (one.counted.points[0] for one in found.communes[:2] if one.counted)
    assert first.places["name"] is second.places["name"]  # a text that comes again is there once
    store.close()
