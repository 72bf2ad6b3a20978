# HQQ (Badri and Shaji, 2023), grouped along rows: uniform codes whose zero point, a float, is fitted by half-quadratic
# splitting with the norm |x|^0.7, after Quantizer.quantize of hqq 0.2.8. Options: bits, group (consecutive values of a row
# that share a scale and a zero point, -1 for all). A short last group is filled up with its last value.

def in_groups(self, w: Tensor, group: int) -> Tensor:
    # [rows * groups, width]
    width = w.size(1)
    if group > 0:
        width = group
    short = w.size(1) % width
    if short > 0:
        w = torch.cat([w, w[:, -1:].expand([w.size(0), width - short])], 1)
    return w.reshape([-1, width])

def shrunk(self, x: Tensor) -> Tensor:
    # The proximal step of |x|^0.7 with the weight 1/10.
    size = torch.abs(x)
    return torch.sign(x) * torch.clamp_min(size - torch.pow(size, 0.7 - 1) / 10, 0)

def encode(self, w: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    x = self.in_groups(w, options["group"])
    levels = (1 << options["bits"]) - 1
    low = torch.amin(x, [1], True)
    span = torch.amax(x, [1], True) - low
    inverse = torch.reciprocal(span) * levels
    inverse = torch.clamp_max(torch.where(torch.abs(span) <= 0.0001, torch.full_like(span, 1), inverse), 20000)
    zero = torch.neg(low) * inverse
    least = float("inf")
    rounds = 0
    while rounds < 20:
        rounds = rounds + 1
        codes = torch.clamp(torch.round(x * inverse + zero), 0, levels)
        restored = (codes - zero) / inverse
        off = x - restored
        zero = torch.mean(codes - (x - self.shrunk(off)) * inverse, [1], True)
        error = float(torch.mean(torch.abs(off)))
        if error < least:
            least = error
        else:
            rounds = 20
    codes = torch.clamp(torch.round(x * inverse + zero), 0, levels)
    groups = x.size(0) // w.size(0)
    return {
        "codes": codes.reshape([w.size(0), -1])[:, :w.size(1)].to(0).contiguous(),
        "scales": (torch.reciprocal(inverse)).reshape([-1, groups]),
        "zeros": zero.reshape([-1, groups])
    }

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    codes = parts["codes"].to(6)
    x = self.in_groups(codes, options["group"])
    w = (x - parts["zeros"].reshape([-1, 1])) * parts["scales"].reshape([-1, 1])
    return w.reshape([codes.size(0), -1])[:, :codes.size(1)].contiguous()
