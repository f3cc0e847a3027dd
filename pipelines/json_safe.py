"""Values for JSON, which has no NaN."""

import math
from typing import Any


def to_json_safe(content: Any) -> Any:
    """Return the same dictionaries and lists with None in place of NaN and infinity."""
    if isinstance(content, dict):
        return {key: to_json_safe(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [to_json_safe(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
