# Figures by which stored quantized weights are judged. All arithmetic in float64 or on counts.

def scale_counts(self, scales: Tensor, tiny: float) -> Tensor:
    # [values, not finite, negative, zero, subnormal and not negligible, exactly one]
    # A subnormal scale matters where it is no smaller than a thousandth of the median: its weights are then no rounding
    # error of the others, and it has lost bits of its own.
    x = scales.to(7).reshape([-1])
    finite = torch.isfinite(x)
    size = torch.abs(x)
    positive = size[finite & (x > 0)]
    median = torch.zeros([], dtype=7, device=x.device)
    if positive.numel() > 0:
        median = torch.median(positive)
    subnormal = finite & (x > 0) & (size < tiny) & (size * 1024.0 >= median)
    return torch.stack([
        torch.tensor(x.numel(), device=x.device), torch.sum(~finite), torch.sum(finite & (x < 0)),
        torch.sum(x == 0), torch.sum(subnormal), torch.sum(x == 1)])

def mean_magnitude(self, scales: Tensor) -> Tensor:
    x = torch.abs(scales.to(7))
    return torch.mean(x[torch.isfinite(x)])

def likeness(self, w: Tensor, reference: Tensor) -> Tensor:
    # [relative error in Frobenius norm, mean signed error, mean cosine between the columns of the two]
    a = w.to(6).reshape([w.size(0), -1])
    b = reference.to(6).reshape([w.size(0), -1])
    difference = a - b
    error = torch.linalg_vector_norm(difference, 2, dtype=7) / torch.linalg_vector_norm(b, 2, dtype=7)
    products = torch.sum(a * b, 0, dtype=7)
    norms = torch.linalg_vector_norm(a, 2, [0], dtype=7) * torch.linalg_vector_norm(b, 2, [0], dtype=7)
    cosines = products[norms > 0] / norms[norms > 0]
    cosine = torch.ones([], dtype=7, device=w.device)
    if cosines.numel() > 0:
        cosine = torch.mean(cosines)
    return torch.stack([error, torch.mean(difference, dtype=7), cosine])

def zero_channels(self, w: Tensor) -> Tensor:
    # [rows, then columns]: 1 for each that holds zeros only.
    zero = w == 0
    return torch.cat([torch.all(zero, 1), torch.all(zero, 0)], 0).to(4)
