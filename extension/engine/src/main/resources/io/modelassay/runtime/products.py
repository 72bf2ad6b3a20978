# Products with a weight [out, in] as it is stored.

def packed(self, weight: Tensor) -> Tensor:
    return weight

def product(self, x: Tensor, weight: Tensor) -> Tensor:
    return torch.linear(x, weight)

def product_with_bias(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.linear(x, weight, bias)
