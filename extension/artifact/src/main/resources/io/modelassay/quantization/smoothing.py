# SmoothQuant (Xiao et al., 2023): channels in which a norm's output has outliers are made smaller, the weights that take
# them larger by as much. Statistics as in llm-compressor: the output's range and the weights' largest magnitude, doubled.

def no_range(self, x: Tensor) -> Tensor:
    # Row 0 the smallest, row 1 the largest value of each channel.
    none = torch.full([1, x.size(-1)], float("inf"), dtype=6, device=x.device)
    return torch.cat([none, torch.neg(none)])

def with_range(self, bounds: Tensor, x: Tensor) -> Tensor:
    flat = x.reshape([-1, x.size(-1)]).to(6)
    return torch.stack([torch.minimum(bounds[0], torch.amin(flat, [0])), torch.maximum(bounds[1], torch.amax(flat, [0]))])

def smoothing(self, bounds: Tensor, weights: List[Tensor], alpha: float) -> Tensor:
    spread = bounds[1] - bounds[0]
    largest = torch.zeros_like(spread)
    for w in weights:
        largest = torch.maximum(largest, torch.amax(torch.abs(w), [0]))
    scales = torch.pow(spread, alpha) / torch.pow(largest * 2, 1 - alpha)
    return torch.clamp_min(torch.where(largest > 0, scales, spread), 0.00001)
