"""The communes' dossiers as files of the report: an archive each, as far as a mail holds them."""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping

import structlog

from config.model import Campaign
from intake.desk import Desk
from intake.signed import read_mail
from intake.unpack import unpack
from notifier import wording
from notifier.changes import Changes
from notifier.report_inputs import CommuneFacts, ReportInputs
from parsers.container import Opened, Room
from parsers.reading import Refusal
from parsers.vietnamese import fold
from registry.errors import VaultAway
from registry.vault import VaultDamaged

_log = structlog.get_logger("dossiers")
_EPOCH = (1980, 1, 1, 0, 0, 0)
LEFT_OUT = "Ho so khong gui kem.txt"


def dossier_archives(
    desk: Desk, campaign: Campaign, inputs: ReportInputs, changes: Changes | None, room_bytes: int
) -> dict[str, bytes]:
    """Return the archives by name; what does not fit into the room stands in a list beside them.

    Of the communes with points; in a supplement (``changes``) of those alone whose points came or
    changed. The same registry and vault give the same bytes.
    """
    found: dict[str, bytes] = {}
    left: list[str] = []
    for commune in _told(inputs, changes):
        files = dict(_files(desk, campaign, commune))
        if not files:
            continue
        made = _archive(files)
        if len(made) > room_bytes:
            left.append(f"{wording.clean(commune.title, 100)}: {len(files)} tệp")
            continue
        room_bytes -= len(made)
        found[f"Ho so {commune.code} {fold(commune.title)}.zip"] = made
    if left:
        head = "Hồ sơ của các đơn vị sau vượt dung lượng gửi kèm, được gửi riêng khi có yêu cầu:"
        found[LEFT_OUT] = "\r\n".join([head, *(f"- {one}" for one in left), ""]).encode("utf-8-sig")
    return found


def _told(inputs: ReportInputs, changes: Changes | None) -> Iterator[CommuneFacts]:
    if changes is None:
        yield from inputs.registering
        return
    for one in changes.communes:
        if one.now and (one.added or one.changed):
            yield one.now


def _files(desk: Desk, campaign: Campaign, commune: CommuneFacts) -> Iterator[tuple[str, bytes]]:
    """Yield (name in the archive, bytes) of a commune's dossier, oldest first, each file once."""
    seen: set[str] = set()
    labels = {item.key: item.label for item in campaign.dossier}
    key = (commune.code, commune.valid_from)
    for message, document in desk.store.dossier_sources(campaign.id, key):
        data = _parts(desk, message).get(document.sha256)
        if data is None or document.sha256 in seen:
            continue
        seen.add(document.sha256)
        label = wording.clean(labels.get(document.item, ""), 60)
        name = f"{len(seen):02d} {label} - {wording.clean(document.name, 120)}"
        yield name.replace("/", "-").replace("\\", "-"), data


def _parts(desk: Desk, sha256: str) -> Mapping[str, bytes]:
    """The files of a message by their hashes; containers are opened in the jail."""
    limits = desk.config.settings.limits

    def open_(data: bytes, name: str, room: Room) -> Opened | Refusal | None:
        opened = desk.reader.open(data, name, room)
        desk.alive()
        return opened

    try:
        parsed = read_mail(desk.vault.get(sha256), limits, open_)
    except VaultAway:
        raise  # not lost: what is frozen without them would stay so
    except (KeyError, VaultDamaged, OSError) as error:
        _log.warning("message_lost", sha256=sha256, why=str(error))
        return {}
    files = unpack(parsed, limits, open_).files
    return {hashlib.sha256(part.data).hexdigest(): part.data for part in files}


def _archive(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o600 << 16
            member.create_system = 3
            archive.writestr(member, data)
    return target.getvalue()
