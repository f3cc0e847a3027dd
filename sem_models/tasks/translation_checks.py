"""Whether a translation can be learned: what discriminators see, what a loss can take, and pairs to learn from."""

from sem_models.config.networks.table import NetworkConfig, capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.manifest import Entry, Manifest, Role
from sem_models.errors import UserError
from sem_models.methods.adversarial_losses import shown_channels


def require_judgeable(recipe: Recipe) -> None:
    """Refuse discriminators that cannot see what they are shown.

    Raises:
        UserError: A condition of another size than the image or in a method that has none to show, or a number of
            channels that is not that of what is shown.
    """
    settings, facts = recipe.adversarial, capabilities(recipe.network)
    if settings is None:
        return
    if settings.conditional and recipe.method != "adversarial":
        raise UserError(
            f"Method {recipe.method} shows its discriminators images alone; use --set adversarial.conditional=false."
        )
    if settings.conditional and facts.scale != 1:
        raise UserError(
            f"A conditional discriminator sees input and output side by side, but {recipe.network.kind} enlarges "
            f"{facts.scale} times; use --set adversarial.conditional=false."
        )
    said, shown = settings.discriminator.channels, shown_channels(recipe)
    if said not in (None, shown):
        of = f" ({facts.channels_in} of the input, {facts.channels_out} of the image)" if settings.conditional else ""
        raise UserError(
            f"The discriminator takes {said} channel(s), but is shown {shown}{of}; use --set "
            "adversarial.discriminator.channels=none, which follows the network."
        )


def require_probabilities(network: NetworkConfig) -> None:
    """Refuse the loss bce on outputs that may leave [0, 1], where it has no slope.

    Raises:
        UserError: The network gives no probabilities.
    """
    if capabilities(network).probabilities:
        return
    advice = "use --set network.head=sigmoid" if hasattr(network, "head") else "use another loss"
    raise UserError(f"Loss 'bce' compares probabilities, but the output of {network.kind} may leave [0, 1]; {advice}.")


def require_pairs(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse what has one kind of image for a translation: against itself that would teach the identity.

    Raises:
        UserError: The dataset has neither pairs nor two domains.
    """
    if recipe.task == "translation" and manifest.kind not in ("paired", "unpaired"):
        raise UserError(
            f"Recipe {recipe.name!r} translates one kind of image into another, but dataset {manifest.name!r} is "
            f"{manifest.kind}; prepare pairs with --kind paired."
        )


def require_channels(recipe: Recipe, entry: Entry, role: Role) -> None:
    """Refuse an image that the network cannot take, or cannot be compared with.

    Raises:
        UserError: Inputs need `channels_in`, targets `channels_out`, and images that are both need both. A synthesis
            draws images, a segmentation takes them: the other side is the mask.
    """
    facts, found = capabilities(recipe.network), entry.array(role).shape[2]
    given = () if role == "target" or recipe.task == "synthesis" else ((facts.channels_in, "takes", "channels_in"),)
    wanted = (
        () if role == "input" or recipe.task == "segmentation" else ((facts.channels_out, "gives", "channels_out"),)
    )
    for channels, does, setting in (*given, *wanted):
        if found != channels:
            raise UserError(
                f"{entry.name} has {found} channels in its {role}, recipe {recipe.name!r} {does} {channels}; "
                + _advice(recipe.network, setting, found)
            )


def _advice(network: NetworkConfig, setting: str, found: int) -> str:
    if hasattr(network, setting):
        return f"use --set network.{setting}={found}, or prepare other images."
    return "prepare grey images."
