"""What all models of routes.yaml share."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Immutable, and closed: an unknown key is an error. The string below a field is its description."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
