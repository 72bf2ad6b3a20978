def activate(self, x: Tensor) -> Tensor:
    return 0.5 * (1.0 + torch.erf(torch.div(x - 0.707107, 0.282095 * 1.4142135623730951)))
