"""HDF5 files that take data from other files of the machine, which whoever sent them may not be allowed to read."""

from pathlib import Path
from typing import Any

from sem_models.errors import UserError
from sem_models.names import quoted

_ITSELF = "."
"""How a virtual dataset names the file that it lies in."""


def refuse_other_files(path: Path) -> None:
    """Refuse a file with external links, external storage or virtual datasets of other files; others pass.

    HDF5 opens the files that these name, by any path, as soon as somebody reads the data.

    Raises:
        UserError: The file names another file.
    """
    import h5py

    def other_file(name: str, link: Any) -> str | None:
        if isinstance(link, h5py.ExternalLink):
            return str(link.filename)
        found = file[name] if isinstance(link, h5py.HardLink) else None
        return _storage(found) if isinstance(found, h5py.Dataset) else None

    with h5py.File(path, "r") as file:
        named = file.visititems_links(other_file)
    if named is not None:
        raise UserError(
            f"{path.name}: its data lies in another file, {quoted(named)}, which is not read; save the image with its "
            "data in one file."
        )


def _storage(dataset: Any) -> str | None:
    """Return another file in which values of a dataset lie."""
    virtual = [source.file_name for source in dataset.virtual_sources()] if dataset.is_virtual else []
    external = [name for name, *_ in dataset.external or ()]
    return next((str(name) for name in (*virtual, *external) if name != _ITSELF), None)
