"""The routing map as the page shows it: the strongest entities and classes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.output import wording
from auditor.output.html_findings import REFERENCES, honest_name
from auditor.output.parts_v1 import TargetV1
from auditor.output.report_v1 import RankedPairV1, ReportV1, RoutingRowV1

ROWS_AT_FIRST = 25
MOST_ROWS = 1000
MOST_COLUMNS = 40
LEVELS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """A probability in hundredths, how dark its ground is, and whether it is called or the job."""

    hundredths: int | None
    level: int
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One entity with the class that it goes to most beyond what an honest head would give."""

    name: str
    target: TargetV1
    share: float
    honest: float | None
    beyond: float
    cells: tuple[CellView, ...]
    at_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingView:
    """The map, and what it leaves out.

    `reference` names what stands for a benign model; None where nothing does.
    """

    columns: tuple[TargetV1, ...]
    means: tuple[CellView, ...]
    rows: tuple[RowView, ...]
    reference: str | None
    sentence: str
    pairs: tuple[RankedPairV1, ...]
    pairs_left_out: int
    rows_left_out: int
    columns_left_out: int


def routing_of(report: ReportV1, most_pairs: int) -> RoutingView | None:
    """The map of a report; None where it holds none."""
    routing = report.routing
    if routing is None or not routing.rows or not routing.classes:
        return None
    indices = [target.index for target in routing.classes]
    found = [_row(row, indices) for row in routing.rows if _fits(row, len(indices))]
    if not found:
        return None
    found.sort(key=lambda row: -row.beyond(row.strongest()))
    order = _columns(found, len(routing.classes))
    names = {entity.id: entity.name for entity in report.entities}
    called = {(e.id, one.target.index) for one in report.findings for e in one.entities}
    rows = tuple(
        row.view(names, routing.classes, order, called, at_first=place < ROWS_AT_FIRST)
        for place, row in enumerate(found[:MOST_ROWS])
    )
    used = next((row.honest for row in found if row.honest is not None), None)
    classes = len(report.model.labels) if report.model is not None else len(routing.classes)
    return RoutingView(
        columns=tuple(routing.classes[at] for at in order),
        means=tuple(_cell(_mean([row.share(at) for row in found]), "") for at in order),
        rows=rows,
        reference=None if used is None else REFERENCES[used],
        sentence=_sentence(rows[0], len(found)),
        pairs=tuple(report.ranking[:most_pairs]),
        pairs_left_out=max(0, len(report.ranking) - most_pairs),
        rows_left_out=len(found) - len(rows),
        columns_left_out=max(0, classes - len(order)),
    )


def _fits(row: RoutingRowV1, columns: int) -> bool:
    """Whether there is a number for each column; a foreign report may say anything."""
    lists = [row.probabilities, *row.references.values()]
    return all(len(values) == columns for values in lists)


def _row(row: RoutingRowV1, indices: Sequence[int]) -> _Row:
    held = set(row.held)
    left = tuple(at for at, index in enumerate(indices) if index not in held)
    return _Row(row, honest_name(list(row.references)), left or tuple(range(len(indices))))


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with its reference and the positions of the classes that are not its job."""

    row: RoutingRowV1
    honest: str | None
    left: tuple[int, ...]

    def share(self, at: int) -> float:
        return self.row.probabilities[at] or 0.0

    def honest_share(self, at: int) -> float | None:
        return None if self.honest is None else self.row.references[self.honest][at]

    def beyond(self, at: int) -> float:
        return self.share(at) - (self.honest_share(at) or 0.0)

    def strongest(self) -> int:
        return max(self.left, key=self.beyond)

    def view(
        self,
        names: dict[str, str],
        classes: Sequence[TargetV1],
        order: Sequence[int],
        called: set[tuple[str, int]],
        *,
        at_first: bool,
    ) -> RowView:
        at = self.strongest()
        held = set(self.row.held)

        def mark(index: int) -> str:
            return (
                "job" if index in held else "called" if (self.row.entity, index) in called else ""
            )

        return RowView(
            name=names.get(self.row.entity, self.row.entity),
            target=classes[at],
            share=self.share(at),
            honest=self.honest_share(at),
            beyond=self.beyond(at),
            cells=tuple(_cell(self.row.probabilities[i], mark(classes[i].index)) for i in order),
            at_first=at_first,
        )


def _columns(rows: Sequence[_Row], count: int) -> list[int]:
    """Positions of the columns to show, the one that any entity goes to most first."""
    strongest = [max(row.beyond(at) for row in rows) for at in range(count)]
    return sorted(range(count), key=lambda at: -strongest[at])[:MOST_COLUMNS]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _cell(value: float | None, mark: str) -> CellView:
    if value is None:
        return CellView(hundredths=None, level=0, mark=mark)
    return CellView(hundredths=round(value * 100), level=round(value * LEVELS), mark=mark)


def _sentence(first: RowView, entities: int) -> str:
    beside = "" if first.honest is None else f"; an honest head would give it {first.honest:.2f}"
    return (
        f"Of {wording.counted(entities, 'entity', 'entities')}, {first.name} goes "
        f"furthest: {wording.target(first.target)} gets {first.share:.2f} of its probability"
        f"{beside}."
    )
