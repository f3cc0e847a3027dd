"""A dataset without the inputs that were recorded with it, for learning from images of one contrast alone."""

from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry, Manifest


def targets_alone(manifest: Manifest) -> Manifest:
    """Return the manifest of single images: the sharp images of a dataset of any layout, in the same splits.

    Samples without a sharp image, such as those of the first domain of an unpaired dataset, are left out. The other
    images and the masks do not occur in the manifest, so nothing that gets it can read them.
    """
    role = manifest.layout.sharp_role
    entries = tuple(_alone(entry, role) for entry in manifest.entries if entry.has(role))
    return manifest.model_copy(update={"kind": "single", "entries": entries, "label_values": ()})


def _alone(entry: Entry, role: Role) -> Entry:
    """Return a sample that consists of its sharp image; nothing is left of the registration of a pair."""
    sharp = entry.array(role).model_copy(update={"role": "image"})
    return Entry(name=entry.name, group=entry.group, split=entry.split, arrays=(sharp,))
