"""Use cases of the workbench; the only place that talks to the tracking store."""
