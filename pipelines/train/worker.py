"""The process of one queued training: `python -m pipelines.train.worker RUN_ID [--resume]`."""

import sys

from pipelines.jobs.slurm_client import was_requeued
from pipelines.train.run import run_training
from sem_models.errors import UserError


def main(arguments: list[str]) -> int:
    """Wait for a slot, train, write the true final state; return the exit status."""
    run_id, resume = arguments[0], "--resume" in arguments[1:] or was_requeued()
    try:
        result = run_training(run_id, resume)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 130 if result is None or result.reason == "stopped" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
