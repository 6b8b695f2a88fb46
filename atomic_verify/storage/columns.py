"""Column types that hold the protocol's values alike in SQLite and PostgreSQL.

Life cycle: all steps. Amounts go up to 2^256, which no integer column holds; a stranger's strings may hold characters
that PostgreSQL's text refuses (NUL), so they are kept as JSON.
"""

import json
from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator


class AmountText(TypeDecorator[int]):
    """An int of any size, as decimal text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        return None if value is None else str(int(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class JsonText(TypeDecorator[Any]):
    """Any JSON value, as ASCII text; ints keep all their digits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
