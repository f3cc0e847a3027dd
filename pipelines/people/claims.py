"""Who a signed-in person is: from the claims of the ID token, which the provider signed, to a person with a role.

Claims are those of OpenID Connect Core 1.0, sections 2 and 5.1.
"""

import time
from collections.abc import Iterable, Mapping

from pipelines.people.lab import Lab
from pipelines.people.person import ROLES, Person
from pipelines.people.sign_outs import has_ended
from sem_models.errors import UserError


class NotSignedIn(UserError):
    """Nobody has signed in, or too long ago, or has signed out."""


class NotAdmitted(UserError):
    """Somebody signed in to whom the lab gives no role."""

    def __init__(self, reason: str, person_id: str = "unknown") -> None:
        """Say why, and as far as the token tells, who it is."""
        super().__init__(reason)
        self.person_id = person_id


def person_of(claims: Mapping[str, object], lab: Lab) -> Person:
    """Return the person whom an ID token describes; its signature has been verified.

    Raises:
        NotSignedIn: There are no claims, they are too old, or their person has signed out.
        NotAdmitted: The token does not say who this is, or the lab gives no role to any of the groups.
    """
    if claims.get("is_logged_in") is not True:
        raise NotSignedIn("Nobody is signed in.")
    issued = claims.get("iat")
    if not isinstance(issued, int | float) or time.time() - issued > lab.sign_in_hours * 3600:
        raise NotSignedIn(f"A sign-in lasts {lab.sign_in_hours:g} hours; sign in again.")
    if has_ended(claims):
        raise NotSignedIn("Somebody has signed out of this sign-in; sign in again.")
    person_id = f"{_text(claims, lab.id_claim)}@{_text(claims, 'iss').partition('://')[2]}"
    if lab.id_claim == "email" and claims.get("email_verified") is not True:
        reason = "The sign-in provider has not verified the e-mail address, by which this lab knows people."
        raise NotAdmitted(reason, person_id)
    groups = _groups(claims.get(lab.groups_claim))
    role = max((lab.roles[group] for group in groups if group in lab.roles), key=ROLES.index, default=lab.default_role)
    if role is None:
        listed = ", ".join(groups) or "none"
        raise NotAdmitted(
            f"{person_id} may not use this workbench: none of the groups in the claim {lab.groups_claim!r} ({listed}) "
            "has a role here. Ask whoever runs the workbench.",
            person_id,
        )
    name = claims.get("name") or claims.get("email") or claims.get("preferred_username")
    # People may choose their names at the provider; a terminal would obey what cannot be seen in them.
    shown = "".join(letter for letter in str(name or "") if letter.isprintable()).strip()
    return Person(person_id, shown or person_id, role)


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value.strip():
        raise NotAdmitted(f"The sign-in provider does not send the claim {name!r}; ask whoever runs the workbench.")
    return value


def _groups(value: object) -> list[str]:
    """Read one group or a list of groups; what is neither counts as no group."""
    if isinstance(value, str):
        return [value]
    return [group for group in value if isinstance(group, str)] if isinstance(value, Iterable) else []
