# VeRA: vera_lambda_b [out] and vera_lambda_d [rank] around projections of all modules, vera_A [rank, largest in] and
# vera_B [largest out, rank], of which a module takes what it needs. After peft.tuners.vera.layer.

def linear(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    y = self.affine(x, w, module)
    if module + ".vera_lambda_b" not in w:
        return y
    b = w[module + ".vera_lambda_b"]
    d = w[module + ".vera_lambda_d"]
    inner = d * torch.linear(x.to(d.dtype), w[module + ".vera_A"][:, :x.size(-1)])
    return (y + b * torch.linear(inner, w[module + ".vera_B"][:b.size(0)])).to(y.dtype)

def merged(self, weight: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    a = parts["vera_lambda_d"].unsqueeze(1) * parts["vera_A"][:, :weight.size(1)]
    b = parts["vera_lambda_b"].unsqueeze(1) * parts["vera_B"][:weight.size(0)]
    return weight + torch.matmul(b, a)
