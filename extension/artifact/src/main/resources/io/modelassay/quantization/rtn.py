# Round to nearest on a grid of 2^bits levels. Options: bits, group (input channels that share a scale, -1 for all),
# symmetric (1 or 0). Zero always lies inside the range; rounding is half to even; the last group may be short.

def groups(self, w: Tensor, group: int) -> Tensor:
    # [rows, groups, width], the last group filled up with zeros, which no range excludes.
    width = w.size(1)
    if group > 0:
        width = group
    short = w.size(1) % width
    if short > 0:
        w = torch.constant_pad_nd(w, [0, width - short], 0)
    return w.reshape([w.size(0), -1, width])

def encode(self, w: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    x = self.groups(w, options["group"])
    levels = (1 << options["bits"]) - 1
    low = torch.clamp_max(torch.amin(x, [2]), 0)
    high = torch.clamp_min(torch.amax(x, [2]), 0)
    if options["symmetric"] == 1:
        high = torch.maximum(torch.neg(low), high)
        low = torch.neg(high)
    empty = (low == 0) & (high == 0)
    low = torch.where(empty, torch.full_like(low, -1), low)
    high = torch.where(empty, torch.ones_like(high), high)
    scales = (high - low) / levels
    if options["symmetric"] == 1:
        zeros = torch.full_like(scales, (levels + 1) // 2)
    else:
        zeros = torch.round(torch.abs(low) / scales)
    codes = torch.clamp(torch.round(x / scales.unsqueeze(2)) + zeros.unsqueeze(2), 0, levels)
    codes = codes.reshape([w.size(0), -1])[:, :w.size(1)].contiguous()
    return {"codes": codes.to(0), "scales": scales, "zeros": zeros}

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    codes = parts["codes"].to(6)
    x = self.groups(codes, options["group"])
    w = (x - parts["zeros"].unsqueeze(2)) * parts["scales"].unsqueeze(2)
    return w.reshape([codes.size(0), -1])[:, :codes.size(1)].contiguous()
