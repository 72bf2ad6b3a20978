# GPTQ as AutoGPTQ and GPTQModel store it: w[n, k] = scales[g, n] * (q[k, n] - z[g, n]), g = g_idx[k].
# Parts: qweight [in * bits / 32, out], qzeros [groups, out * bits / 32], scales [groups, out], g_idx [in] (may be absent).
# Options: bits, group (input channels of a group), offset (added to stored zero points), words (bits whose constants
# are added to whole words of zero points before, 0 for none), nearest (present: not g_idx, but
# the group whose scale and zero point bring the channel nearest to the part reference), dtype (may be absent: type of
# the result). Differences of codes are exact; the product is rounded in the type of the scales.

def fields(self, words: Tensor, bits: int) -> Tensor:
    # [rows, words] to [rows, codes]: the bytes of a row as one stream of bits, lowest first.
    b = torch.view_copy(words, dtype=0)
    if bits == 4:
        # A byte of two codes becomes two bytes: shifted into each other within 16 bits, the rest masked away.
        pairs = b.to(2)
        return torch.view_copy((pairs << 4).bitwise_or_(pairs).bitwise_and_(3855), dtype=1)
    if bits == 2:
        return torch.stack([b & 3, (b >> 2) & 3, (b >> 4) & 3, b >> 6], -1).reshape([b.size(0), -1])
    if bits == 3:
        triples = b.reshape([b.size(0), -1, 3]).to(3)
        v = triples[:, :, 0] | (triples[:, :, 1] << 8) | (triples[:, :, 2] << 16)
        shifts = torch.arange(0, 24, 3, dtype=3, device=b.device)
        return ((v.unsqueeze(-1) >> shifts) & 7).to(0).reshape([b.size(0), -1])
    return b

def shifted(self, words: Tensor, bits: int) -> Tensor:
    # What GPTQModel adds to whole words of zero points; at 3 bits with the last two constants of three exchanged.
    if bits == 0:
        return words
    constants = [1431655765]
    if bits == 3:
        constants = [613566756, 2454267026, 1227133513]
    if bits == 4:
        constants = [286331153]
    if bits == 8:
        constants = [16843009]
    more = torch.tensor(constants, dtype=4, device=words.device).repeat([words.size(1) // len(constants)])
    return (words.to(4) + more).to(3)

def nearest_groups(self, codes: Tensor, zeros: Tensor, scales: Tensor, reference: Tensor) -> Tensor:
    # Over the first 64 outputs, which tell groups apart well enough.
    rows = min(64, codes.size(0))
    x = codes[:rows].to(6)
    target = reference[:rows].to(6)
    best = torch.full([x.size(1)], 1.0e30, dtype=6, device=x.device)
    index = torch.zeros([x.size(1)], dtype=4, device=x.device)
    for group in range(scales.size(1)):
        steps = x - zeros[:rows, group:group + 1].to(6)
        error = torch.sum((steps * scales[:rows, group:group + 1].to(6) - target) ** 2, [0])
        index = torch.where(error < best, torch.full_like(index, group), index)
        best = torch.minimum(error, best)
    return index

def rows_of(self, words: Tensor, bits: int, columns: int, zeros: Tensor, scales: Tensor, index: Tensor, group: int) -> Tensor:
    # words [rows, in * bits / 32], zeros and scales [rows, groups]; index [in], or empty for groups in order.
    codes = self.fields(words, bits)[:, :columns].to(zeros.dtype)
    # Through float32, since the direct conversion of integers to float16 is slow on a CPU.
    if index.numel() == 0:
        steps = (codes.reshape([words.size(0), -1, group]) - zeros.unsqueeze(2)).to(6).to(scales.dtype)
        return steps.mul_(scales.unsqueeze(2)).reshape([words.size(0), columns])
    steps = (codes - torch.index_select(zeros, 1, index)).to(6).to(scales.dtype)
    return steps.mul_(torch.index_select(scales, 1, index))

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    rows = int(parts["shape"][0])
    columns = int(parts["shape"][1])
    bits = options["bits"]
    group = options["group"]
    wide = 1
    if bits == 8:
        wide = 2
    scales = torch.transpose(parts["scales"], 0, 1).contiguous()
    stored = self.fields(self.shifted(parts["qzeros"], options["words"]), bits).to(2) + options["offset"]
    zeros = torch.transpose(stored & ((1 << bits) - 1), 0, 1).contiguous().to(wide)
    words = torch.transpose(parts["qweight"], 0, 1)
    index = torch.floor_divide(torch.arange(columns, device=words.device), group)
    if "nearest" in options:
        codes = self.fields(words.contiguous(), bits)[:, :columns].to(wide)
        index = self.nearest_groups(codes, zeros, scales, parts["reference"])
    elif "g_idx" in parts:
        index = parts["g_idx"].to(4)
    ordered = torch.equal(index, torch.floor_divide(torch.arange(columns, device=words.device), group))
    if ordered and columns % group == 0:
        index = index[:0]
    dtype = scales.dtype
    if "dtype" in options:
        dtype = options["dtype"]
    # Some rows at a time, so that what lies between codes and weights stays in the cache.
    block = max(1, 524288 // columns)
    decoded = torch.empty([rows, columns], dtype=dtype, device=words.device)
    for first in range(0, rows, block):
        last = min(rows, first + block)
        w = self.rows_of(words[first:last].contiguous(), bits, columns, zeros[first:last], scales[first:last], index, group)
        if dtype != w.dtype:
            w = w.to(6)
        decoded[first:last] = w
    return decoded
