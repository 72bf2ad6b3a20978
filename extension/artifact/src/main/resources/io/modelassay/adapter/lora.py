# LoRA, and DoRA where there are magnitudes. lora_A is [rank, in], lora_B [out, rank]; row_norm, of DoRA, is the norm of
# each row of the weight with the change in it, a constant in training. After peft.tuners.lora: layer.py and dora.py.

def low_rank(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    a = w[module + ".lora_A"]
    inner = torch.linear(x.to(a.dtype), a)
    if module + ".lora_B.bias" in w:
        return torch.linear(inner, w[module + ".lora_B"], w[module + ".lora_B.bias"])
    return torch.linear(inner, w[module + ".lora_B"])

def linear(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    y = self.affine(x, w, module)
    if module + ".lora_A" not in w:
        return y
    change = self.low_rank(x, w, module)
    scaling = float(w[module + ".scaling"])
    if module + ".lora_magnitude_vector" not in w:
        return (y + change * scaling).to(y.dtype)
    factor = w[module + ".lora_magnitude_vector"] / w[module + ".row_norm"]
    plain = y
    if module + ".bias" in w:
        plain = y - w[module + ".bias"]
    return (y + ((factor - 1) * plain + factor * change * scaling)).to(y.dtype)

def delta(self, parts: Dict[str, Tensor]) -> Tensor:
    return torch.matmul(parts["lora_B"], parts["lora_A"]) * float(parts["scaling"])

def row_norm(self, weight: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    return torch.linalg_vector_norm(weight.to(6) + self.delta(parts), 2, [1])

def merged(self, weight: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    changed = weight + self.delta(parts)
    if "lora_magnitude_vector" in parts:
        return (parts["lora_magnitude_vector"] / self.row_norm(weight, parts)).unsqueeze(1) * changed
    return changed

def merged_bias(self, bias: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    return bias + parts["lora_B.bias"] * float(parts["scaling"])

def embedded(self, rows: Tensor, ids: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    # lora_embedding_A is [rank, rows], lora_embedding_B [dimensions, rank]; rows are those of ids.
    chosen = torch.index_select(parts["lora_embedding_A"], 1, ids)
    change = torch.linear(torch.t(chosen), parts["lora_embedding_B"])
    return (rows + change * float(parts["scaling"])).to(rows.dtype)

def residual(self, weight: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    # PiSSA trains beside what is left of the weight without its largest singular values.
    rank = parts["lora_A"].size(0)
    scaling = float(parts["scaling"])
    left, values, right = torch.linalg_svd(weight, False)
    root = torch.diag(torch.sqrt(values[:rank] / scaling))
    return weight - torch.matmul(torch.matmul(left[:, :rank], root), torch.matmul(root, right[:rank])) * scaling
