"""The words of a mail that Outlook saved as a file → the same noun as any other mail. Pure."""

from intake import body, header
from intake.parsed import Parsed
from parsers.container import Cover
from parsers.names import one_line


def parsed(cover: Cover) -> Parsed:
    """Return the mail's own words, what they quote, its sender as far as it is an address.

    The attachments are not in it: they are documents already.
    """
    senders = header.addresses([cover.sender])
    source = cover.html[: body.HTML_CHARS]
    page = body.read_html(source)
    plain = body.tidy(cover.text[: body.TEXT_CHARS])
    own, quoted = body.split_quoted(plain if plain.strip() else body.tidy(page.text))
    page_own, _ = body.split_quoted(page.text)
    return Parsed(
        sender=senders[0][0] if len(senders) == 1 else "",
        senders=tuple(address for address, _ in senders),
        subject=one_line(cover.subject)[:500],
        text=own,
        quoted=quoted,
        html=source,
        has_table=page_own.count(body.ROW_MARK) > 1,
        links=body.share_links([own], page.links),
    )
