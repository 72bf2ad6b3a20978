# Uniform grids of 2^bits levels in which zero is a level: w = (code - zero) * scale.

def grid(self, low: Tensor, high: Tensor, levels: int, symmetric: int, dtype: int) -> Tuple[Tensor, Tensor]:
    # Scales (as float32, but values of dtype, the type they are stored in) and zero points of ranges low..high.
    low = torch.clamp_max(low, 0)
    high = torch.clamp_min(high, 0)
    if symmetric == 1:
        high = torch.maximum(torch.neg(low), high)
        low = torch.neg(high)
    empty = (low == 0) & (high == 0)
    low = torch.where(empty, torch.full_like(low, -1), low)
    high = torch.where(empty, torch.ones_like(high), high)
    scales = (high - low) / levels
    if dtype == 5:
        # A scale that vanished would divide by zero; this is the smallest value of float16.
        scales = torch.clamp_min(scales, 5.9604644775390625e-08)
    scales = scales.to(dtype).to(6)
    if symmetric == 1:
        return scales, torch.full_like(scales, (levels + 1) // 2)
    return scales, torch.clamp(torch.round(torch.neg(low) / scales), 0, levels)

def code(self, w: Tensor, scales: Tensor, zeros: Tensor, levels: int) -> Tensor:
    return torch.round(w / scales).add_(zeros).clamp_(0, levels)

def restored(self, parts: Dict[str, Tensor]) -> Tensor:
    # The float32 weight [out, in] that codes, scales and zeros stand for, g_idx saying which group a channel is of.
    index = parts["g_idx"].to(4)
    scales = torch.index_select(parts["scales"].to(6), 1, index)
    return (parts["codes"].to(6) - torch.index_select(parts["zeros"].to(6), 1, index)).mul_(scales)
