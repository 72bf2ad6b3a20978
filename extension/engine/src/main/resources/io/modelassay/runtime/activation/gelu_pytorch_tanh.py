def activate(self, x: Tensor) -> Tensor:
    # In float32 with one rounding at the end, as torch's own kernel; archives of this version know no gelu with tanh.
    y = x.to(6)
    return (0.5 * y * (1.0 + torch.tanh(0.7978845608028654 * (y + 0.044715 * y * y * y)))).to(x.dtype)
