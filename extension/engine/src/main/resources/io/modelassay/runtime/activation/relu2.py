def activate(self, x: Tensor) -> Tensor:
    return torch.square(torch.relu(x))
