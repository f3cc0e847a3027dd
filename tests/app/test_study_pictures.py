"""Images of a trial as they are sent to the browser."""

from pages.study.trial import pictures_html


def test_pictures_are_enlarged_by_whole_pixels() -> None:
    html = pictures_html([b"a", b"b"], 96)
    assert html.count("width:384px;height:384px;image-rendering:pixelated") == 2
    assert "width:700px" in pictures_html([b""], 700)
