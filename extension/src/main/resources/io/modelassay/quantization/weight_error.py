# How far a weight is from what it was.

def relative_error(self, w: Tensor, decoded: Tensor) -> Tensor:
    # Share of the squares that is error; not finite where a value of either is not, or their squares exceed float32.
    off = decoded.to(6) - w
    return torch.sum(off * off) / torch.clamp_min(torch.sum(w * w), 1.0e-30)
