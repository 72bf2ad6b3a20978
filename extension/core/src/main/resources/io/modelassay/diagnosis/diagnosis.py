# Figures that tell whether a model survives a quantization. Compiled beside rtn.py, whose `groups` cuts rows.

def spot(self, index: Tensor, x: Tensor) -> Tensor:
    # Window, position and channel of a flat index.
    channels = x.size(2)
    channel = index % channels
    row = torch.div(index - channel, channels, rounding_mode="floor")
    position = row % x.size(1)
    return torch.stack([torch.div(row - position, x.size(1), rounding_mode="floor"), position, channel])

def first(self, flags: Tensor, x: Tensor) -> Tensor:
    # [count, window, position, channel] of the first that is set.
    count = torch.sum(flags).to(4).reshape([1])
    return torch.cat([count, self.spot(torch.argmax(flags.reshape([-1]).to(4)), x)])

def extremes(self, x: Tensor) -> Tensor:
    # Largest finite |x|, its place; count and first place beyond float16; count and first place that are not finite.
    wide = torch.abs(x.reshape([x.size(0), x.size(1), -1]).to(6))
    finite = torch.isfinite(wide)
    size = torch.where(finite, wide, torch.zeros_like(wide))
    at = torch.argmax(size.reshape([-1]))
    top = size.reshape([-1])[at].to(7).reshape([1])
    beyond = torch.logical_not(wide <= 65504.0)
    return torch.cat([
        top, self.spot(at, wide).to(7), self.first(beyond, wide).to(7),
        self.first(torch.logical_not(finite), wide).to(7)])

def channel_sums(self, x: Tensor) -> Tensor:
    return torch.sum(torch.abs(x), [0, 1], dtype=7)

def largest_score(self, q: Tensor, k: Tensor) -> Tensor:
    # Of |q k| before scaling and masking, as eager attention has it; q [windows, positions, heads, width].
    groups = q.size(2) // k.size(2)
    best = torch.zeros([], dtype=6, device=q.device)
    for i in range(q.size(0)):
        for j in range(q.size(2)):
            left = torch.select(torch.select(q, 0, i), 1, j).to(6)
            right = torch.select(torch.select(k, 0, i), 1, j // groups).to(6)
            best = torch.maximum(best, torch.amax(torch.abs(torch.matmul(left, torch.transpose(right, 0, 1)))))
    return best

def head_norms(self, bias: Tensor, heads: int) -> Tensor:
    return torch.linalg_vector_norm(bias.to(6).reshape([heads, -1]), 2, [1])

def weight_figures(self, w: Tensor) -> Tensor:
    # [largest finite |w|, beyond float16, lost by it]
    size = torch.abs(w)
    finite = torch.isfinite(size)
    top = torch.amax(torch.where(finite, size, torch.zeros_like(size)))
    half = size.to(5)
    return torch.stack([
        top.to(7), torch.sum(finite & torch.isinf(half)).to(7), torch.sum((size > 0) & (half == 0)).to(7)])

def zero_columns(self, w: Tensor) -> Tensor:
    return torch.all(w == 0, 0).to(4)

def vanishing_scales(self, top: Tensor, bits: int) -> Tensor:
    scales = top * 2.0 / ((1 << bits) - 1)
    return torch.sum((top > 0) & (scales.to(5) == 0))

def group_figures(self, w: Tensor, group: int) -> Tensor:
    # Groups; all zero; all zero in float16 alone; scales of 2, 3, 4 and 8 bits that are 0 in float16.
    top = torch.amax(torch.abs(self.groups(w, group)), [2])
    lost = (top > 0) & (top.to(5) == 0)
    return torch.stack([
        torch.tensor(top.numel(), device=w.device), torch.sum(top == 0), torch.sum(lost),
        self.vanishing_scales(top, 2), self.vanishing_scales(top, 3), self.vanishing_scales(top, 4),
        self.vanishing_scales(top, 8)])
