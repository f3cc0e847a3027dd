"""A napari widget that restores the selected image layer with a served model.

Put this file and `sem_client.py` into one folder, and run `python napari_sem.py IMAGE...`, or in napari's console:

    import napari_sem; napari_sem.add_to(viewer)
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sem_client import Client, ServerError, decoded, encoded

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

_NM = {"pm": 1e-3, "picometer": 1e-3, "nm": 1.0, "nanometer": 1.0, "um": 1e3, "µm": 1e3, "micrometer": 1e3}
"""nm per unit of length, by the names that napari uses."""
_TYPES = ("uint8", "uint16", "uint32", "float32")


class NewLayer(NamedTuple):
    """An image layer to add, as `viewer.add_image` takes it."""

    data: np.ndarray
    options: dict[str, Any]


def restored_layers(client: Client, layer: Image, parameters: dict[str, Any]) -> list[NewLayer]:
    """Restore the plane of a layer; returns the layers to add: the image, and its standard deviation if asked for.

    They lie over the original, whatever the scale of the model.

    Raises:
        ServerError: The layer is no grey image, or the server refused it.
    """
    plane, nm = np.asarray(layer.data), _pixel_size_nm(layer)
    if plane.ndim != 2:
        raise ServerError(f"{layer.name} has {plane.ndim} dimensions; select a grey image of two.")
    plane = plane if plane.dtype.name in _TYPES else plane.astype(np.float32)
    made = client.restore_content(encoded(np.ascontiguousarray(plane), nm), **parameters)
    found = [("restored", made.image), ("standard deviation", made.standard_deviation)]
    return [_layer(layer, plane.shape, what, content) for what, content in found if content]


def _layer(layer: Image, shape: tuple[int, ...], what: str, content: bytes) -> NewLayer:
    data, _ = decoded(content)
    old = tuple(float(step) for step in layer.scale)[-2:]
    step = tuple(edge * before / after for edge, before, after in zip(old, shape, data.shape, strict=True))
    # The first pixels share their outer corner, not their centre.
    shift = tuple(
        float(at) + (new - edge) / 2 for at, new, edge in zip(tuple(layer.translate)[-2:], step, old, strict=True)
    )
    return NewLayer(data, {"name": f"{layer.name} {what}", "scale": step, "translate": shift})


def _pixel_size_nm(layer: Image) -> float | None:
    """Return the width of a pixel in nm, if the layer has a unit of length."""
    units = getattr(layer, "units", None)
    nm = _NM.get(str(units[-1])) if units else None
    return float(layer.scale[-1]) * nm if nm else None


def add_to(viewer: Viewer) -> None:
    """Add the widget to a viewer."""
    from magicgui import magicgui
    from napari.qt.threading import thread_worker
    from napari.utils.notifications import show_error

    @magicgui(call_button="Restore", token={"widget_type": "LineEdit"})  # type: ignore[untyped-decorator]
    def restore(
        address: str = "http://localhost:5001",
        token: str = "",
        self_ensemble: bool = False,
        standard_deviation: bool = False,
    ) -> None:
        layer = viewer.layers.selection.active
        if layer is None:
            show_error("Select an image layer first.")
            return
        parameters = {"self_ensemble": self_ensemble or standard_deviation, "standard_deviation": standard_deviation}

        @thread_worker  # type: ignore[untyped-decorator]
        def work() -> list[NewLayer]:
            return restored_layers(Client(address, token), layer, parameters)

        def show(found: list[NewLayer]) -> None:
            for new in found:
                viewer.add_image(new.data, **new.options)

        worker = work()
        worker.returned.connect(show)
        worker.errored.connect(lambda error: show_error(str(error)))
        worker.start()

    viewer.window.add_dock_widget(restore, name="SEM Workbench")


def main() -> None:
    """Open napari with the images that are named, and the widget."""
    import napari

    viewer = napari.Viewer()
    if sys.argv[1:]:
        viewer.open(sys.argv[1:])
    add_to(viewer)
    napari.run()


if __name__ == "__main__":
    main()
