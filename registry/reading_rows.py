"""Rows of ``readings``: what a daemon that stands by has read of messages that wait.

Only where the registry is a server's. No journal tells of it and nothing depends on it: a row that
is not there, or not of use, costs a second reading.
"""

import json
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from registry.model import Message
from registry.rows import Part, get_message
from registry.tables import plain, readings

#: A row larger than this is not worth its way to the other host.
_MOST_BYTES: Final = 16_000_000
# One statement, so that no lock outlives it: the daemon that works never waits for who reads beside
# it. What is locked there at this moment is skipped. It reads from the front, this from the back.
_CLAIM = sa.text("""
INSERT INTO readings AS old (message_id, reader, claimed_until)
SELECT id, :reader, clock_timestamp() + make_interval(secs => :seconds) FROM messages
WHERE state = 'kept' AND NOT EXISTS (
  SELECT 1 FROM readings r WHERE r.message_id = messages.id
  AND (r.answers IS NOT NULL OR r.claimed_until > clock_timestamp()))
ORDER BY received_at DESC, sha256 DESC LIMIT 1
FOR UPDATE OF messages SKIP LOCKED
ON CONFLICT (message_id) DO UPDATE
SET reader = excluded.reader, claimed_until = excluded.claimed_until
WHERE old.answers IS NULL AND old.claimed_until <= clock_timestamp()
RETURNING message_id
""")
_SWEEP = sa.text("""
DELETE FROM readings WHERE NOT EXISTS (
  SELECT 1 FROM messages WHERE messages.id = readings.message_id AND messages.state = 'kept')
""")
_OF_MESSAGE = sa.select(readings.c.answers).where(readings.c.message_id == sa.bindparam("wanted"))


class ReadingRows(Part):
    """Claims and answers of those who read beside the daemon that works."""

    def claim_reading(self, reader: str, seconds: float) -> Message | None:
        """Return a message to read beside the daemon, the last in line; None if there is none.

        For so long nobody else who stands by gets it. Rows of messages that are done go away.
        """
        if not self._database.on_server:
            return None
        with self._database.aside() as connection:
            connection.execute(_SWEEP)
            wanted = {"reader": reader, "seconds": seconds}
            message_id = connection.execute(_CLAIM, wanted).scalar()
            return None if message_id is None else get_message(connection, message_id)

    def put_readings(self, message_id: int, reader: str, answers: Mapping[str, str]) -> None:
        """Leave what was read of a claimed message: key of a document → the jail's answer."""
        text = plain(json.dumps(dict(answers), ensure_ascii=False))
        if len(text) > _MOST_BYTES:
            text = "{}"
        ours = sa.and_(readings.c.message_id == message_id, readings.c.reader == reader)
        with self._database.aside() as connection:
            connection.execute(readings.update().where(ours).values(answers=text))

    def readings_of(self, message_id: int) -> dict[str, str]:
        """Return what was read of a message beside us: key of a document → the jail's answer.

        Raises:
            ValueError: the row is malformed.
        """
        if not self._database.on_server:
            return {}
        with self._database.read() as connection:
            text = connection.execute(_OF_MESSAGE, {"wanted": message_id}).scalar()
        found = json.loads(text) if text else {}
        if not isinstance(found, dict):
            raise ValueError("no answers by key")  # noqa: TRY004  as any other malformed row
        return {key: answer for key, answer in found.items() if isinstance(answer, str)}

    def forget_readings(self) -> None:
        """Let the rows of messages that are done go away, when nobody stands by any more."""
        if self._database.on_server:
            with self._database.aside() as connection:
                connection.execute(_SWEEP)
