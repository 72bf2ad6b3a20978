def activate(self, x: Tensor) -> Tensor:
    return torch.leaky_relu(x, 0.01)
