# Measures on hidden states.

def sample(self, x: Tensor, positions: int) -> Tensor:
    return x[0, :positions].to(6).contiguous()

def non_finite(self, x: Tensor) -> Tensor:
    # [count, first window, first position, first channel], all -1 after a count of 0.
    bad = torch.logical_not(torch.isfinite(x)).reshape([x.size(0), x.size(1), -1])
    places = torch.nonzero(bad)
    count = places.size(0)
    if count == 0:
        return torch.tensor([0, -1, -1, -1])
    first = places[0]
    return torch.cat([torch.full([1], count, dtype=4, device=x.device), first])

def relative_error(self, reference: Tensor, x: Tensor) -> Tensor:
    # |x - reference| / |reference|, Frobenius norms in double precision.
    wide = reference.to(7)
    return torch.sqrt(torch.sum((x.to(7) - wide) ** 2) / torch.sum(wide ** 2))

def output_error(self, x: Tensor, weight: Tensor, other: Tensor) -> Tensor:
    wide = x.to(6)
    reference = torch.linear(wide, weight.to(6))
    return self.relative_error(reference, torch.linear(wide, other.to(6)))

def norm(self, x: Tensor) -> Tensor:
    return torch.linalg_vector_norm(x, 2, dtype=7)
