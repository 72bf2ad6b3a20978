# Linear modules of a model without an adapter.

def linear(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    return self.affine(x, w, module)
