"""The layouts of the golden set, by family of shape. A layout's name is its case's folder."""
# ruff: noqa: E501  a layout stands on one line

from typing import Final

from golden.makers import shapes
from golden.makers.layouts import FIVE, NINE, SIXTEEN, THIRTEEN, Layout

_COUNT: Final = "Danh sách gồm {count} điểm./."
_OTHERS: Final = ((2, "Tổ công tác", "Tổ 1"), (6, "Email", "chothon@banga.example"))
_BACKWARDS: Final = (
    "cost_requested", "stars", "products", "area_m2", "phone", "representative", "owner", "address",
    "name",
)  # fmt: skip

PLAIN: Final = (
    Layout("list-bare", "Nothing but a header row and the points.", title=False),
    Layout("list-signed", "Letterhead, title, basis, points, a count and signatures around them.", signed=True, lines=(_COUNT,), totals=("below",)),
    Layout("list-sixteen", "All sixteen columns of the form.", SIXTEEN, unit="đồng", rows=(1, 6)),
    Layout("list-five", "Five columns only: read, and each missing required column said once.", FIVE),
    Layout("list-nine", "The required columns and no more, one point.", NINE, rows=(1, 1)),
    Layout("list-forty", "Some forty points.", NINE, rows=(36, 40), totals=("below",)),
    Layout("list-reversed", "The columns from right to left.", _BACKWARDS),
    Layout("list-own-columns", "Columns of the sender's own making stand between ours.", extra=_OTHERS),
    Layout("list-synonyms", "Other words for every caption.", THIRTEEN, captions="synonyms"),
    Layout("list-other-words", "Other words again, and a running number such as 01.", THIRTEEN, captions="others", numbers="01"),
    Layout("list-capitals", "All captions in capitals.", captions="capitals", numbers="1."),
    Layout("list-no-accents", "All captions without diacritics.", captions="bare"),
    Layout("list-broken-captions", "Captions broken over lines, one inside a word.", captions="broken"),
    Layout("list-no-numbers", "No running numbers.", numbers="none"),
    Layout("list-off-corner", "The table starts at D7.", corner=(6, 3), title=False),
    Layout("list-colons", "A colon after every caption, a remark that counts the points wrongly.", captions="colons", lines=("Danh sách này gồm có {wrong} điểm.",)),
)  # fmt: skip
CAPTIONS: Final = (
    Layout("captions-known", "Every caption drawn from those that the form knows.", THIRTEEN, captions="known"),
    Layout("captions-known-all", "All sixteen columns with captions that the form knows.", SIXTEEN, captions="known", unit="đồng"),
    Layout("captions-longer", "Captions with more words than the form has.", THIRTEEN, captions="longer"),
)  # fmt: skip
WORN: Final = (
    Layout("worn-look-alikes", "Letters that only look right, invisible spaces.", THIRTEEN),
    Layout("worn-apart", "Letters and their marks stored apart.", THIRTEEN, signed=True),
    Layout("worn-tcvn3", "Typed with a .Vn font of the nineties.", title=False, rows=(4, 8)),
    Layout("worn-vni", "Typed with a VNI font.", title=False, rows=(4, 8)),
    Layout("word-tracked", "A Word table whose texts are tracked changes.", rows=(2, 4)),
    Layout("word-controls", "A Word table filled in through content controls.", rows=(2, 4)),
    Layout("word-nested", "A Word table inside another that only makes a frame.", rows=(2, 4)),
)  # fmt: skip
ROWS: Final = (
    Layout("blank-rows", "Empty rows under the header and between the points.", twist=shapes.blank_rows, rows=(2, 5)),
    Layout("page-sums", "Sums carried from page to page.", twist=shapes.page_sums, rows=(4, 8)),
    Layout("saved-formulas", "Amounts that are formulas with saved results.", twist=shapes.saved_formulas),
)  # fmt: skip
HEADERS: Final = (
    Layout("header-merged", "A header of two rows with merged parents and an index row (1)(2).", THIRTEEN, header="merged", index="(1)"),
    Layout("header-unmerged", "Parents that were never merged: empty cells stand beside them.", THIRTEEN, header="unmerged"),
    Layout("header-three", "Three header rows: halves, parents, children.", THIRTEEN, header="three"),
    Layout("header-letters", "An index row A, B, 1, 2 under the captions.", index="A"),
    Layout("header-again", "The header repeated every five rows, as on printed pages.", rows=(8, 14), again=5),
)  # fmt: skip
UNITS: Final = (
    Layout("unit-line", "The unit of money on a line over the table, right.", SIXTEEN[:15], unit_at="line"),
    Layout("unit-title", "The unit of money in brackets after the title.", unit_at="title", unit="nghìn đồng"),
    Layout("unit-row", "The units in a row of their own under the captions.", THIRTEEN, unit_at="row"),
    Layout("unit-cells", "The unit beside each amount and nowhere else.", THIRTEEN, unit_at="cell"),
    Layout("unit-dong", "Amounts in đồng with dots between thousands.", THIRTEEN, unit="đồng", totals=("below",)),
    Layout("unit-thousands", "Amounts in thousands of đồng.", unit="nghìn đồng", totals=("below",)),
)  # fmt: skip
GROUPS: Final = (
    Layout("groups-roman", "Roman group rows, numbers that start again, subtotals and a total.", groups=True, totals=("groups", "below"), rows=(4, 8)),
    Layout("groups-wide", "Group headings in rows merged over the whole width, no numbers.", groups=True, numbers="none", rows=(4, 8)),
    Layout("total-first", "The total stands above its rows.", totals=("above",)),
    Layout("total-wrong", "The total is not the sum of the rows: said.", totals=("below", "wrong")),
    Layout("notes-between", "Remarks in merged rows between and under the points.", twist=shapes.notes_between, rows=(3, 6)),
    Layout("total-formula", "A total row of formulas without results: noted, not compared.", title=False, twist=shapes.summed_by_formula),
)  # fmt: skip
SHAPES: Final = (
    Layout("owners-merged", "One owner of several points, merged down over them.", twist=shapes.owners_merged, rows=(4, 8)),
    Layout("money-merged", "One sum merged over two points belongs to neither.", twist=shapes.money_merged, rows=(3, 5)),
    Layout("products-merged", "Each product in a row of its own, the rest merged down.", twist=shapes.products_merged),
    Layout("products-below", "Further products in rows that are empty otherwise.", twist=shapes.products_below),
    Layout("ditto-rows", "Ditto marks of five kinds for what is the same as above.", twist=shapes.ditto, rows=(4, 8)),
    Layout("columns-are-points", "Captions down the first column, a column for each point.", NINE, twist=shapes.transposed, rows=(2, 4)),
    Layout("cards", "A registration slip for each point, captions left and values right.", SIXTEEN[:15], twist=shapes.cards, numbers="none", rows=(1, 3)),
    Layout("cards-numbered", "Registration slips whose lines are numbered.", THIRTEEN, twist=shapes.cards, rows=(1, 2)),
    Layout("cards-stacked", "Registration slips under each other in one table.", NINE, twist=shapes.stacked_cards, numbers="none", rows=(2, 3)),
    Layout("two-tables", "A table for each of two villages.", twist=shapes.two_tables, rows=(3, 6)),
    Layout("last-year", "Last year's sheet before this year's, an empty one after it.", twist=shapes.last_year_beside),
    Layout("hidden-parts", "A hidden sheet that does not count; a hidden row and column that do.", twist=shapes.hidden_beside),
    Layout("half-filled", "Our template with more printed rows than points.", twist=shapes.half_filled),
)  # fmt: skip
ANSWERS: Final = (
    Layout("blank-returned", "Our template came back unfilled: refused as blank.", twist=shapes.unfilled),
    Layout("nothing-needed", "The one entry says there is no need: a nil return.", twist=shapes.nothing_needed),
    Layout("another-list", "Another list with names and phones: refused as the wrong form.", twist=shapes.other_list),
)  # fmt: skip
SLIPS: Final = (
    Layout("slips-few", "Two planted errors among the points.", THIRTEEN, slips=2, rows=(4, 8)),
    Layout("slips-many", "Planted errors of many kinds, all sixteen columns.", SIXTEEN, slips=9, rows=(8, 14)),
    Layout("slips-dong", "Planted errors where amounts are in đồng.", SIXTEEN, unit="đồng", slips=8, rows=(8, 12)),
    Layout("slips-signed", "A signed list with planted errors and a total.", slips=4, signed=True, totals=("below",), rows=(5, 9)),
    Layout("slips-merged-header", "Planted errors under a header of two rows.", THIRTEEN, header="merged", index="(1)", slips=6, rows=(6, 10)),
    Layout("listed-twice", "The same point twice: said.", twist=shapes.twice),
    Layout("number-skipped", "A running number is skipped: said.", twist=shapes.number_missing, rows=(3, 6)),
)  # fmt: skip
LETTERS: Final = (
    Layout("letter-table", "An official letter with the list inside and numbers left to Word.", numbers="auto", letter=True, title=False, rows=(2, 5)),
    Layout("letter-annex", "An official letter with the list as annex after the signature.", THIRTEEN, letter=True, totals=("below",), rows=(2, 6)),
)  # fmt: skip

CATALOGUE: Final = {
    layout.name: layout
    for family in (
        PLAIN,
        CAPTIONS,
        WORN,
        ROWS,
        HEADERS,
        UNITS,
        GROUPS,
        SHAPES,
        ANSWERS,
        SLIPS,
        LETTERS,
    )
    for layout in family
}
