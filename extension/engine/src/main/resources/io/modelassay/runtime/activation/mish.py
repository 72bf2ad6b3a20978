def activate(self, x: Tensor) -> Tensor:
    return torch.mish(x)
