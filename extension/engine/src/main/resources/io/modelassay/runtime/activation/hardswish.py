def activate(self, x: Tensor) -> Tensor:
    return torch.hardswish(x)
