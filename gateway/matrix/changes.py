"""Which cells of the matrix a change touched: what subscribers are told so that they ask only for what is theirs."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from gateway.matrix.calendar import month_of
from gateway.matrix.facts import Fact


@dataclass(slots=True)
class Cells:
    """Months by figure by unit. A unit without figures was renamed or the like; ``units`` None: anything may differ."""

    units: dict[str, dict[str, set[str]]] | None = field(default_factory=dict)
    described: bool = False  # something but figures is otherwise

    def add_facts(self, facts: Iterable[Fact]) -> None:
        """Note the cells the facts are in."""
        if self.units is not None:
            for fact in facts:
                figures = self.units.setdefault(str(fact.unit_id), {})
                figures.setdefault(fact.figure, set()).add(month_of(fact.day))

    def touch(self, unit_id: UUID) -> None:
        """Note that the unit itself, or a channel of it, is described otherwise."""
        self.described = True
        if self.units is not None:
            self.units.setdefault(str(unit_id), {})

    def everything(self) -> None:
        """Note that any cell may differ."""
        self.described, self.units = True, None

    def to_json(self) -> str | None:
        """Return the cells as stored text; None for everything."""
        if self.units is None:
            return None
        return json.dumps(
            {
                unit: {figure: sorted(months) for figure, months in figures.items()}
                for unit, figures in self.units.items()
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change as subscribers learn of it: the matrix's position after and before it, and the cells."""

    position: int
    previous: int
    units: dict[str, dict[str, list[str]]] | None

    def seen_by(self, scope: frozenset[str] | None) -> dict[str, dict[str, list[str]]] | None:
        """Return the part of the change in the units of ``scope`` (None for all units); None for everything."""
        if self.units is None or scope is None:
            return self.units
        return {unit: figures for unit, figures in self.units.items() if unit in scope}
