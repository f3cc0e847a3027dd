"""What the pages call use cases, the fields of a request and the settings of a recipe."""

import re

from pipelines.home import home
from sem_models.errors import FieldRef, Message, SettingRef

OTHER_SETTINGS = "Other settings"
LABELS = {
    "about": "What the images show",
    "alias": "Alias",
    "arrangement": "Arrangement of the files",
    "author": "Author",
    "branch": "Branch of",
    "catch_trials": "Catch trials",
    "changes": OTHER_SETTINGS,
    "corrections": "Corrections as a table",
    "count": "Images",
    "crop_px": "Edge of a picture",
    "databar_rows": "Data bar",
    "dataset": "Dataset",
    "ensemble": "Several runs together",
    "experiment": "Experiment",
    "extra_inputs": "Extra inputs",
    "focus_step_px": "Focus step (change of sigma, px)",
    "group_by": "Group pattern",
    "init": "Start from",
    "inputs": "File or folder on the server",
    "join_same_field": "Images of one field in one group",
    "kind": "Kind",
    "licence": "Licence",
    "mask_suffix": "Mask suffix",
    "masks": "Label map or folder",
    "masks_as_images": "Files named like masks are images",
    "max_residual_px": "Largest residual",
    "model": "Model",
    "models": "Models",
    "name": "Name",
    "origin": "Where the images are from",
    "pixel_size_nm": "Pixel size",
    "projection": "Projection onto the input",
    "questions": "Questions",
    "raw": "Folder of raw micrographs",
    "realism": "Grade on single pictures",
    "recipe": "Recipe",
    "registration": "Registration of pairs",
    "resample_nm": "Resample all to",
    "samples": "Images for each mask",
    "second_frame": "Second frame at another focus",
    "seed": "Seed",
    "size_px": "Height and width",
    "split": "Split",
    "std": "Standard deviation over orientations (eight times as slow)",
    "strength_px": "Blur to undo (sigma, px)",
    "target": "Folder of targets",
    "target_group_by": "Group pattern of the other domain",
    "target_pixel_size_nm": "Pixel size of the targets",
    "test_groups": "Test groups",
    "trials": "Trials",
}
"""Labels of the widgets that ask for a field; a field that no page asks for is shown by its name."""


ACTIVITIES = {
    "demo": "Demo",
    "discriminate": "Discriminator test",
    "evaluate": "Scoring",
    "export": "Writing the files",
    "gallery": "Computing pictures",
    "find-rate": "Finding a learning rate",
    "import": "Importing the model",
    "lesson": "Lesson",
    "predict": "Applying the model",
    "prepare": "Preparing the dataset",
    "probe": "Measuring the training",
    "register": "Registering the model",
    "study-create": "Making the study",
    "synthesise": "Drawing",
}
"""What a page calls a use case that it starts in the background; others are shown by their name."""


_STATES = {
    "SCHEDULED": "waiting",
    "RUNNING": "running",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "cancelled",
}
_SIGNS_OF_LINKS = re.compile(r"([\[\]<$])")
_SIGNS_OF_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|$:~^-])")


class PageWords:
    """Names fields by the labels of their widgets, and settings by what to write under `OTHER_SETTINGS`."""

    def field(self, field: FieldRef) -> str:
        """Return `*Group pattern*`, or `*Kind* masked`; a regular expression is marked as code."""
        label = LABELS.get(field.name)
        said = f"*{label}*" if label else f"`{field.name}`"
        if field.value is None:
            return said
        return f"{said} `{field.value}`" if "(" in str(field.value) else f"{said} {field.value}"

    def setting(self, setting: SettingRef) -> str:
        """Return `network.head=sigmoid` and where to write it, or a path alone as it is."""
        said = f"`{setting.text}`"
        return f"{said} under {OTHER_SETTINGS}" if "=" in setting.text else said


_WORDS = PageWords()


def activity(use_case: str) -> str:
    """Name a use case at the beginning of a line of progress or of an error."""
    return ACTIVITIES.get(use_case, use_case)


def on_page(message: Message | str) -> str:
    """Write a message in the words of the pages; names of files and runs in it lead nowhere and load nothing.

    What somebody uploaded has the name that it had there, not the place where it is kept.
    """
    parts = message.parts if isinstance(message, Message) else (message,)
    return Message(*(as_note(_without_place(part)) if isinstance(part, str) else part for part in parts)).render(_WORDS)


def _without_place(text: str) -> str:
    return re.sub(rf"{re.escape(str(home().uploads))}/(?:[^\s/]+/)*", "", text)


def state_word(status: str) -> str:
    """Return what people call a state of a run; an unknown one as it is."""
    return _STATES.get(status, status)


def as_text(text: str) -> str:
    """Write text that others chose, such as the name of a file, so that nothing in it counts as Markdown."""
    return _SIGNS_OF_MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def as_note(text: str) -> str:
    """Write Markdown of others without images, colours, formulas and links that hide where they lead.

    The browser of everyone who looks at a page would fetch an image in it, from any server. Emphasis, lists, code and
    plain addresses stay.
    """
    return _SIGNS_OF_LINKS.sub(r"\\\1", text)
