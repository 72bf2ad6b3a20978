# AWQ (Lin et al., 2023): input channels are scaled up before rounding, and what feeds them down, by as much as makes the
# output differ least. Weights w are [out, in]; h is gptq_solver's Hessian, 2/n times the sum of x'x over n rows of input.
# Options: bits, group (input channels that share a grid, -1 for all), symmetric, type (of the grid's scales).

def no_magnitudes(self, x: Tensor) -> Tensor:
    return torch.zeros([x.size(-1)], dtype=7, device=x.device)

def add_magnitudes(self, sums: Tensor, x: Tensor) -> Tensor:
    # Summed in float64, which no calibration overflows.
    return sums.add_(torch.sum(torch.abs(x.reshape([-1, x.size(-1)])), [0], dtype=7))

def mean_magnitude(self, sums: Tensor, samples: int) -> Tensor:
    return (sums / samples).to(6)

def in_groups(self, w: Tensor, group: int) -> Tensor:
    # [rows, groups, width], the last group filled up with zeros, which no range excludes.
    width = w.size(1)
    if group > 0:
        width = group
    short = w.size(1) % width
    if short > 0:
        w = torch.constant_pad_nd(w, [0, width - short], 0)
    return w.reshape([w.size(0), -1, width])

def ungrouped(self, x: Tensor, channels: int) -> Tensor:
    return x.reshape([x.size(0), -1])[:, :channels].contiguous()

def weight_magnitude(self, weights: List[Tensor], options: Dict[str, int]) -> Tensor:
    # Mean over all rows of |w| as a share of the largest of its group.
    channels = weights[0].size(1)
    sums = torch.zeros([channels], dtype=7, device=weights[0].device)
    rows = 0
    for w in weights:
        x = torch.abs(self.in_groups(w, options["group"]))
        x = x / (torch.amax(x, [2], True) + 0.000001)
        sums = sums + torch.sum(self.ungrouped(x, channels), [0], dtype=7)
        rows = rows + w.size(0)
    return (sums / rows).to(6)

def scales_of(self, x_mean: Tensor, w_mean: Tensor, ratio: float, duo: int) -> Tensor:
    scales = torch.pow(x_mean, ratio)
    if duo == 1:
        scales = scales / (torch.pow(w_mean, 1 - ratio) + 0.0001)
    scales = torch.clamp_min(scales, 0.0001)
    return scales / torch.sqrt(torch.amax(scales, [0]) * torch.amin(scales, [0]))

def all_finite(self, x: Tensor) -> Tensor:
    return torch.isfinite(x).all()

def unscaled(self, w: Tensor) -> Tensor:
    return torch.full([w.size(1)], 1, dtype=6, device=w.device)

def effective(self, before: Tensor, after: Tensor, scales: Tensor) -> Tensor:
    # The scales that a producer's weight has really been divided by, after its rounding to the type it is stored in.
    return torch.where(after != 0, before / after, scales)

def coded(self, w: Tensor, options: Dict[str, int]) -> Tuple[Tensor, Tensor, Tensor]:
    # Codes [rows, groups, width], scales and zero points [rows, groups].
    levels = (1 << options["bits"]) - 1
    x = self.in_groups(w, options["group"])
    scales, zeros = self.grid(torch.amin(x, [2]), torch.amax(x, [2]), levels, options["symmetric"], options["type"])
    return self.code(x, scales.unsqueeze(2), zeros.unsqueeze(2), levels), scales, zeros

def nearest(self, w: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    codes, scales, zeros = self.coded(w, options)
    groups = torch.arange(scales.size(1), device=w.device)
    width = codes.size(2)
    return {
        "codes": self.ungrouped(codes, w.size(1)).to(0),
        "scales": scales,
        "zeros": zeros.to(0),
        "g_idx": torch.repeat_interleave(groups, width)[:w.size(1)].to(3)
    }

def candidate(self, w: Tensor, scales: Tensor, options: Dict[str, int]) -> Tensor:
    # What w becomes if it is scaled, rounded, and scaled back.
    codes, grid, zeros = self.coded(w * scales, options)
    return self.ungrouped(codes.sub_(zeros.unsqueeze(2)).mul_(grid.unsqueeze(2)), w.size(1)).div_(scales)

def squared_differences(self, a: Tensor, b: Tensor) -> Tensor:
    # Of each 128 positions of each window, in order; the last part of a window may be shorter.
    off = torch.sum(torch.pow(a.to(6).sub_(b.to(6)), 2), [2])
    short = off.size(1) % 128
    if short > 0:
        off = torch.constant_pad_nd(off, [0, 128 - short], 0)
    return torch.sum(off.reshape([-1, 128]), [1])

def quadratic(self, e: Tensor, h: Tensor) -> Tensor:
    # trace(e h e'), from the upper block triangle of h.
    channels = h.size(0)
    step = max(256, (channels + 7) // 8)
    total = torch.zeros([], dtype=6, device=e.device)
    for first in range(0, channels, step):
        last = min(first + step, channels)
        part = e[:, first:last]
        total = total + torch.sum(torch.matmul(part, h[first:last, first:last]) * part)
        if last < channels:
            total = total + 2 * torch.sum(torch.matmul(part, h[first:last, last:]) * e[:, last:])
    return total

def output_loss(self, w: Tensor, candidate: Tensor, h: Tensor) -> Tensor:
    # Mean squared difference of the outputs.
    return self.quadratic(candidate - w, h) / (2 * w.size(0))

def scaled_output_error(self, w: Tensor, restored: Tensor, scales: Tensor, h: Tensor) -> Tensor:
    # Share of the squared output that is error; w and restored take inputs that are divided by the scales.
    return self.quadratic((restored - w) / scales, h) / torch.clamp_min(self.quadratic(w / scales, h), 1.0e-30)

def clipped(self, w: Tensor, h: Tensor, scales: Tensor, options: Dict[str, int]) -> Tensor:
    limits = self.limits_of(w, h, scales, options).unsqueeze(2)
    return self.ungrouped(torch.clamp(self.in_groups(w, options["group"]), torch.neg(limits), limits), w.size(1))

def limits_of(self, w: Tensor, h: Tensor, scales: Tensor, options: Dict[str, int]) -> Tensor:
    # [rows, groups]: each group's range shrunk in steps of 1/20 to where the group's share of the output differs least, at
    # most to half. The inputs' part of h is divided by the scales, as the inputs are.
    x = torch.transpose(self.in_groups(w, options["group"]), 0, 1).contiguous()
    groups = x.size(0)
    width = x.size(2)
    blocks = torch.zeros([groups, width, width], dtype=6, device=w.device)
    for g in range(groups):
        first = g * width
        last = min(first + width, w.size(1))
        s = scales[first:last]
        blocks[g, :last - first, :last - first] = h[first:last, first:last] / torch.outer(s, s)
    limits = self.limits(x, blocks, torch.amax(torch.abs(x), [2], True), options)
    return torch.transpose(limits.squeeze(2), 0, 1).contiguous()

def limits(self, x: Tensor, blocks: Tensor, largest: Tensor, options: Dict[str, int]) -> Tensor:
    # x is [groups, rows, width], the result [groups, rows, 1].
    levels = (1 << options["bits"]) - 1
    best = largest
    least = torch.full_like(largest, float("inf"))
    for i in range(10):
        limit = largest * (1 - i / 20)
        q = torch.clamp(x, torch.neg(limit), limit)
        grid, zeros = self.grid(torch.amin(q, [2], True), torch.amax(q, [2], True), levels, options["symmetric"], options["type"])
        off = self.code(q, grid, zeros, levels).sub_(zeros).mul_(grid).sub_(x)
        error = torch.sum(torch.bmm(off, blocks).mul_(off), [2], True)
        better = error < least
        least = torch.where(better, error, least)
        best = torch.where(better, limit, best)
    return best
