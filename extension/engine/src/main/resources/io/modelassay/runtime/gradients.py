# Gradients, one step of the pass back at a time: what it computes is computed again with gradients recorded. w holds the
# tensors of the step; those whose names start with "trained." are asked for theirs.
# Returned: "output", what was computed; "input", the gradient of x; the gradients of trained tensors under their names
# without the prefix, where one has come. Numbers come as tensors without dimensions.

def recordable(self, x: Tensor) -> Tensor:
    # The same memory in a tensor that a pass back may keep, which those made outside of recording are not.
    if torch.is_inference(x):
        return torch.empty([0], dtype=x.dtype, device=x.device).set_(x)
    return x

def leaf(self, x: Tensor) -> Tensor:
    return self.recordable(x).detach().requires_grad_(True)

def recorded(self, w: Dict[str, Tensor]) -> Tuple[Dict[str, Tensor], List[str], List[Tensor]]:
    tensors = annotate(Dict[str, Tensor], {})
    names = annotate(List[str], [])
    leaves = annotate(List[Tensor], [])
    for key in w.keys():
        if key.startswith("trained."):
            name = key[8:]
            tensor = self.leaf(w[key])
            tensors[name] = tensor
            names.append(name)
            leaves.append(tensor)
        else:
            tensors[key] = self.recordable(w[key])
    return (tensors, names, leaves)

def gradients(self, y: Tensor, gradient: Tensor, x: Tensor, names: List[str], leaves: List[Tensor]) -> Dict[str, Tensor]:
    found = torch.autograd.grad([y], [x] + leaves, annotate(List[Optional[Tensor]], [self.recordable(gradient).to(y.dtype)]), None, False, True)
    results = {"output": y.detach()}
    names = ["input"] + names
    for i in range(len(names)):
        one = found[i]
        if one is not None:
            results[names[i]] = one
    return results

def rows_gradient(self, ids: Tensor, gradient: Tensor, rows: int) -> Tensor:
    # Of a table whose rows at ids were taken: [rows, columns] in float32.
    flat = gradient.reshape([-1, gradient.size(-1)]).to(6)
    table = torch.zeros([rows, flat.size(1)], dtype=6, device=flat.device)
    return torch.index_add(table, 0, ids, flat)

def total(self, x: Tensor, y: Tensor) -> Tensor:
    return x.to(6) + y.to(6)

def joined(self, slices: List[Tensor]) -> Tensor:
    return torch.cat(slices, 0).to(6)

def stepped(self, x: Tensor, gradient: Tensor, rate: float) -> Tensor:
    return x.to(6) - gradient.to(6).reshape(x.size()) * rate

def measure(self, x: Tensor) -> Tensor:
    # [Frobenius norm, values that are not finite]
    wide = x.to(7)
    return torch.stack([torch.linalg_vector_norm(wide), torch.sum(~torch.isfinite(wide)).to(7)])

def fingerprint(self, x: Tensor) -> Tensor:
    # Two sums over the bits, which any change to a value changes.
    bits = 3
    if x.element_size() == 2:
        bits = 2
    words = torch.view_copy(x.reshape([-1]).contiguous(), dtype=bits).to(4)
    return torch.stack([torch.sum(words), torch.sum(words * words)])
