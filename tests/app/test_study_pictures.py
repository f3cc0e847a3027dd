"""Images of a trial as they are sent to the browser."""

from pages.study.trial import pictures_html


def test_pictures_are_enlarged_by_whole_pixels() -> None:
    html = pictures_html([b"a", b"b"], 96)
    assert html.count("width:384px;width:clamp(96px, round(down, 100cqw / 2 - 24px, 96px), 384px)") == 2
    assert html.count("image-rendering:pixelated") == 2
    assert "width:700px" in pictures_html([b""], 700)
