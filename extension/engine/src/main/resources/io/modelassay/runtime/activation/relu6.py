def activate(self, x: Tensor) -> Tensor:
    return torch.relu6(x)
