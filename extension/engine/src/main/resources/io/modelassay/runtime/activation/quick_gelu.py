def activate(self, x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)
