# A pre-norm decoder layer: grouped-query attention with rotary positions, then a gated MLP.
# x is [windows, positions, hidden]; w maps "self_attn.q_proj.weight" and its like to one layer's tensors.
# Optional parameters act where they are present: biases, and q_norm / k_norm of the per-head kind.
# The function activate comes from a file of the folder activation; it may overwrite what it takes.

def rms_norm(self, x: Tensor, weight: Tensor, eps: float) -> Tensor:
    # Statistics and scaling in float32; one pass each.
    norm = torch.linalg_vector_norm(x, 2, [-1], True, dtype=6)
    scale = torch.rsqrt(norm * norm / x.size(-1) + eps)
    return weight * (x * scale).to(x.dtype)

def rotary_table(self, inverse_frequencies: Tensor, positions: int, scaling: float, dtype: int) -> Tuple[Tensor, Tensor]:
    steps = torch.arange(positions, dtype=6, device=inverse_frequencies.device)
    angles = torch.outer(steps, inverse_frequencies)
    return ((torch.cos(angles) * scaling).to(dtype), (torch.sin(angles) * scaling).to(dtype))

def sliding_mask(self, positions: int, window: int, like: Tensor) -> Tensor:
    # Position i sees j where i - window < j <= i.
    steps = torch.arange(positions, device=like.device)
    distance = steps.unsqueeze(1) - steps.unsqueeze(0)
    return (distance >= 0) & (distance < window)

def open_mask(self, positions: int, window: int, like: Tensor) -> Tensor:
    # Attention that is not causal: position i sees j where |i - j| <= window.
    steps = torch.arange(positions, device=like.device)
    return torch.abs(steps.unsqueeze(1) - steps.unsqueeze(0)) <= window

def padding_mask(self, tokens: Tensor, seen: Tensor) -> Tensor:
    # [windows, 1, positions, positions] from [windows, positions], 0 for padding: of what another mask lets a position see,
    # the tokens, and itself, since a row that sees nothing is 0 / 0.
    own = torch.eye(tokens.size(1), device=tokens.device) > 0
    return (seen & (own | (tokens > 0).unsqueeze(1))).unsqueeze(1)

def at_positions(self, table: Tensor, positions: Tensor) -> Tensor:
    # Rows of a rotary table for each window's own positions: [windows, 1, positions, half].
    rows = torch.index_select(table, 0, positions.reshape([-1]))
    return rows.reshape([positions.size(0), 1, positions.size(1), -1])

def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.size(-1) // 2
    left = x[:, :, :, :half]
    right = x[:, :, :, half:]
    return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)

def heads_of(self, x: Tensor, heads: int) -> Tensor:
    return torch.transpose(x.view([x.size(0), x.size(1), heads, -1]), 1, 2)

def queries(self, normed: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, heads: int, eps: float) -> Tensor:
    q = self.heads_of(self.linear(normed, w, "self_attn.q_proj"), heads)
    if "self_attn.q_norm.weight" in w:
        q = self.rms_norm(q, w["self_attn.q_norm.weight"], eps)
    return self.rotate(q, cos, sin)

def keys(self, normed: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, heads: int, eps: float) -> Tensor:
    k = self.heads_of(self.linear(normed, w, "self_attn.k_proj"), heads)
    if "self_attn.k_norm.weight" in w:
        k = self.rms_norm(k, w["self_attn.k_norm.weight"], eps)
    return self.rotate(k, cos, sin)

def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    # An empty mask means causal attention over the whole window.
    groups = q.size(1) // k.size(1)
    if groups > 1:
        k = torch.repeat_interleave(k, groups, 1)
        v = torch.repeat_interleave(v, groups, 1)
    if mask.numel() == 0:
        y = torch.scaled_dot_product_attention(q, k, v, None, 0.0, True)
    else:
        y = torch.scaled_dot_product_attention(q, k, v, mask, 0.0, False)
    return torch.transpose(y, 1, 2).reshape([q.size(0), q.size(2), -1])

def attention(self, normed: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, mask: Tensor, heads: int, kv_heads: int, eps: float) -> Tensor:
    q = self.queries(normed, w, cos, sin, heads, eps)
    k = self.keys(normed, w, cos, sin, kv_heads, eps)
    v = self.heads_of(self.linear(normed, w, "self_attn.v_proj"), kv_heads)
    return self.attend(q, k, v, mask)

def gated(self, normed: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # In place, since fresh memory of this size costs more than the arithmetic.
    gate = self.activate(self.linear(normed, w, "mlp.gate_proj"))
    return gate.mul_(self.linear(normed, w, "mlp.up_proj"))

def layer(self, x: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, mask: Tensor, heads: int, kv_heads: int, eps: float) -> Tensor:
    normed = self.rms_norm(x, w["input_layernorm.weight"], eps)
    attended = self.attention(normed, w, cos, sin, mask, heads, kv_heads, eps)
    x = self.linear(attended, w, "self_attn.o_proj").add_(x)
    normed = self.rms_norm(x, w["post_attention_layernorm.weight"], eps)
    return self.linear(self.gated(normed, w), w, "mlp.down_proj").add_(x)

def stages(self) -> str:
    # The linear modules in the order in which they are computed, those of one input together.
    return "self_attn.q_proj self_attn.k_proj self_attn.v_proj, self_attn.o_proj, mlp.gate_proj mlp.up_proj, mlp.down_proj"

def producers(self) -> str:
    # Of each stage, what its input comes out of channel by channel: a norm, or a linear module.
    return "input_layernorm, self_attn.v_proj, post_attention_layernorm, mlp.up_proj"

def stage_input(self, stage: int, x: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, mask: Tensor, heads: int, kv_heads: int, eps: float) -> Tensor:
    # What the modules of a stage take, x being what after_stage left before it.
    if stage < 2:
        normed = self.rms_norm(x, w["input_layernorm.weight"], eps)
        if stage == 0:
            return normed
        return self.attention(normed, w, cos, sin, mask, heads, kv_heads, eps)
    normed = self.rms_norm(x, w["post_attention_layernorm.weight"], eps)
    if stage == 2:
        return normed
    return self.gated(normed, w)

def block_output(self, stage: int, input: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, mask: Tensor, heads: int, kv_heads: int, eps: float) -> Tensor:
    # What attention (stages 0 and 1) or the MLP adds to the residual stream, from a stage's input.
    if stage == 0:
        return self.linear(self.attention(input, w, cos, sin, mask, heads, kv_heads, eps), w, "self_attn.o_proj")
    if stage == 1:
        return self.linear(input, w, "self_attn.o_proj")
    if stage == 2:
        return self.linear(self.gated(input, w), w, "mlp.down_proj")
    return self.linear(input, w, "mlp.down_proj")

def after_stage(self, stage: int, x: Tensor, input: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # The residual stream behind the last stage of attention (1) or of the MLP (3).
    if stage == 1:
        return self.linear(input, w, "self_attn.o_proj").add_(x)
    return self.linear(input, w, "mlp.down_proj").add_(x)

def operations(self) -> str:
    # What traced_layer returns, in the order of computation.
    return "input_layernorm self_attn.q_proj self_attn.k_proj self_attn.v_proj self_attn self_attn.o_proj post_attention_layernorm mlp.gate_proj mlp.up_proj mlp mlp.down_proj output"

def module_inputs(self) -> str:
    # linear<operation whose result it takes.
    return "self_attn.q_proj<input_layernorm self_attn.k_proj<input_layernorm self_attn.v_proj<input_layernorm self_attn.o_proj<self_attn mlp.gate_proj<post_attention_layernorm mlp.up_proj<post_attention_layernorm mlp.down_proj<mlp"

def traced_layer(self, x: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, mask: Tensor, heads: int, kv_heads: int, eps: float) -> Dict[str, Tensor]:
    # The same layer; every operation's result is kept under the name of the module that computes it.
    normed = self.rms_norm(x, w["input_layernorm.weight"], eps)
    q = self.queries(normed, w, cos, sin, heads, eps)
    k = self.keys(normed, w, cos, sin, kv_heads, eps)
    v = self.heads_of(self.linear(normed, w, "self_attn.v_proj"), kv_heads)
    attended = self.attend(q, k, v, mask)
    projected = self.linear(attended, w, "self_attn.o_proj")
    middle = x + projected
    normed_middle = self.rms_norm(middle, w["post_attention_layernorm.weight"], eps)
    gate = self.linear(normed_middle, w, "mlp.gate_proj")
    up = self.linear(normed_middle, w, "mlp.up_proj")
    product = self.activate(torch.clone(gate)) * up
    down = self.linear(product, w, "mlp.down_proj")
    return {
        "input_layernorm": normed,
        "self_attn.q_proj": torch.transpose(q, 1, 2),
        "self_attn.k_proj": torch.transpose(k, 1, 2),
        "self_attn.v_proj": torch.transpose(v, 1, 2),
        "self_attn": attended,
        "self_attn.o_proj": projected,
        "post_attention_layernorm": normed_middle,
        "mlp.gate_proj": gate,
        "mlp.up_proj": up,
        "mlp": product,
        "mlp.down_proj": down,
        "output": middle + down
    }
