"""Numbers with their nouns, for pipelines and pages."""

from sem_models.counts import counted

__all__ = ["counted"]
