# A linear module without an adapter.

def affine(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    weight = w[module + ".weight"]
    if module + ".bias" in w:
        return self.product_with_bias(x, weight, w[module + ".bias"])
    return self.product(x, weight)
