"""Copying a whole store from one database to another, such as from SQLite to PostgreSQL, row by row.

MLflow has no such command. Its own table definitions translate the values between the two kinds of databases.
"""

from collections.abc import Callable, Mapping

import sqlalchemy
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.store.db.base_sql_model import Base
from sqlalchemy import Connection, Table, func, insert, select, text

from pipelines.tracking.place import ADDRESS_COLUMNS
from pipelines.tracking.store import engine, open_database
from sem_models.errors import UserError

_ROWS = 2000
"""Held in memory at a time."""


def copy_store(target: str, address: Callable[[str], str]) -> Mapping[str, int]:
    """Copy the store of this process into an empty database, all of it or nothing; return the rows of each table.

    What others write meanwhile is not copied.

    Args:
        target: Address of the database; its tables are made.
        address: Translates the stored address of a folder with files of runs.

    Raises:
        UserError: The target does not answer, holds runs already, or is the store itself.
    """
    source = engine()
    into = open_database(target)._tracking_client.store.engine
    _require_empty(target, into)
    with source.connect() as reading, into.begin() as writing:
        _hold(reading)
        # MLflow has made its first experiment, which the store to be copied has as well.
        for table in reversed(_tables()):
            writing.execute(table.delete())
        rows = {table.name: _copy(table, reading, writing, address) for table in _tables()}
        _continue_numbering(writing)
    return {name: count for name, count in rows.items() if count}


def _tables() -> list[Table]:
    """List MLflow's tables, those that others refer to first."""
    return list(Base.metadata.sorted_tables)


def _require_empty(target: str, into: sqlalchemy.Engine) -> None:
    store = MlflowClient(target, registry_uri=target)
    experiments = store.search_experiments(view_type=ViewType.ALL)
    with into.connect() as asked:
        held = asked.execute(text("SELECT COUNT(*) FROM runs")).scalar_one()
        held += asked.execute(text("SELECT COUNT(*) FROM registered_models")).scalar_one()
    if held or [one.name for one in experiments] != ["Default"]:
        raise UserError("That database holds experiments, runs or models already; name an empty one.")


def _hold(reading: Connection) -> None:
    """Let everything that is read belong to one moment."""
    if reading.dialect.name == "sqlite":
        reading.exec_driver_sql("BEGIN")
    else:
        reading.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _copy(table: Table, reading: Connection, writing: Connection, address: Callable[[str], str]) -> int:
    """Copy one table; return the number of its rows, which the copy has as well."""
    places = [column for name, column in ADDRESS_COLUMNS if name == table.name and column in table.columns]
    found = reading.execute(select(table).execution_options(yield_per=_ROWS))
    for part in found.mappings().partitions():
        rows = [dict(row) for row in part]
        for row in rows:
            row.update({column: address(row[column]) for column in places if row[column]})
            row.update({name: value.replace("\0", "") for name, value in row.items() if _has_nul(value)})
        writing.execute(insert(table), rows)
    there, here = (side.execute(select(func.count()).select_from(table)).scalar_one() for side in (reading, writing))
    if there != here:
        raise RuntimeError(f"{here} of {there} rows of {table.name} arrived; nothing was copied")
    return int(here)


def _has_nul(value: object) -> bool:
    """Tell whether PostgreSQL would refuse a text, which SQLite took."""
    return isinstance(value, str) and "\0" in value


def _continue_numbering(writing: Connection) -> None:
    """Let PostgreSQL number new rows after the copied ones; SQLite does so by itself."""
    if writing.dialect.name != "postgresql":
        return
    for table in _tables():
        for column in table.primary_key:
            if isinstance(column.type, sqlalchemy.Integer):
                names = {"t": table.name, "c": column.name}
                sequence = writing.execute(text("SELECT pg_get_serial_sequence(:t, :c)"), names).scalar_one()
                last = writing.execute(select(func.max(column))).scalar_one()
                if sequence and last is not None:
                    writing.execute(text("SELECT setval(:s, :n)"), {"s": sequence, "n": max(last, 1)})
