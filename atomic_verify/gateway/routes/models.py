"""Models over HTTP: what can be asked for here, and what the chain knows."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.routes.parts import gateway_of
from atomic_verify.gateway.views import model_view

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("")
def list_models(gateway: Annotated[Gateway, Depends(gateway_of)]) -> dict[str, Any]:
    """Published models, newest first, then those that are installed here only."""
    installed = {model.model_id: model for model in gateway.models}
    published = gateway.queries.models()
    views = [model_view(entry, installed.pop(entry.id, None)) for entry in published]
    return {"models": views + [model_view(None, model) for model in installed.values()]}
