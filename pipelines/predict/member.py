"""One of several jobs that share a ledger: `python -m pipelines.predict.member REQUEST.json`."""

import json
import os
import sys
from pathlib import Path

from pipelines.home import TASK_FOLDER
from pipelines.people.acting import act_for
from pipelines.people.person import Person
from pipelines.predict.many import predict_many
from pipelines.predict.requests import PredictManyRequest
from sem_models.errors import UserError


def main(arguments: list[str]) -> int:
    """Do what nobody has; return the exit status."""
    os.environ.pop(TASK_FOLDER, None)  # the progress of the whole is not ours to tell
    asked = json.loads(Path(arguments[0]).read_text())
    act_for(Person.from_json(asked["person"]))
    try:
        predict_many(PredictManyRequest.model_validate(asked["request"]))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
