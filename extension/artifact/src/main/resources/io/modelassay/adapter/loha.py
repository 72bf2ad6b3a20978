# LoHa: the elementwise product of two low-rank products, hada_w1_a [out, rank] hada_w1_b [rank, in] and the same of w2.
# After peft.tuners.loha.layer.

def delta(self, w: Dict[str, Tensor], prefix: str) -> Tensor:
    one = torch.matmul(w[prefix + "hada_w1_a"], w[prefix + "hada_w1_b"])
    two = torch.matmul(w[prefix + "hada_w2_a"], w[prefix + "hada_w2_b"])
    return one * two * float(w[prefix + "scaling"])

def linear(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    y = self.affine(x, w, module)
    if module + ".hada_w1_a" not in w:
        return y
    change = self.delta(w, module + ".")
    return (y + torch.linear(x.to(change.dtype), change)).to(y.dtype)

def merged(self, weight: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    return weight + self.delta(parts, "")
