# How far a weight is from what it was.

def squares(self, w: Tensor, decoded: Tensor) -> Tensor:
    # Sum of the squared errors and of the squares; not finite where a value of either is not, or their squares exceed float32.
    off = decoded.to(6) - w
    return torch.stack([torch.sum(off * off), torch.sum(w * w)])
