# GPTQ as AutoGPTQ and GPTQModel store it: w[n, k] = scales[g, n] * (q[k, n] - z[g, n]), g = g_idx[k].
# Parts: qweight [in * bits / 32, out], qzeros [groups, out * bits / 32], scales [groups, out], g_idx [in] (may be absent).
# Options: bits, group (input channels of a group), offset (added to stored zero points), ignore_index (present: as if
# g_idx were absent), word0 to word2 (present: added to the words of zero points first, in turn). Differences of codes are exact; the product is rounded in the type of the scales.

def fields(self, words: Tensor, bits: int) -> Tensor:
    # [rows, words] to [rows, codes]: the bytes of a row as one stream of bits, lowest first.
    b = torch.view_copy(words, dtype=0)
    if bits == 4:
        return torch.stack([b & 15, b >> 4], -1).reshape([b.size(0), -1])
    if bits == 2:
        return torch.stack([b & 3, (b >> 2) & 3, (b >> 4) & 3, b >> 6], -1).reshape([b.size(0), -1])
    if bits == 3:
        triples = b.reshape([b.size(0), -1, 3]).to(3)
        v = triples[:, :, 0] | (triples[:, :, 1] << 8) | (triples[:, :, 2] << 16)
        shifts = torch.arange(0, 24, 3, dtype=3, device=b.device)
        return ((v.unsqueeze(-1) >> shifts) & 7).to(0).reshape([b.size(0), -1])
    return b

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    rows = int(parts["shape"][0])
    columns = int(parts["shape"][1])
    bits = options["bits"]
    group = options["group"]
    wide = 1
    if bits == 8:
        wide = 2
    scales = torch.transpose(parts["scales"], 0, 1).contiguous()
    codes = self.fields(torch.transpose(parts["qweight"], 0, 1).contiguous(), bits)[:, :columns].to(wide)
    words = parts["qzeros"]
    if "word0" in options:
        added = torch.tensor([options["word0"], options["word1"], options["word2"]], dtype=3, device=words.device)
        words = words + added[torch.arange(words.size(1), device=words.device) % 3]
    stored = self.fields(words, bits).to(2) + options["offset"]
    zeros = torch.transpose(stored & ((1 << bits) - 1), 0, 1).contiguous().to(wide)
    index = torch.floor_divide(torch.arange(columns, device=codes.device), group)
    ordered = True
    if "g_idx" in parts and not "ignore_index" in options:
        given = parts["g_idx"].to(4)
        ordered = torch.equal(given, index)
        index = given
    if ordered and columns % group == 0:
        steps = codes.reshape([rows, -1, group]) - zeros.unsqueeze(2)
        return (steps.to(scales.dtype) * scales.unsqueeze(2)).reshape([rows, columns])
    steps = codes - torch.index_select(zeros, 1, index)
    return steps.to(scales.dtype) * torch.index_select(scales, 1, index)
