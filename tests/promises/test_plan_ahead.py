"""The plan is what the daemon does: played forward without anything arriving, both are the same."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from promises.correspondence import letter
from rigs.cast import moment
from rigs.memory_office import CAMPAIGN, MemoryOffice, Unit

import intake.service as service_module
from intake.views import mails_ahead

HALF = dt.timedelta(minutes=30)
HOA_CU, GIA_CAT, LONE = "hoacu@caoloc.example", "giacat@caoloc.example", "tanlien@caoloc.example"
UNITS = (
    Unit("06223", "Hòa Cư", [HOA_CU], ["ct.hoacu@caoloc.example"]),
    Unit("06235", "Gia Cát", [GIA_CAT, "vp.giacat@caoloc.example"]),
    Unit("06226", "Tân Liên", [LONE], ["ct.tanlien@caoloc.example"]),
)


@dataclass(frozen=True, slots=True)
class Story:
    """What has happened when the plan is made, at ``now``."""

    now: dt.datetime
    launched: bool = True
    answered: bool = False
    held: bool = False
    changes: str = ""

    def __str__(self) -> str:
        words = ("launched", "answered", "held")
        happened = [word for word in words if getattr(self, word)]
        return "-".join((f"{self.now:%d.%Hh}", *happened, self.changes or "plain"))


CHANGES = {
    "": {},
    "trial": {"smtp": {"redirect_all_to": '"thu@caoloc.example"'}},
    "hours": {"hours": {"starts": '"09:00"', "ends": '"11:30"'}},
    "late-digest": {"officers": {"digest_at": '"10:00"'}},
}
STORIES = [
    Story(moment(14, 8)),
    Story(moment(14, 8), launched=False),
    Story(moment(15, 20), answered=True, held=True),
    Story(moment(14, 8), answered=True, changes="trial"),
    Story(moment(16, 12), answered=True, changes="hours"),
    Story(moment(19, 7), held=True, changes="late-digest"),
]


@pytest.fixture(params=STORIES, ids=str)
def office(request, tmp_path, monkeypatch) -> Iterator[MemoryOffice]:
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    story: Story = request.param
    opened = MemoryOffice(tmp_path / "o", moment(14, 8), list(UNITS), CHANGES[story.changes])
    if story.launched:
        opened.store.launch(CAMPAIGN, "officer", opened.now)
    if story.answered:
        opened.server.deliver(letter("form", "Hòa Cư", HOA_CU, 1, 1), opened.now)
    if story.held:
        opened.server.deliver(letter("query", "Gia Cát", "ai@khac.example", 2, 2), opened.now)
    opened.tick()
    play(opened, story.now)
    yield opened
    opened.close()


def play(office: MemoryOffice, until: dt.datetime) -> None:
    """Let the daemon look at noon, at night, and each half hour of the morning.

    All moments of these plans are such ones.
    """
    while office.now < until:
        office.pass_time(HALF)
        if office.now.hour in {0, 7, 8, 9, 10, 20} or office.now == until:
            office.tick()


def test_what_the_plan_shows_is_what_leaves(office: MemoryOffice) -> None:
    begin, end = office.now, moment(23, 7)
    # `now` and the days that follow; on the half hours, so that the edge is tried as well
    at = (begin, moment(17, 8), moment(20, 7, 30), moment(20, 8, 30), moment(22, 8))
    plans = {
        one: mails_ahead(office.desk.config, office.store, begin, CAMPAIGN, one)
        for one in at
        if one >= begin
    }
    gone = len(office.courier.taken)
    play(office, end)
    left = office.courier.taken[gone:]
    for when, plan in plans.items():
        planned = {
            (one["key"], recipient, dt.datetime.fromisoformat(one["at"]))
            for one in plan
            if one["waits"] is None and dt.datetime.fromisoformat(one["at"]) < end
            for recipient in (*one["to"], *one["cc"])
        }
        real = {(one.key, one.recipient, one.at) for one in left if one.at >= when}
        assert planned == real, when
        assert planned or when >= moment(22, 8)
        assert len({one["key"] for one in plan}) == len(plan), "nothing is shown twice"
    if any(one.kind == "call" for one in office.store.mails()):
        return
    calls = [one for one in plans[begin] if one["kind"] == "call"]
    assert {one["waits"] for one in calls} == {"launch"}
