# OFT: rotations of blocks of the input. oft_R [blocks, size (size - 1) / 2] holds the upper triangles of skew-symmetric
# matrices; one block stands for all where they are shared. Numbers: size; limit, the largest Frobenius norm of such a
# matrix, or -1; terms of the Neumann series, or 0 for the exact inverse. After peft.tuners.oft.layer.

def skew(self, triangles: Tensor, size: int) -> Tensor:
    index = torch.triu_indices(size, size, 1, device=triangles.device)
    flat = torch.zeros([triangles.size(0), size * size], dtype=triangles.dtype, device=triangles.device)
    upper = torch.index_copy(flat, 1, index[0] * size + index[1], triangles).reshape([-1, size, size])
    return upper - torch.transpose(upper, 1, 2)

def bounded(self, q: Tensor, limit: float) -> Tensor:
    norm = torch.linalg_vector_norm(q, 2, [1, 2], True)
    return torch.where(norm <= limit, q, q / norm * limit)

def series(self, q: Tensor, terms: int) -> Tensor:
    r = torch.eye(q.size(1), dtype=q.dtype, device=q.device) + q * 0.0
    if terms > 1:
        r = r + q * 2.0
    if terms > 2:
        power = torch.matmul(q, q)
        r = r + power * 2.0
        for i in range(3, terms - 1):
            power = torch.matmul(power, q)
            r = r + power * 2.0
        r = r + torch.matmul(power, q)
    return r

def rotations(self, w: Dict[str, Tensor], prefix: str) -> Tensor:
    q = self.skew(w[prefix + "oft_R"], int(float(w[prefix + "size"])))
    limit = float(w[prefix + "limit"])
    if limit >= 0.0:
        q = self.bounded(q, limit)
    terms = int(float(w[prefix + "terms"]))
    if terms > 0:
        return self.series(q, terms)
    one = torch.eye(q.size(1), dtype=q.dtype, device=q.device)
    return torch.linalg_solve(one + q, one - q, left=False)

def rotated(self, x: Tensor, r: Tensor) -> Tensor:
    # x [..., blocks * size], each block times its matrix.
    blocks = torch.transpose(x.reshape([-1, x.size(-1) // r.size(1), r.size(1)]), 0, 1)
    return torch.transpose(torch.matmul(blocks, r), 0, 1).reshape(x.size())

def linear(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    if module + ".oft_R" not in w:
        return self.affine(x, w, module)
    r = self.rotations(w, module + ".")
    return self.affine(self.rotated(x.to(r.dtype), r).to(x.dtype), w, module)

def merged(self, weight: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    return self.rotated(weight, torch.transpose(self.rotations(parts, ""), 1, 2))
