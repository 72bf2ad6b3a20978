# LoKr: the Kronecker product of lokr_w1 and lokr_w2, each whole or a product of two halves. After peft.tuners.lokr.layer.

def factor(self, w: Dict[str, Tensor], name: str) -> Tensor:
    if name in w:
        return w[name]
    return torch.matmul(w[name + "_a"], w[name + "_b"])

def delta(self, w: Dict[str, Tensor], prefix: str) -> Tensor:
    product = torch.kron(self.factor(w, prefix + "lokr_w1"), self.factor(w, prefix + "lokr_w2"))
    return product * float(w[prefix + "scaling"])

def linear(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    y = self.affine(x, w, module)
    if module + ".scaling" not in w:
        return y
    change = self.delta(w, module + ".")
    return (y + torch.linear(x.to(change.dtype), change)).to(y.dtype)

def merged(self, weight: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    return weight + self.delta(parts, "")
