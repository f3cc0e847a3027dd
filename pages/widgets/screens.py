"""The list of pages: the name of each in addresses, its title and its icon."""

from typing import Final

FIRST: Final = "home"
SCREENS: Final = {
    FIRST: ("Home", ":material/home:"),
    "data": ("Data", ":material/folder_open:"),
    "train": ("Train", ":material/model_training:"),
    "runs": ("Runs", ":material/show_chart:"),
    "inference": ("Inference", ":material/auto_fix_high:"),
    "compare": ("Compare", ":material/compare_arrows:"),
    "models": ("Models", ":material/deployed_code:"),
    "study": ("Study", ":material/groups:"),
}
