"""`python -m pages`: the dashboard, from a checkout or from an installed package; options go on to Streamlit."""

import sys
from pathlib import Path

from streamlit.web import cli

HERE = Path(__file__).resolve().parent


def main_script() -> Path:
    """`app.py` of a checkout, else the list of pages; `.streamlit` with the theme lies beside either."""
    in_checkout = HERE.parent / "app.py"
    return in_checkout if in_checkout.is_file() else HERE / "dashboard.py"


if __name__ == "__main__":
    sys.argv = ["streamlit", "run", str(main_script()), *sys.argv[1:]]
    cli.main(prog_name="streamlit")
