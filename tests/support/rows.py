"""All rows of a store, to be compared whatever database they are in."""

from typing import Any

import sqlalchemy
from mlflow.store.db.base_sql_model import Base


def all_rows(address: str) -> dict[str, list[str]]:
    """The rows of every table of MLflow as sorted texts, with numbers and truth values as MLflow reads them."""
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        found = {table.name: connection.execute(sqlalchemy.select(table)) for table in Base.metadata.sorted_tables}
        return {name: sorted(_text(row) for row in rows) for name, rows in found.items()}


def _text(row: Any) -> str:
    return repr([(key, value) for key, value in row._mapping.items()])
