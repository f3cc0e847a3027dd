"""Values for JSON, which has no NaN."""

import math
from typing import Any


def plain(content: Any) -> Any:
    """The same dictionaries and lists with None in place of NaN and infinity."""
    if isinstance(content, dict):
        return {key: plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
