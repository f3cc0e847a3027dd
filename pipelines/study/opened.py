"""Who has opened the key of a study: an opened key cannot be forgotten, so that they no longer rate in it."""

import json
from datetime import UTC, datetime

from pipelines.people.audit import record
from pipelines.people.person import Person
from pipelines.study.order import rater_folder, rater_of
from pipelines.study.studies import Study
from pipelines.tracking.keys import Artifact
from pipelines.tracking.records import append_record, read_records


def open_key(study: Study, by: Person) -> None:
    """Record that somebody who has signed in looks at the results, and will not rate from now on."""
    opened = json.dumps({"rater": rater_of(by), "time": datetime.now(UTC).isoformat(timespec="seconds")})
    append_record(study.run_id, rater_folder(Artifact.STUDY_OPENED, rater_of(by)), "opened", opened)
    record(by, "open the key", f"study {study.run_id}")


def has_opened_key(study: Study, rater: str) -> bool:
    """Tell whether a rater has opened the key."""
    return bool(read_records(study.run_id, rater_folder(Artifact.STUDY_OPENED, rater)))
