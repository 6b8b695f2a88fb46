"""Blobs over HTTP: put the bytes, get them back by their sha256. What is served was hashed while it was read."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.errors import RequestMalformed
from atomic_verify.gateway.routes.parts import gateway_of
from atomic_verify.storage.blobs import parse_digest

router = APIRouter(prefix="/v1/blobs", tags=["blobs"])

Opened = Annotated[Gateway, Depends(gateway_of)]
DigestPath = Annotated[str, Path(max_length=80)]


@router.get("/{digest}", response_class=Response)
def get_blob(gateway: Opened, digest: DigestPath) -> Response:
    """A blob's bytes. They never change, so caches may keep them for good."""
    data = gateway.blobs.get(parse_digest(digest))
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{digest}"'}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.put("/{digest}", status_code=201)
async def put_blob(gateway: Opened, digest: DigestPath, request: Request) -> dict[str, Any]:
    """Stores a blob; its bytes must have the digest in the path."""
    parse_digest(digest)
    data = await request.body()
    stored = await run_in_threadpool(gateway.blobs.put_stream, [data], None)
    if stored != digest:
        await run_in_threadpool(gateway.blobs.delete, stored)
        raise RequestMalformed("The body's sha256 isn't the digest in the path.", found=stored)
    return {"digest": stored, "bytes": len(data)}
