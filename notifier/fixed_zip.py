"""Office files whose bytes depend on their content alone: fixed member times and properties."""

import datetime as dt
import io
import re
import zipfile

EPOCH = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:(?:created|modified)>)")
_CORE = "docProps/core.xml"


def repack(data: bytes, made_at: dt.datetime) -> bytes:
    """Return the same zip with every member dated 1980 and the document dated ``made_at``.

    openpyxl and python-docx stamp the present moment into members and core properties; a frozen
    report must not differ because it was written again.
    """
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for name in source.namelist():
            content = dated(name, source.read(name), made_at)
            member = zipfile.ZipInfo(name, EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o600 << 16
            member.create_system = 3
            copy.writestr(member, content)
    return target.getvalue()


def dated(name: str, content: bytes, made_at: dt.datetime) -> bytes:
    """Return a member as it is when the document was made then."""
    if name != _CORE:
        return content
    stamp = made_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return _STAMP.sub(rb"\g<1>" + stamp + rb"\g<3>", content)
