"""Start the dashboard with `python -m pages`, from a checkout or an installed package; Streamlit gets the options."""

import sys
from pathlib import Path

from streamlit.web import cli

HERE = Path(__file__).resolve().parent


def main_script() -> Path:
    """Find the main script: `app.py` in a checkout, else `installed.py`; the theme lies beside both."""
    in_checkout = HERE.parent / "app.py"
    return in_checkout if in_checkout.is_file() else HERE / "installed.py"


if __name__ == "__main__":
    sys.argv = ["streamlit", "run", str(main_script()), *sys.argv[1:]]
    cli.main(prog_name="streamlit")
