"""The table of networks: one line each. Adding a network means one file and one line here."""

from typing import Annotated

from pydantic import Field

from sem_models.networks.srresnet import SRResNetConfig
from sem_models.networks.vdsr import VDSRConfig

NetworkConfig = Annotated[VDSRConfig | SRResNetConfig, Field(discriminator="kind")]
