# IA3: a factor for each output, ia3_l [out, 1], or for each input, [1, in], where on_inputs is 1. After
# peft.tuners.ia3.layer.

def linear(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    if module + ".ia3_l" not in w:
        return self.affine(x, w, module)
    factors = w[module + ".ia3_l"].reshape([-1])
    if float(w[module + ".on_inputs"]) == 1.0:
        return self.affine((x * factors).to(x.dtype), w, module)
    y = self.affine(x, w, module)
    return (y * factors).to(y.dtype)

def merged(self, weight: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    return weight * parts["ia3_l"]

def merged_bias(self, bias: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    return bias * parts["ia3_l"].reshape([-1])
