"""Readings → what is recorded: one outcome per message. Pure; the store writes it down.

The decisions of this module are the ones a commune feels: registered, to be corrected, no need,
already received, not readable – or held for a person, with the reason.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from config.communes import Commune, Communes
from config.model import Campaign
from intake.dossier import PICTURES, DossierFile, dossier_file
from intake.matching import CampaignMatch, CommuneMatch, Unsure, named_communes
from intake.official import foreign_campaign, is_forged, workbook_findings
from intake.together import FormFile, one_form
from intake.withdrawal import (
    may_take_all_back,
    may_take_back,
    replaces,
    sends_anew,
    takes_back,
)
from notifier.dossier import is_expired, last_day_of
from parsers.container import CONTAINERS
from parsers.form import Field
from parsers.reading import (
    Finding,
    Letter,
    Reading,
    Refusal,
    Row,
    Signature,
    SignatureState,
)
from parsers.vietnamese import fold, folded_lines
from registry.columns import written_columns
from registry.model import (
    CommuneKey,
    Document,
    HeldReason,
    Message,
    NewSubmission,
    Outcome,
    Point,
    Submission,
    SubmissionState,
    Verdict,
    held_reason,
)

NilAnswer = Literal["yes", "doubtful", "no"]

#: From what is best to what is worst.
_SEVERITY: tuple[SignatureState, ...] = (
    "valid", "unknown-root", "uncheckable", "expired", "changed-later", "altered"
)  # fmt: skip

#: A record of an event in its first lines, folded.
_MINUTES, _HEAD = re.compile(r"^bien ban\b", re.MULTILINE), 15
#: A picture that bears a legible page is larger: smaller ones stand in signatures of mails.
_LOGO_BYTES = 50_000
#: A folded line above the signature: "TM. UBND XÃ HÒA CƯ".
_SIGNED = re.compile(r"\btm (?:ubnd|uy ban nhan dan) (?:xa|x|thi tran|tt|phuong)\b")


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """One file of the message and what the jail said of it.

    ``genuine`` tells whether the mark of an official workbook is ours; ``None`` without a mark.
    """

    ordinal: int
    name: str
    sha256: str
    size_bytes: int
    result: Reading | Refusal
    genuine: bool | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of the message itself, whatever its files say."""

    sender: str
    subject: str
    rfc_message_id: str
    sent_at: dt.datetime | None
    received_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry already holds that bears on this message.

    ``copy_of`` is the same mail by another road, ``twin`` an earlier message with the same
    content, ``current`` the current version and ``current_sent_at`` the sender's date of the mail
    that brought it; ``letter_twins`` are versions that cite the same official letter (số + ký hiệu
    + cơ quan; Nghị định 30/2020, Phụ lục VI asks for a warning). ``earlier_round`` is another
    campaign in which the commune sent the very file of this form.
    """

    copy_of: Message | None = None
    twin: Message | None = None
    current: Submission | None = None
    current_sent_at: dt.datetime | None = None
    letter_twins: tuple[Submission, ...] = ()
    earlier_round: str = ""


def content_key(documents: Sequence[ReadDocument], own_words: str) -> str:
    """Return a key that is equal for the same files, or the same words where there are none."""
    if documents:
        parts = sorted(document.sha256 for document in documents)
    else:
        parts = ["words", " ".join(own_words.split()).casefold()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def form_hashes(documents: Sequence[ReadDocument]) -> list[str]:
    """Return the hashes of the files that hold a form."""
    return [document.sha256 for document in documents if _rows(document)]


def official_letter(documents: Sequence[ReadDocument]) -> Letter | None:
    """Return the official letter of the message: the one of which most is known."""
    letters = [
        document.result.letter
        for document in documents
        if isinstance(document.result, Reading) and document.result.letter
    ]
    return max(letters, key=_known_facts, default=None)


def without_reading(envelope: Envelope, verdict: Verdict, reason: str, ack: str = "") -> Outcome:
    """Return the outcome of a message that is recorded for what it is: nothing is read from it."""
    return Outcome(
        state="recorded",
        verdict=verdict,
        reason=reason,
        sender=envelope.sender,
        subject=envelope.subject,
        rfc_message_id=envelope.rfc_message_id,
        sent_at=envelope.sent_at,
        ack=ack,
    )


def documents_of(documents: Sequence[ReadDocument]) -> tuple[Document, ...]:
    """Return files as they are recorded with a message from which nothing else is."""
    return tuple(document_row(document) for document in documents)


def decide(
    envelope: Envelope,
    documents: Sequence[ReadDocument],
    own_words: str,
    body_nil: NilAnswer,
    commune: CommuneMatch | Unsure,
    campaign: CampaignMatch | Unsure,
    known: Known,
    *,
    forced: bool,
    assigned: bool = False,
    roster: Sequence[Commune] = (),
) -> Outcome:
    """Decide what follows from a message of a sender who may speak.

    ``roster`` are all communes: points that name another one than theirs are warned of.
    ``forced`` is a person's `accept`: what would be held for doubt is then recorded. ``assigned``
    is a person's `assign`, or a commune's ĐÚNG to a stranger's form: it says whose answer this is,
    in which campaign, and nothing of what it says.
    Shape of the answer: ``recorded`` with a submission or with the true reason why there is none,
    or ``held``.
    """
    home = commune.commune if isinstance(commune, CommuneMatch) else None
    call = campaign.campaign if isinstance(campaign, CampaignMatch) else None
    files = tuple(documents)
    case = _Case(
        envelope, files, own_words, body_nil, home, call, known, forced, assigned,
        Communes.of(roster),
    )  # fmt: skip
    for doubt in (commune, campaign):
        if isinstance(doubt, Unsure):
            return case.held(doubt.reason, "query", *doubt.candidates)
    if known.copy_of is not None:
        return case.recorded("copy", f"the same mail as message {known.copy_of.id}")
    return case.by_content()


def as_recorded(
    envelope: Envelope,
    documents: Sequence[ReadDocument],
    own_words: str,
    commune: Commune | None,
    campaign: Campaign | None,
) -> Outcome:
    """Return a message as a person gets it, with all that came with it and nothing that follows."""
    files, known = tuple(documents), Known()
    case = _Case(envelope, files, own_words, "no", commune, campaign, known, forced=False)
    return case.recorded("query", "", "in-review")


@dataclass(frozen=True, slots=True)
class _Case:
    """One message on the desk: everything known of it, and the ways it can end."""

    envelope: Envelope
    documents: tuple[ReadDocument, ...]
    own_words: str
    body_nil: NilAnswer
    commune: Commune | None
    campaign: Campaign | None
    known: Known
    forced: bool
    assigned: bool = False
    roster: tuple[Commune, ...] = ()

    def by_content(self) -> Outcome:
        """Take the first of: a withdrawal, the form, a nil statement, a letter, refusals, words."""
        forms = self._forms()
        if self._withdrawn_with(forms):
            if self.forced:
                return self._submit("nil", "points taken back", (), ())
            return self.held("nil-after-registration", "correction")
        if forms:
            return self._with_forms(forms)
        nil = self._nil()
        if nil == "yes" and any(map(_may_be_a_form, self.documents)):
            nil = "doubtful"
        if nil == "yes" or (nil == "doubtful" and self.forced):
            return self._submit("nil", "nil statement", (), ())
        if nil == "doubtful":
            return self.held("nil-doubtful")
        return self._without_form()

    def _key(self) -> CommuneKey | None:
        return self.commune.key if self.commune else None

    def held(self, code: HeldReason, verdict: Verdict = "query", *details: str) -> Outcome:
        reason = held_reason(code, *details)
        return replace(self.recorded(verdict, reason, "in-review"), state="held")

    def recorded(self, verdict: Verdict, reason: str, ack: str = "") -> Outcome:
        return replace(
            without_reading(self.envelope, verdict, reason, ack),
            commune=self._key(),
            campaign=self.campaign.id if self.campaign else None,
            content_key=content_key(self.documents, self.own_words),
            documents=tuple(self.document_of(document) for document in self.documents),
        )

    def document_of(self, document: ReadDocument) -> Document:
        """Return a file as it is recorded, with what it is to the campaign's dossier."""
        kept = document_row(document)
        if _rows(document) and self._repeats_a_point(document):
            kept = replace(kept, role="dossier")
        elif _rows(document):
            return kept
        part = self._paper(document)
        if part is None:
            return kept
        role = (
            "dossier" if kept.role in {"unknown", "letter"} and not kept.refusal_code else kept.role
        )
        return replace(kept, role=role, item=part.item, about=part.about, issued_on=part.issued_on)

    def _forms(self) -> list[ReadDocument]:
        return [
            document
            for document in self.documents
            if isinstance(document.result, Reading) and document.result.rows
        ]

    def _nil(self) -> NilAnswer:
        said: NilAnswer
        answers: list[NilAnswer] = [self.body_nil]
        for document in self.documents:
            if isinstance(document.result, Reading):
                said = "yes" if self._answers(document) else "doubtful"
                answers.append(said if document.result.nil else "no")
                if any(finding.code == "nil-doubtful" for finding in document.result.findings):
                    answers.append("doubtful")
        return "yes" if "yes" in answers else "doubtful" if "doubtful" in answers else "no"

    def _answers(self, document: ReadDocument) -> bool:
        """Whether a file without a form speaks for the commune: its letter, or all that it sent.

        Minutes and other papers of the dossier say "nobody asked" of other things.
        """
        read = document.result
        if not isinstance(read, Reading):
            return False
        if read.official is not None:
            return True
        items = self.campaign.dossier if self.campaign else ()
        is_paper = dossier_file(document.name, replace(read, nil=False, rows=()), items) is not None
        if is_paper or _MINUTES.search("\n".join(folded_lines(read.text.splitlines()[:_HEAD]))):
            return False
        return read.letter is not None or len(self.documents) == 1

    def _with_forms(self, forms: list[ReadDocument]) -> Outcome:
        distinct = {_rows_key(form): form for form in reversed(forms)}
        chosen = self._chosen(sorted(distinct.values(), key=lambda form: form.ordinal))
        doubt = None if self.forced else self._doubt(forms, chosen)
        if doubt:
            return doubt
        points, findings = _combined(chosen)
        if self.campaign:
            findings += tuple(workbook_findings(chosen, self.campaign))
        findings += (*self._doubts(len(points)), *self._elsewhere(chosen, points))
        findings += tuple(self._grown_old(points))
        wrong = any(finding.severity == "error" for finding in findings)
        state: SubmissionState = "needs-fix" if wrong else "registered"
        return self._submit(state, f"{len(points)} point(s)", points, findings)

    def _doubt(self, forms: list[ReadDocument], chosen: list[ReadDocument]) -> Outcome | None:
        """Return the outcome of forms that only a person can accept; ``None`` if none is."""
        if is_forged(forms):
            return self.held("workbook-seal", "submission")
        other = foreign_campaign(forms, self.campaign) if self.campaign else ""
        if other and not self.assigned:
            return self.held("workbook-campaign", "submission", other)
        if len(chosen) > 1:
            return self.held("forms-differ", "submission")
        several = self._sections(chosen[0])
        if len(several) > 1 and not self.assigned:
            return self.held("several-communes", "submission", *several)
        if self.known.earlier_round:
            return self.held("earlier-round", "submission", self.known.earlier_round)
        if self._nil() == "yes":
            return self.held("nil-beside-form", "submission")
        return None

    def _sections(self, form: ReadDocument) -> list[str]:
        """Return the communes under whose names (sheet, group heading) the form's rows stand."""
        parts = {part for row in _rows(form) for part in row.section.split(" / ")}
        named = {one.title for one in named_communes(sorted(parts), self.roster)}
        bare = Communes.of(self.roster).by_bare_name
        return sorted(named | {one.title for part in parts for one in bare.get(fold(part), ())})

    def _chosen(self, forms: list[ReadDocument]) -> list[ReadDocument]:
        """Return the one form that several files hold, or all of them if they hold others.

        A slip that is a paper of the dossier ("Đơn đề nghị") repeats a point of the form.
        """
        one = self._one(forms)
        if one is None:
            forms = [form for form in forms if not self._repeats_a_point(form)]
            one = self._one(forms)
        return forms if one is None else [one]

    def _one(self, forms: list[ReadDocument]) -> ReadDocument | None:
        if len(forms) < 2 or self.campaign is None:  # noqa: PLR2004  nothing to compare
            return forms[0] if len(forms) == 1 else None
        files = [
            FormFile(form.name, form.result) for form in forms if isinstance(form.result, Reading)
        ]
        one = one_form(files, self.campaign.form)
        return replace(forms[one.chosen], result=one.reading) if one else None

    def _repeats_a_point(self, document: ReadDocument) -> bool:
        """Whether a file is a dossier's paper about points that another file registers."""
        if self._paper(document) is None:
            return False
        naming = self.campaign.form.name_key if self.campaign else ""
        mine = {fold(row.values.get(naming, "")) for row in _rows(document)}
        others = [one for one in self.documents if one is not document]
        return any(
            len(_rows(other)) > len(_rows(document)) or self._paper(other) is None
            for other in others
            if mine <= {fold(row.values.get(naming, "")) for row in _rows(other)}
        )

    def _paper(self, document: ReadDocument) -> DossierFile | None:
        """Return what a file is to the dossier if the form that was read in it does not count."""
        result = document.result
        items = self.campaign.dossier if self.campaign else ()
        bare = replace(result, rows=()) if isinstance(result, Reading) else result
        return dossier_file(document.name, bare, items)

    def _fields(self) -> tuple[Field, ...]:
        return self.campaign.form.fields if self.campaign else ()

    def _doubts(self, count: int) -> tuple[Finding, ...]:
        """Findings that only the files together can show."""
        found: list[Finding] = []
        letter = official_letter(self.documents)
        found += self._letter_seen()
        found += self._made_of_an_older_one()
        if letter and letter.points_stated is not None and letter.points_stated != count:
            found.append(
                Finding(
                    "warning",
                    "points-differ",
                    f"Công văn nêu {letter.points_stated} điểm nhưng biểu có {count} điểm; "
                    "đề nghị kiểm tra lại và gửi bản đúng nếu biểu còn thiếu hoặc thừa điểm.",
                )
            )
        found += [
            Finding(
                "warning",
                "document-refused",
                f"Không đọc được tệp “{document.name}”: {document.result.message}",
                place=document.name,
            )
            for document in self.documents
            if isinstance(document.result, Refusal)
            and (
                document.result.code in {"encrypted", "damaged", "empty"}
                or document.result.kind in CONTAINERS
            )
        ]
        return tuple(found)

    def _elsewhere(
        self, forms: Sequence[ReadDocument], points: Sequence[Point]
    ) -> Iterator[Finding]:
        """Warn where a form or a point names another commune and not the one that it counts for."""
        prose = [field.key for field in self._fields() if field.type == "text"]
        for form in forms:
            places = {place for row in _rows(form) for place in row.places.values()}
            sheets = {place.rpartition("!")[0] for place in places}
            read = form.result.text if isinstance(form.result, Reading) else ""
            lines = read.splitlines()
            folded = zip(lines, folded_lines(lines), strict=False)  # of no lines: one empty one
            below = (line for line, bare in folded if _SIGNED.search(bare))
            names = [form.name.replace("_", " "), *sorted(sheets), *below]
            yield from self._named_elsewhere(names, form.name)
        for point in points:
            texts = [point.row.values.get(key, "") for key in prose]
            texts += point.row.section.split(" / ")
            yield from self._named_elsewhere(texts, f"điểm số {point.ordinal}", point.ordinal)

    def _grown_old(self, points: Sequence[Point]) -> Iterator[Finding]:
        """Warn of certificates that are no longer good on the call's last day."""
        if self.campaign is None:
            return
        last_day = last_day_of(self.campaign)
        for field in self.campaign.form.fields:
            for point in points:
                issued_on = point.row.values.get(field.key, "")
                if is_expired(issued_on, field.valid_months, last_day):
                    text = (
                        f"Cột “{field.label}”: đã quá {field.valid_months} tháng tính đến "
                        f"{last_day:%d/%m/%Y}; đề nghị kiểm tra còn hiệu lực hay đã được cấp lại."
                    )
                    place = point.row.places.get(field.key)
                    yield Finding(
                        "warning", "certificate-expired", text, field.key, point.ordinal, place
                    )

    def _named_elsewhere(
        self, texts: Sequence[str], place: str, row: int | None = None
    ) -> Iterator[Finding]:
        named = named_communes(texts, self.roster)
        if named and self.commune and self.commune not in named:
            told = f"Biểu ghi tên {named[0].title}, nhưng được ghi nhận cho {self.commune.title}"
            message = f"{told}; đề nghị kiểm tra lại điểm này thuộc đơn vị nào."
            yield Finding("warning", "point-elsewhere", message, row=row, place=place)

    def _made_of_an_older_one(self) -> Iterator[Finding]:
        """Warn when a workbook was made of an answer that has been replaced since.

        Who corrects that one may undo what was corrected meanwhile.
        """
        current = self.known.current
        for document in self.documents:
            mark = document.result.official if isinstance(document.result, Reading) else None
            made_of = mark.issue if mark and document.genuine else ""
            if made_of and current and made_of != current.receipt:
                text = (
                    f"Biểu được lập từ bản có số tiếp nhận {made_of}, không phải bản mới nhất "
                    f"({current.receipt}); đề nghị kiểm tra lại để không làm mất những chỗ đã sửa."
                )
                yield Finding("warning", "workbook-of-older", text, place=document.name)

    def _letter_seen(self) -> tuple[Finding, ...]:
        """Warn when the same official letter already stands for another answer."""
        letter = official_letter(self.documents)
        others = [twin for twin in self.known.letter_twins if twin.commune != self._key()]
        if letter is None or not self.known.letter_twins:
            return ()
        if others:
            text = (
                f"Công văn số {letter.number} đã được ghi nhận cho một đơn vị khác; "
                "đề nghị kiểm tra lại số, ký hiệu công văn."
            )
            return (Finding("warning", "duplicate-letter", text),)
        text = (
            f"Công văn số {letter.number} đã được gửi ở lần trước; "
            "bản này được ghi nhận là bản sửa đổi kèm theo cùng công văn."
        )
        return (Finding("note", "duplicate-letter", text),)

    def _submit(
        self,
        state: SubmissionState,
        reason: str,
        points: tuple[Point, ...],
        findings: tuple[Finding, ...],
    ) -> Outcome:
        campaign, commune, known = self.campaign, self.commune, self.known
        if campaign is None or commune is None:
            msg = "a submission needs its commune and campaign"
            raise AssertionError(msg)
        late = self.envelope.received_at >= campaign.deadline_at
        twin = self._stands_already()
        if twin is not None:
            return self.recorded("duplicate", f"the same as message {twin.id}", "duplicate")
        if not self.forced:
            if late and campaign.late == "hold":
                return self.held("after-deadline", "submission")
            if self._older_than_current():
                return self.held("older-than-current", "correction")
            if state == "nil" and self._takes_points_back_unsaid():
                return self.held("nil-after-registration", "correction")
        verdict: Verdict = (
            "nil" if state == "nil" else "correction" if known.current else "submission"
        )
        submission = NewSubmission(
            campaign=campaign.id,
            commune=commune.key,
            state=state,
            late=late and campaign.late != "accept",
            after_close=self.envelope.received_at >= campaign.closes_at,
            receipt_prefix=campaign.receipt_prefix,
            letter=official_letter(self.documents),
            points=points,
            findings=findings,
        )
        read = replace(self.recorded(verdict, reason, state), submission=submission)
        return replace(read, documents=tuple(map(_beside_a_form, read.documents)))

    def _stands_already(self) -> Message | None:
        """Return the message with the same content that brought what counts, confirmed or not."""
        twin, current = self.known.twin, self.known.current
        if twin is None or current is None:
            return None
        return twin if twin.submission_id == current.id or twin.id == current.source_id else None

    def _older_than_current(self) -> bool:
        mine, theirs, current = (
            self.envelope.sent_at, self.known.current_sent_at, self.known.current
        )  # fmt: skip
        if current is None or mine is None or theirs is None:
            return False
        replaces_nothing = self.assigned and self.envelope.received_at < current.received_at
        return mine < theirs and not replaces_nothing

    def _takes_points_back_unsaid(self) -> bool:
        """Whether points stand recorded and nothing says that they shall not ("không có thêm")."""
        current = self.known.current
        texts = [self.envelope.subject, self.own_words]
        texts += [d.result.text for d in self.documents if isinstance(d.result, Reading)]
        return (
            current is not None
            and current.state != "nil"
            and not (takes_back(texts) or replaces(texts))
        )

    def _withdrawn_with(self, forms: Sequence[ReadDocument]) -> bool:
        """Whether points that stand recorded are withdrawn by a message that brings files.

        Which of them, or all, is for a person. The form that takes the place of another is a
        correction; the one that is withdrawn may lie beside the words once more.
        """
        current = self.known.current
        if current is None or not current.points or not self.documents or self._nil() == "yes":
            return False
        texts = [self.envelope.subject, self.own_words]
        texts += [
            d.result.text
            for d in self.documents
            if isinstance(d.result, Reading) and d.result.letter
        ]
        if not may_take_back(texts):
            return False
        if not forms:
            return True
        stand = {_values(point.row) for point in current.points}
        the_same = {_values(row) for form in forms for row in _rows(form)} == stand
        return not sends_anew(texts) and (the_same or may_take_all_back(texts))

    def _is_dossier(self) -> bool:
        """Whether these are documents for points that stand recorded, and all of them are heard."""
        current = self.known.current
        kept = [self.document_of(document) for document in self.documents]
        lost = any(one.refusal_code and not one.item for one in kept)
        return bool(current and current.points) and any(one.item for one in kept) and not lost

    def _without_form(self) -> Outcome:
        """No form and no nil statement: say why, by the most helpful reason."""
        codes = [d.result.code for d in self.documents if isinstance(d.result, Refusal)]
        if self._is_dossier():
            return self.recorded("dossier", "documents of the dossier", "dossier")
        if "blank-template" in codes:
            return self.recorded("blank-template", "our form, not filled in", "blank-template")
        hard = [code for code in codes if code not in {"wrong-form", "unsupported"}]
        if hard:
            return self.recorded("unreadable", ", ".join(sorted(set(hard))), "unreadable")
        if official_letter(self.documents):
            return self.recorded("letter-only", "an official letter without a form", "letter-only")
        if "wrong-form" in codes:
            return self.recorded("wrong-form", "not this campaign's form", "wrong-form")
        if codes:
            return self.recorded("unreadable", ", ".join(sorted(set(codes))), "unreadable")
        if self.documents:
            return self.recorded("letter-only", "documents without a form", "letter-only")
        return self._words()

    def _words(self) -> Outcome:
        """Words alone. Who decided has read them: holding them again would ask for ever."""
        if self.forced or self.assigned:
            return self.recorded("query", "words that a person has taken note of", "")
        return self.held("words-only")


def document_row(document: ReadDocument) -> Document:
    """Return a file as it is recorded, whatever it is to a campaign."""
    kept = Document(
        ordinal=document.ordinal,
        name=document.name,
        sha256=document.sha256,
        size_bytes=document.size_bytes,
        kind=document.result.kind,
    )
    if document.result.unknown:
        kept = replace(kept, reading_json=written_columns(document.result.unknown))
    if isinstance(document.result, Refusal):
        refused = document.result
        return replace(kept, refusal_code=refused.code, refusal_message=refused.message)
    return replace(
        kept, role=document.result.role, signature=worst_signature(document.result.signatures)
    )


def worst_signature(signatures: Sequence[Signature]) -> str:
    """Return the state that people must know of: the worst one."""
    states = [signature.state for signature in signatures]
    return max(states, key=_SEVERITY.index, default="")


def _beside_a_form(document: Document) -> Document:
    """A file that came with a good answer is part of the dossier, not a failed form.

    An archive that could not be opened may hold another form: that stays refused.
    """
    failed = {"unsupported", "unreadable", "wrong-form", "blank-template"}
    if document.refusal_code in failed and document.kind not in CONTAINERS:
        return replace(document, role="dossier", refusal_code="", refusal_message="")
    return document


def _may_be_a_form(document: ReadDocument) -> bool:
    """Whether a file that nobody could read may hold points; a blank form and a logo do not."""
    if not isinstance(document.result, Refusal) or document.result.code == "blank-template":
        return False
    return document.result.kind not in PICTURES or document.size_bytes >= _LOGO_BYTES


def _rows_key(document: ReadDocument) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(map(_values, _rows(document)))


def _values(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(row.values.items()))


def _rows(document: ReadDocument) -> tuple[Row, ...]:
    return document.result.rows if isinstance(document.result, Reading) else ()


def _combined(forms: Sequence[ReadDocument]) -> tuple[tuple[Point, ...], tuple[Finding, ...]]:
    """Number the points through all chosen forms; findings follow their rows."""
    points: list[Point] = []
    findings: list[Finding] = []
    for form in forms:
        offset = len(points)
        points += [
            Point(offset + index, form.ordinal, row)
            for index, row in enumerate(_rows(form), start=1)
        ]
        if isinstance(form.result, Reading):
            findings += [
                replace(finding, row=finding.row + offset) if finding.row else finding
                for finding in form.result.findings
            ]
    return tuple(points), tuple(findings)


def _known_facts(letter: Letter) -> int:
    facts = (letter.number, letter.issued_on, letter.subject, letter.signer, letter.organ)
    return sum(fact is not None for fact in facts)
