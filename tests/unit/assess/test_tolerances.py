"""Tolerances keep the contract's rules and leave room above what was measured."""

import pytest

from atomic_verify.assess.tolerances import ROUNDING, tolerances
from atomic_verify.commitments import DType
from atomic_verify.models.tolerances import ToleranceEntry, require_rules


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize(("excess", "slack"), [(0.0, 0.0), (1e-7, 1e-12), (1e-12, 3.3e-6), (1e-320, 0.0), (0.1, 0.0)])
def test_tolerances_obey_the_rules_of_a_manifest(dtype: DType, excess: float, slack: float) -> None:
    found = tolerances(dtype, excess, 0.0, slack, usual=1.0)
    accept, slash = (ToleranceEntry(**one) for one in found.to_json().values())
    require_rules(dtype.name.lower(), accept, slash, disputable=True)
    assert accept.rtol >= 4 * ROUNDING[dtype]
    if found.covers:
        assert accept.atol >= 4 * max(excess, slack)


def test_kernels_that_nobody_measured_have_room() -> None:
    assert tolerances(DType.FLOAT, 1e-8, 1e-6, 0.0, usual=1.0).accept_atol >= 8e-6
    assert tolerances(DType.FLOAT, 1e-4, 1e-6, 0.0, usual=1.0).accept_atol >= 4e-4


def test_beyond_the_ceiling_drift_remains() -> None:
    assert tolerances(DType.FLOAT, 2e-4, 0.0, 0.0, usual=1.0).covers
    wide = tolerances(DType.FLOAT, 3e-4, 0.0, 0.0, usual=1.0)
    assert not wide.covers
    assert wide.accept_atol < 4 * 3e-4


def test_a_model_of_zeros_has_tolerances_too() -> None:
    assert tolerances(DType.FLOAT, 0.0, 0.0, 0.0, usual=0.0).accept_atol > 0
