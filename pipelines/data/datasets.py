"""Names of the prepared datasets, found without reading them."""

from pipelines.home import home


def list_datasets() -> list[str]:
    """List the names of the prepared datasets in alphabetical order."""
    place = home().datasets
    return sorted(path.parent.name for path in place.glob("*/manifest.json")) if place.is_dir() else []
