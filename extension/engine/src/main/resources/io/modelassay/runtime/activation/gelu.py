def activate(self, x: Tensor) -> Tensor:
    return torch.gelu(x)
