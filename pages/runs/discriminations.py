"""The discriminator tests of one run: the only scores there are where a translation has no truth."""

import streamlit as st

from pipelines.tracking.runs import RunInfo

_UNPAIRED = "val/input_correlation"
"""The validation score of runs on two domains without pairs."""


def show_discriminations(run: RunInfo) -> None:
    """All tests that the run holds; where an unpaired one has none, the command."""
    # Late: judges are networks, and their library takes seconds to load.
    from pages.components.discriminations import show_tests
    from pipelines.discriminate import stored_discriminations

    reports = stored_discriminations(run.run_id)
    for report in reports:
        st.markdown(f"**Discriminator test on {report.dataset}** ({', '.join(report.splits)})")
        show_tests([(report.model, report)])
    if not reports and run.status == "FINISHED" and _UNPAIRED in run.metrics:
        st.caption("Without pairs outputs can still be judged beside real images of the second domain:")
        asked = f"python -m pipelines discriminate {run.run_id} floor:identity --dataset {run.tags['sem.dataset']}"
        st.code(asked, language="bash", wrap_lines=True)
