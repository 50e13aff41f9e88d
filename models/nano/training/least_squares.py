"""Feed-forward networks with given hidden units, whose output layer is fitted by least squares."""

import torch


@torch.no_grad()
def fit(ff, norm, reading, tokens, units, targets, ridge=1e-9):
    """Writes a GEGLU feed-forward network with the given hidden units, and fits its output to the targets.

    - reading: (an empty channel, a scale). A unit reads a channel minus the empty channel, times the scale. That undoes
      the norm before the network.
    - tokens: [n, 128], or a function that yields (tokens, [n, targets]) in batches.
    - units: [(value, gate), ...], both {channel: weight, "one": bias}.
    - targets: {output channel: [n]}; the values are ignored if `tokens` is a function.
    """
    proj, out = ff.net[0].proj, ff.net[2]
    proj.weight.zero_()
    proj.bias.zero_()
    out.weight.zero_()
    out.bias.zero_()
    ref, scale = reading
    n = out.in_features
    assert len(units) <= n, len(units)
    for i, (value, gate) in enumerate(units):
        for row, terms in ((i, value), (n + i, gate)):
            for k, v in terms.items():
                if k == "one":
                    proj.bias[row] += v
                else:
                    proj.weight[row, k] += v * scale
                    proj.weight[row, ref] -= v * scale
    if not callable(tokens):
        y = torch.stack(list(targets.values()), 1)
        kept = tokens

        def tokens():
            return [(kept, y)]

    a = b = squares = sums = count = 0
    for x, y in tokens():
        h = ff.net[0](norm(x))[:, : len(units)].double()
        h = torch.cat([h, torch.ones(len(h), 1, dtype=torch.float64)], 1)
        y = y.double()
        a, b, squares, sums, count = a + h.T @ h, b + h.T @ y, squares + (y**2).sum(0), sums + y.sum(0), count + len(y)
    w = torch.linalg.solve(a + torch.eye(len(a), dtype=torch.float64) * a.diagonal().mean() * ridge, b)
    err = ((squares - 2 * (w * b).sum(0) + (w * (a @ w)).sum(0)) / count).clamp_min(0).sqrt() / (
        squares / count - (sums / count) ** 2
    ).sqrt()
    print("fit", [f"{e:.4f}" for e in err.tolist()], "weights to", f"{w.abs().max():.1f}")
    for j, row in enumerate(targets):
        out.weight[row, : len(units)] = w[:-1, j].float()
        out.bias[row] = w[-1, j].float()


def product(value, factor):
    """The hidden units for the product of two channels. The magnitude of the factor must be less than about 3."""
    return [({value: 1.0}, {factor: 1.0, "one": 4.0}), ({value: 1.0}, {"one": 4.0})]


@torch.no_grad()
def fit_embedding(embedding, inputs, row, wanted, g, weights=None, ridge=1e-6):
    """Fits output `row` of a two-layer embedding of `inputs` [n, k] to `wanted` [n]. Its first layer gets random
    features.
    """
    first, last = embedding.linear_1, embedding.linear_2
    first.weight.normal_(0, 0.15, generator=g)
    first.bias.normal_(0, 0.5, generator=g)
    h = torch.nn.functional.silu(first(inputs)).double()
    h = torch.cat([h, torch.ones(len(h), 1)], 1)
    q = torch.ones(len(h), 1) if weights is None else weights[:, None]
    w = torch.linalg.solve((h * q).T @ h + ridge * torch.eye(h.shape[1]), (h * q).T @ wanted.double())
    last.weight[row] = w[:-1].float()
    last.bias[row] = w[-1].float()
    print(
        "embedding: error",
        f"{(h @ w - wanted).pow(2).mean().sqrt() / wanted.std():.4f}, largest weight {w.abs().max():.2f}",
    )
