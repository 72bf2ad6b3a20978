# BOFT without butterfly factors: rotations of blocks of the input, of the skew-symmetric part of boft_R [1, blocks, size,
# size], and a factor boft_s [out, 1] for each output but its bias. After peft.tuners.boft.layer.

def rotations(self, boft: Tensor) -> Tensor:
    q = (boft[0] - torch.transpose(boft[0], 1, 2)) / 2.0
    one = torch.eye(q.size(1), dtype=q.dtype, device=q.device)
    return torch.linalg_solve(one + q, one - q, left=False)

def rotated(self, x: Tensor, r: Tensor) -> Tensor:
    # x [..., blocks * size], each block times its matrix.
    blocks = torch.transpose(x.reshape([-1, x.size(-1) // r.size(1), r.size(1)]), 0, 1)
    return torch.transpose(torch.matmul(blocks, r), 0, 1).reshape(x.size())

def linear(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    if module + ".boft_R" not in w:
        return self.affine(x, w, module)
    r = self.rotations(w[module + ".boft_R"])
    turned = self.rotated(x.to(r.dtype), r).to(x.dtype)
    y = self.product(turned, w[module + ".weight"]) * w[module + ".boft_s"].reshape([-1])
    if module + ".bias" in w:
        y = y + w[module + ".bias"]
    return y.to(x.dtype)

def merged(self, weight: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    return self.rotated(weight, torch.transpose(self.rotations(parts["boft_R"]), 1, 2)) * parts["boft_s"]
