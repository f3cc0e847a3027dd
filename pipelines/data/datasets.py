"""Which datasets there are, without reading them."""

from pipelines.home import home


def list_datasets() -> list[str]:
    """Names of the prepared datasets, alphabetically."""
    place = home().datasets
    return sorted(path.parent.name for path in place.glob("*/manifest.json")) if place.is_dir() else []
