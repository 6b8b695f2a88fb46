"""Recipes: what a person decides about a circuit before it is built; the rest follows and is pinned in circuit.json.

Life cycle: build. A recipe is `recipe.json` in a circuit's folder.
"""

from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Self

from pydantic import Field, ValidationError, field_validator

from atomic_verify.models.circuit import CircuitInvalid
from atomic_verify.models.errors import ModelFileMissing
from atomic_verify.models.parts import MAX_QUANTA, MAX_SCALE, Line, Part

RECIPE_NAME: Final = "recipe.json"
MAX_RECIPE_BYTES = 16 * 1024


class Recipe(Part):
    """How to build a circuit. `scale` is of inputs and weights alike; `limit` saturates inputs, in quanta.

    `columns` and `decomposition` trade proving time against the size and gas of the verifier: see docs/circuits.md.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    source: Line
    """Folder of the model whose build script makes the network and the calibration data, from the repository's root."""
    scale: int = Field(ge=1, le=MAX_SCALE)
    limit: int = Field(ge=1, le=MAX_QUANTA)
    columns: int = Field(ge=1, le=16)
    decomposition_base: int = Field(ge=2, le=2**16)
    decomposition_legs: int = Field(ge=1, le=8)
    optimizer_runs: int = Field(default=1000, ge=1, le=2**31 - 1)

    @field_validator("source")
    @classmethod
    def _within_the_repository(cls, source: str) -> str:
        # Its script is run: a recipe that came with a stranger's circuit must not name one of theirs.
        path = PurePosixPath(source)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError("it is a folder within the repository, such as models/penguins")
        return source

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The recipe of a circuit's folder. Raises ModelFileMissing, CircuitInvalid."""
        path = folder / RECIPE_NAME
        try:
            with path.open("rb") as stream:
                return cls.model_validate_json(stream.read(MAX_RECIPE_BYTES))
        except OSError as error:
            raise ModelFileMissing(
                f"There is no {path}", hint="A circuit is built from a recipe: see docs/circuits.md", path=str(path)
            ) from error
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise CircuitInvalid(
                f"The recipe is wrong at {place or 'the top'}: {first['msg']}", hint=f"Correct {path}", at=place
            ) from error

    def run_args(self) -> dict[str, bool | int | str]:
        """What EZKL is told.

        Inputs and outputs are public, weights fixed: so the key binds the weights. EZKL's own range checks of inputs
        and outputs are left out, since the contract makes the inputs and refuses outputs of 2^24 and more itself.
        """
        return {
            "input_visibility": "public",
            "output_visibility": "public",
            "param_visibility": "fixed",
            "input_scale": self.scale,
            "param_scale": self.scale,
            "scale_rebase_multiplier": 1,
            "num_inner_cols": self.columns,
            "decomp_base": self.decomposition_base,
            "decomp_legs": self.decomposition_legs,
            "ignore_range_check_inputs_outputs": True,
        }
