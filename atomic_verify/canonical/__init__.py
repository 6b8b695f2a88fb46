"""What a model means: canonical programs in float64 and int64 (docs/canonical.md).

- `program`: steps, operands, whole programs as data. `records`: their bytes and roots. `validity`: is a record a step
  that the referee would judge.
- `builder`: makes programs. `views` are what it passes around; `emitter`, `reductions` and `convolution` turn
  operations on views into few, short steps.
- `functions`: the scalar functions over arrays. `evaluate`: a program on one item's inputs. `law`: one element from its
  operands, in exact or high-precision arithmetic.
- `lowering`: ONNX to a program.
- `openings` and `evidence`: what the referee is shown of a trace, whole or known in parts. `audit`: the elements of a
  stranger's trace that break their law. `descent`: what to ask a claimer that withholds its trace.

The builder, for lowering rules (all axes non-negative, all shapes concrete; everything is a `View` with `.shape`,
`.dtype`, `.constant`):

- free accesses, methods of View: `perm(order)`, `slice(starts, steps, sizes)`, `take(axis, start, size, step=1)`,
  `expand(shape)`, `unsqueeze(axes)`, `squeeze(axes)`
- accesses that may copy, methods of Builder: `reshape(view, shape)`, `pad(view, low, high, fill)`,
  `window(view, axis, size, stride, dilation)` (taps become a new last axis), `diagonal(view, first, second)`
- constants: `weight(array)`, `scalar(value)`, `full(value, shape)`; `value(view)` is a constant view's array or None
- steps: `input(name, dtype, shape)`, `map(Function.ADD, a, b)` (broadcasts; operands are Views only),
  `dot(a, b, axes)` (sum of a * b over the last axes of their broadcast shape), `matmul(a, b)`,
  `reduce(Opcode.SUM | MAX | MIN, view, axes, keepdims)`, `gather(data, indices, axis)` (numpy's take; outside reads 0),
  `concat(views, axis)`, `copy(view)`, `conv(x, kernel, strides, dilations, groups)` and
  `pool(opcode, x, sizes, strides, dilations)` over inputs padded already
- `builder.node = "name"` before a node's steps; `finish([(name, view, dtype, shape), ...])` gives the Program
- what can't be: `raise Unsupported(operator, node, attribute, reason, hint)`
"""
