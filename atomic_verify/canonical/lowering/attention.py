"""Attention: scaled dot products of queries and keys, masked, soft-maxed, over values.

A masked score is the least number instead of minus infinity. The sum of exponentials divides the weighted values rather
than each weight, unless the weights are asked for: same answer, fewer numbers. A query with no key to attend shows 0.
"""

import math
from dataclasses import dataclass

import numpy as np

from atomic_verify.canonical.lowering.activations import tanh
from atomic_verify.canonical.lowering.context import NodeContext, as_float32
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.lowering.windows import MAX_CONSTANT
from atomic_verify.canonical.program import LARGEST, DType64, Function, Opcode
from atomic_verify.canonical.views import View

_F = Function


@dataclass(frozen=True, slots=True)
class _Heads:
    """Queries (B, kv heads, heads per kv head, S, D), keys (B, kv heads, T, D), values (B, kv heads, T, D'); `past` is
    how many of the T keys come from the cache."""

    queries: View
    keys: View
    values: View
    past: int
    flat: bool

    @property
    def scores(self) -> tuple[int, int, int, int, int]:
        """(B, kv heads, heads per kv head, S, T)"""
        batch, heads, each, steps, _ = self.queries.shape
        return batch, heads, each, steps, self.keys.shape[2]


@rule("Attention", since=23)
def attention(node: NodeContext) -> list[View]:
    heads = _heads(node)
    node.attr("softmax_precision")
    mode = int(node.attr("qk_matmul_output_mode", 0))
    scale = node.attr("scale")
    factor = 1 / math.sqrt(heads.queries.shape[-1]) if scale is None else as_float32(scale)
    scaled = node.map(_F.MUL, heads.queries, factor)
    products = node.builder.dot(scaled.unsqueeze([4]), heads.keys.unsqueeze([2, 3]))
    softcap = as_float32(node.attr("softcap", 0.0))
    capped = products
    if softcap:
        capped = node.map(_F.MUL, tanh(node, node.map(_F.DIV, products, softcap)), softcap)
    masked, certain = _masked(node, heads, capped)
    weights, total, empty = _weighted(node, masked, certain)
    made = node.builder.dot(weights.unsqueeze([4]), heads.values.perm([0, 1, 3, 2]).unsqueeze([2, 3]))
    result = _divided(node, made, total, empty)
    shown = [products, capped, masked]
    if not 0 <= mode <= len(shown):
        raise node.unsupported(f"{mode} isn't known", "qk_matmul_output_mode")
    outputs = [_joined(node, heads, result)]
    if node.outputs > 1:
        outputs += [heads.keys, heads.values]
    if node.outputs > 3:
        outputs.append(_merged(node, shown[mode] if mode < len(shown) else _divided(node, weights, total, empty)))
    return outputs


def _heads(node: NodeContext) -> _Heads:
    queries, keys, values = node.view(0), node.view(1), node.view(2)
    flat = queries.rank == 3
    counts = [node.attr(name, 0) for name in ("q_num_heads", "kv_num_heads", "kv_num_heads")]
    if flat:
        if min(counts) < 1:
            raise node.unsupported("inputs of rank 3 need their numbers of heads", "q_num_heads")
        queries, keys, values = (
            node.builder.reshape(x, (*x.shape[:2], count, x.shape[2] // count)).perm([0, 2, 1, 3])
            for x, count in zip((queries, keys, values), counts, strict=True)
        )
    if not queries.rank == keys.rank == values.rank == 4:
        raise node.unsupported(f"shapes {queries.shape}, {keys.shape}, {values.shape} aren't all of rank 3 or 4")
    past = 0
    if node.has(4) or node.has(5):
        past = node.view(4).shape[2]
        keys = node.builder.concat([node.view(4), keys], 2)
        values = node.builder.concat([node.view(5), values], 2)
    batch, count, steps, width = queries.shape
    shared = keys.shape[1]
    if count % shared or values.shape[:3] != keys.shape[:3] or keys.shape[3] != width or keys.shape[0] != batch:
        raise node.unsupported(f"queries {queries.shape}, keys {keys.shape}, values {values.shape} don't fit")
    grouped = node.builder.reshape(queries, (batch, shared, count // shared, steps, width))
    return _Heads(grouped, keys, values, past, flat)


def _masked(node: NodeContext, heads: _Heads, scores: View) -> tuple[View, bool]:
    """The scores with what may not be attended at the least number; and whether each query surely has a key."""
    allowed = _allowed(node, heads)
    if node.has(3):
        mask = _mask(node, heads)
        if node.builder.broadcast(mask, scores) != scores.shape:
            raise node.unsupported(f"shape {node.shape(3)} for {scores.shape}", "attn_mask")
        if mask.dtype is DType64.INT:
            allowed = mask if allowed is None else node.builder.map(_F.AND, allowed, mask)
        else:
            scores = node.builder.map(_F.ADD, scores, mask)
            if allowed is not None:
                scores = node.map(_F.WHERE, allowed, scores, -LARGEST)
            return scores, False
    if allowed is None:
        return scores, True
    known = node.builder.value(allowed)
    return node.map(_F.WHERE, allowed, scores, -LARGEST), known is not None and bool(known.any(axis=-1).all())


def _mask(node: NodeContext, heads: _Heads) -> View:
    """attn_mask against the scores; what it doesn't reach is masked."""
    mask = node.view(3)
    _, shared, each, _, total = heads.scores
    if mask.rank > 4:
        raise node.unsupported(f"shape {mask.shape}", "attn_mask")
    mask = mask.unsqueeze(range(4 - mask.rank))
    missing = total - mask.shape[3]
    if missing > 0 and mask.shape[3] == 1 and node.opset >= 24:
        raise node.unsupported("whether one column is repeated or padded isn't agreed on", "attn_mask")
    if missing > 0 and node.opset >= 24:
        fill = 0 if mask.dtype is DType64.INT else -LARGEST
        mask = node.builder.pad(mask, [0] * 4, [0, 0, 0, missing], fill)
    if mask.shape[1] == 1:
        return mask.unsqueeze([2])
    full = mask.expand((mask.shape[0], shared * each, *mask.shape[2:]))
    return node.builder.reshape(full, (mask.shape[0], shared, each, *mask.shape[2:]))


def _allowed(node: NodeContext, heads: _Heads) -> View | None:
    """1 where causality, windows and the keys' number let a query attend a key; None if everything is allowed."""
    steps, total = heads.scores[3:]
    ahead, behind = _window(node)
    if ahead is None and behind is None and not node.has(6):
        return None
    if steps * total > MAX_CONSTANT:
        raise node.unsupported(f"a mask of {steps} queries and {total} keys", "is_causal")
    keys = np.arange(total)
    distance = keys - np.arange(steps)[:, None] - heads.past
    if not node.has(6):
        seen = np.ones(distance.shape, bool) if ahead is None else distance <= ahead
        seen = seen if behind is None else seen & (distance >= -behind)
        return None if seen.all() else node.builder.weight(seen.astype(np.int64))
    if heads.past:
        raise node.unsupported("can't stand together with past_key", "nonpad_kv_seqlen")
    # Here the query block ends where the keys of its sample do: its first query stands at `count - steps`.
    count = node.view(6).unsqueeze([1, 2, 3, 4])
    allowed = node.builder.map(_F.LT, node.builder.weight(keys), count)
    if ahead is not None:
        reach = node.builder.map(_F.LE, node.builder.weight(distance + steps - ahead), count)
        allowed = node.builder.map(_F.AND, allowed, reach)
    if behind is not None:
        reach = node.builder.map(_F.LE, count, node.builder.weight(distance + steps + behind))
        allowed = node.builder.map(_F.AND, allowed, reach)
    return allowed


def _window(node: NodeContext) -> tuple[int | None, int | None]:
    """How far ahead of and behind its own place a query sees; None: as far as there are keys."""
    behind, ahead = (
        int(node.attr(name)) if node.declares(name) else -1 for name in ("left_window_size", "right_window_size")
    )
    if behind < -1 or ahead < -1:
        raise node.unsupported(f"{behind} and {ahead}", "left_window_size")
    if node.attr("is_causal", 0):
        ahead = 0
    return (None if ahead < 0 else ahead), (None if behind < 0 else behind)


def _weighted(node: NodeContext, scores: View, certain: bool) -> tuple[View, View, View | None]:
    """Exponentials, their sum, and (unless each query has a key for certain) where no key may be attended."""
    best = node.reduce(Opcode.MAX, scores, [4], keepdims=True)
    weights = node.map(_F.EXP, node.map(_F.SUB, scores, best))
    empty = None if certain else node.map(_F.EQ, best, -LARGEST)
    return weights, node.reduce(Opcode.SUM, weights, [4], keepdims=True), empty


def _divided(node: NodeContext, view: View, total: View, empty: View | None) -> View:
    divided = node.map(_F.DIV, view, total)
    return divided if empty is None else node.map(_F.WHERE, empty, View.immediate(0.0, view.dtype), divided)


def _merged(node: NodeContext, view: View) -> View:
    """(B, kv heads, heads per kv head, S, X) as (B, heads, S, X)."""
    batch, shared, each, *rest = view.shape
    return node.builder.reshape(view, (batch, shared * each, *rest))


def _joined(node: NodeContext, heads: _Heads, result: View) -> View:
    merged = _merged(node, result)
    if not heads.flat:
        return merged
    batch, count, steps, width = merged.shape
    return node.builder.reshape(merged.perm([0, 2, 1, 3]), (batch, steps, count * width))
