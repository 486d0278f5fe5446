"""Config edits while the daemon runs."""

import pytest
from rigs import registry

from config.init import write_example
from config.settings import load
from intake.daemon import Daemon
from intake.desk import open_desk
from intake.reload import GRACE
from intake.service import Service

ENV = {"INTAKE_IMAP_PASSWORD": "made-up", "INTAKE_SMTP_PASSWORD": "made-up"}


@pytest.fixture
def service(tmp_path):
    write_example(tmp_path / "config")
    registry.settle(tmp_path / "config")
    with open_desk(load(tmp_path / "config", env=ENV), ENV) as desk:
        yield Service(Daemon(desk), ENV)


def edit(service, old, new):
    path = service.daemon.desk.config.folder / "settings.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    service.reload()


def test_an_edit_is_taken_over_and_another_poll_interval_at_once(service):
    intervals = []
    service.poll_every = intervals.append
    edit(service, 'place = "Cao Lộc"', 'place = "Đồng Đăng"')
    assert service.daemon.desk.config.settings.office.place == "Đồng Đăng"
    assert intervals == []
    edit(service, 'poll = "60s"', 'poll = "30s"')
    assert intervals == [30.0]


def test_a_bad_edit_changes_nothing_and_the_admin_is_told(service):
    before = service.daemon.desk.config
    edit(service, 'poll = "60s"', 'pol = "60s"')
    desk = service.daemon.desk
    assert desk.config is before
    assert desk.store.mails() == []  # it may only be half saved
    began = desk.clock()
    desk.clock = lambda: began + GRACE
    service.reload()
    service.daemon.health.examine()
    assert desk.config is before
    (mail,) = [one for one in desk.store.mails() if one.key.startswith("alert/config/")]
    assert mail.kind == "alert"
    assert mail.recipient == "canbo.ktht@caoloc.example"
