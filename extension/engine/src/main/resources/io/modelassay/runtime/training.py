# The steps of a pass back; see gradients.py.

def layer_gradients(self, x: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, mask: Tensor, heads: Tensor, kv_heads: Tensor, eps: Tensor, gradient: Tensor) -> Dict[str, Tensor]:
    tensors, names, leaves = self.recorded(w)
    x = self.leaf(x)
    y = self.layer(x, tensors, self.recordable(cos), self.recordable(sin), self.recordable(mask), int(heads), int(kv_heads), float(eps))
    return self.gradients(y, gradient, x, names, leaves)

def norm_gradients(self, x: Tensor, w: Dict[str, Tensor], eps: Tensor, gradient: Tensor) -> Dict[str, Tensor]:
    # gradient is that of the predicting positions, [tokens, hidden size].
    tensors, names, leaves = self.recorded(w)
    x = self.leaf(x)
    y = self.predicting(self.rms_norm(x, tensors["weight"], float(eps)))
    return self.gradients(y, gradient, x, names, leaves)

def head_gradients(self, x: Tensor, w: Dict[str, Tensor], first: Tensor, targets: Tensor, log_sum: Tensor, tokens: Tensor) -> Dict[str, Tensor]:
    # Of the sum of -log p(target) over these rows, divided by the number of tokens of the whole batch.
    tensors, names, leaves = self.recorded(w)
    x = self.leaf(x)
    y = self.logits(x, tensors)
    local = self.recordable(targets) - int(first)
    inside = (local >= 0) & (local < y.size(1))
    safe = torch.clamp(local, 0, y.size(1) - 1)
    gradient = torch.exp(y.detach() - self.recordable(log_sum).to(6).unsqueeze(1))
    gradient.scatter_add_(1, safe.unsqueeze(1), -inside.to(6).unsqueeze(1))
    return self.gradients(y, gradient / int(tokens), x, names, leaves)
