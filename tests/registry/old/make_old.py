"""Makes ``<schema>.tar.xz``: a small registry with its vault, as an older program left it.

Run it once for each schema, with the *old* code and its tests on the path, never with today's:

    git archive <commit> | tar x -C /tmp/old
    PYTHONPATH=/tmp/old:/tmp/old/tests python tests/registry/old/make_old.py /tmp/old

It stops in mid-work on 16 May 2024 at 8:30: two messages are kept but not understood, one waits
for a person, one acknowledgment was being handed over when the process died, one is unknown with
a retry, one is sent, notices are queued, reminders are held by the brake, a report is frozen.
"""

import datetime as dt
import sys
import tarfile
import tempfile
from email.message import EmailMessage
from pathlib import Path

from config.init import write_example
from config.settings import load
from intake.closing import build_report
from intake.daemon import Daemon
from intake.demo_documents import PLAIN, workbook
from intake.demo_scenario import DONG_DANG, GIA_CAT, HOA_CU, XLSX, _sender
from intake.desk import Desk, open_desk
from intake.post import decide_and_queue
from notifier.report_inputs import inputs_json
from registry import schema
from registry.model import ReportFile, Slot

CAMPAIGN = "ocop-2024-2"
ENV = {"INTAKE_IMAP_PASSWORD": "made-up", "INTAKE_SMTP_PASSWORD": "made-up"}
NIL = "Qua rà soát, xã không có nhu cầu đăng ký Điểm giới thiệu và bán sản phẩm OCOP."
VN = dt.timezone(dt.timedelta(hours=7))
FIFTEENTH = dt.datetime(2024, 5, 15, 9, 0, tzinfo=VN)
SIXTEENTH = dt.datetime(2024, 5, 16, 8, 30, tzinfo=VN)


def mail(sender: str, body: str = "Kính gửi UBND huyện.", book: bytes = b"") -> bytes:
    made = EmailMessage()
    made["From"], made["To"] = sender, "ocop@caoloc.example"
    made["Subject"], made["Message-ID"] = "Đăng ký điểm OCOP", f"<{sender}-1>"
    made.set_content(body)
    if book:
        main_type, sub_type = XLSX.split("/")
        made.add_attachment(book, maintype=main_type, subtype=sub_type, filename="Biểu.xlsx")
    return made.as_bytes()


def keep(desk: Desk, first_uid: int, *raws: bytes) -> None:
    for uid, raw in enumerate(raws, first_uid):
        slot = Slot("intake@mail.caoloc.example", "INBOX", 1, uid)
        desk.store.keep(slot, desk.vault.put(raw), len(raw), desk.clock(), desk.clock())


def fill(desk: Desk, clock: list[dt.datetime]) -> None:
    store = desk.store
    good = workbook(PLAIN, _sender("Hòa Cư", 45, 15), HOA_CU)
    bad = workbook(PLAIN, _sender("Gia Cát", 12, 13), [{**GIA_CAT[0], "phone": "12"}])
    theirs = workbook(PLAIN, _sender("Đồng Đăng", 88, 15, "thị trấn"), DONG_DANG)
    keep(
        desk,
        1,
        mail("hoacu@caoloc.example", book=good),
        mail("giacat@caoloc.example", book=bad),
        mail("tanlien@caoloc.example", NIL),
        mail("ai.do@thudientu.example", book=good),
    )
    Daemon(desk).understand_and_record()
    decide_and_queue(desk)
    clock[0] = SIXTEENTH
    acks = {one.recipient: one.id for one in store.mails() if one.kind == "ack"}
    store.handed(acks["hoacu@caoloc.example"], clock[0])
    again = clock[0] + dt.timedelta(minutes=15)
    unknown = acks["giacat@caoloc.example"]
    store.settle(unknown, "unknown", clock[0], "lost", "mail.caoloc.example:465", again)
    sent = acks["tanlien@caoloc.example"]
    store.settle(sent, "sent", clock[0], "250 ok", "mail.caoloc.example:465")
    store.pull_brake("made up", clock[0])
    store.polled(clock[0])
    decide_and_queue(desk)
    keep(desk, 5, mail("baolam@caoloc.example", NIL), mail("dongdang@caoloc.example", book=theirs))
    campaign = desk.config.campaign(CAMPAIGN)
    inputs, built = build_report(store, desk.vault, desk.config, campaign, clock[0])
    small = {name: data for name, data in built.items() if name.endswith(".xlsx")}
    files = [ReportFile(name, desk.vault.put(data), len(data)) for name, data in small.items()]
    store.freeze_report(CAMPAIGN, desk.vault.put(inputs_json(inputs)), files, clock[0])


def main(old: Path) -> None:
    if not Path(schema.__file__).is_relative_to(old):
        raise SystemExit(f"this is not the old code: {schema.__file__}")
    clock = [FIFTEENTH]
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "config"
        write_example(base)
        with open_desk(load(base, env=ENV), ENV, lambda: clock[0]) as desk:
            fill(desk, clock)
            packed = base / "packed"
            packed.mkdir()
            desk.store.copy_to(packed / "registry.db")
        target = Path(__file__).parent / f"{schema.HEAD}.tar.xz"
        with tarfile.open(target, "w:xz", preset=9) as tar:
            tar.add(packed / "registry.db", "data/registry.db", filter=_plain)
            for path in sorted((base / "data" / "vault").glob("??/*")):
                name = f"data/vault/{path.parent.name}/{path.name}"
                tar.add(path, name, filter=_plain)
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
