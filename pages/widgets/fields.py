"""Messages that name options of the command line, in the words of the pages."""

import re

OTHER_SETTINGS = "Other settings"
_FIELDS = {
    "--count": "Images",
    "--databar-rows": "Data bar",
    "--group-by": "Group pattern",
    "--kind": "Kind",
    "--mask-suffix": "Mask suffix",
    "--masks": "Label map or folder",
    "--max-residual": "Largest residual",
    "--name": "Name of the dataset",
    "--pixel-size": "Pixel size",
    "--register": "Registration of pairs",
    "--resample": "Resample all to",
    "--samples": "Images for each mask",
    "--seed": "Seed",
    "--target": "Folder of targets",
    "--target-group-by": "Group pattern of the other domain",
    "--target-pixel-size": "Pixel size of the targets",
    "--test-groups": "Test groups",
    "--with": "Further inputs",
}
"""Label of the field by option; options that no page offers stay as they are."""
_SETTING = re.compile(r"--set ([\w.]+=(?:[^\s;,.)]|[.,](?=\w))+)")
_KEY = re.compile(r"--set ")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z](?: (?:FOLDER|KEY|N)\b)?")


def on_page(text: str) -> str:
    """The message with each option replaced by the field that asks for the same."""
    text = _SETTING.sub(rf"`\1` under {OTHER_SETTINGS}", text)
    return _OPTION.sub(_field, _KEY.sub("", text))


def _field(found: re.Match[str]) -> str:
    label = _FIELDS.get(found[0].split()[0])
    return f"*{label}*" if label else found[0]
