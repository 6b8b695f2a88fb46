"""A measured figure with its goal, and how figures are written: build/bench.json and a table."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `goal` is an upper bound, or a lower one where `better` is "more"; None where there is none."""

    area: str
    name: str
    value: float
    unit: str
    goal: float | None = None
    better: Literal["less", "more"] = "less"

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.better == "less" else self.value >= self.goal


def write(figures: Sequence[Figure], path: Path) -> None:
    """All figures as JSON, with the machine that they were measured on."""
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    entries = [asdict(figure) | {"met": figure.met} for figure in figures]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine, "figures": entries}, indent=2) + "\n")


def show(figures: Sequence[Figure]) -> None:
    """All figures as a table."""
    table = Table(title="Measured")
    for heading in ("area", "figure", "value", "unit", "goal", "met"):
        table.add_column(heading, justify="right" if heading in ("value", "goal") else "left")
    for figure in figures:
        goal = "" if figure.goal is None else f"{'<=' if figure.better == 'less' else '>='} {figure.goal:,g}"
        met = {None: "", True: "yes", False: "NO"}[figure.met]
        value = f"{figure.value:,.0f}" if figure.value >= 1000 else f"{figure.value:.4g}"
        table.add_row(figure.area, figure.name, value, figure.unit, goal, met)
    Console().print(table)
