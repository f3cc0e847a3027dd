"""Another process of a training on several devices: `python -m pipelines.train.companion RUN_ID new|resume`."""

import signal
import sys

from pipelines.train.companions import say_ready
from sem_models.reporter import Silent


def follow(run_id: str, *, resume: bool, started_by_us: bool) -> None:
    """Train a run together with its first process, which alone reports, writes and decides when to stop."""
    # Ctrl-C in a terminal reaches all processes; the first one lets all of them save and end together.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if started_by_us:
        # SLURM and systemd tell all processes that they have to end; torchrun ends its own by this signal.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    from pipelines.train.run import opened
    from sem_models.training.devices import leave

    with opened(run_id, resume=resume) as training:
        if started_by_us:
            say_ready()
        training(Silent())
        leave()


if __name__ == "__main__":
    follow(sys.argv[1], resume=sys.argv[2] == "resume", started_by_us=True)
