# bitsandbytes' 4-bit formats. Options: normal (1 for NF4, 0 for FP4), block (consecutive values that share a scale, over
# row ends), double (1 to quantize the scales in blocks of 256 with an 8-bit dynamic map), nested_block (256), type (of the
# decoded weight), swapped (present: decode as if the even element were in the low nibble).
# Codes are packed two a byte, the even element in the high nibble.

def codebook(self, normal: int, like: Tensor) -> Tensor:
    if normal == 1:
        return torch.tensor([
            -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
            -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
            0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
            0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=6, device=like.device)
    magnitudes = torch.tensor([
        0.0, 0.005208333333, 0.66666667, 1.0, 0.33333333, 0.5, 0.16666667, 0.25], dtype=6, device=like.device)
    return torch.cat([magnitudes, 0.0 - magnitudes])

def nearest(self, x: Tensor, values: Tensor) -> Tensor:
    # Index of the nearest value; a tie takes the lower one, and of the two zeros of FP4 that is code 0.
    ordered, codes = torch.sort(values, stable=True)
    return codes[torch.bucketize(x, (ordered[:-1] + ordered[1:]) / 2.0)]

def dynamic_map(self, like: Tensor) -> Tensor:
    values = torch.zeros([1], dtype=6, device=like.device)
    for i in range(7):
        edges = torch.linspace(0.1, 1.0, (1 << i) + 1, dtype=6, device=like.device)
        means = (edges[:-1] + edges[1:]) / 2.0 * 10.0 ** (i - 6)
        values = torch.cat([values, means, torch.neg(means)])
    values = torch.cat([values, torch.ones([1], dtype=6, device=like.device)])
    ordered, places = torch.sort(values)
    return ordered

def blocks(self, flat: Tensor, size: int) -> Tensor:
    short = flat.size(0) % size
    if short > 0:
        flat = torch.constant_pad_nd(flat, [0, size - short], 0)
    return flat.reshape([-1, size])

def block_maxima(self, flat: Tensor, size: int) -> Tensor:
    absmax = torch.amax(torch.abs(self.blocks(flat, size)), [1])
    full = flat.size(0) // size
    # A short last block of zeros is given a scale all the same.
    return torch.cat([absmax[:full], torch.clamp_min(absmax[full:], 1.0e-38)])

def scaled(self, flat: Tensor, absmax: Tensor, size: int) -> Tensor:
    # To -1 .. 1, rounded as bitsandbytes does on a CPU: full blocks by the reciprocal, a short last block by division.
    x = self.blocks(flat, size)
    bound = torch.clamp_min(absmax, 1.0e-38).unsqueeze(1)
    full = flat.size(0) // size
    unit = torch.cat([x[:full] * torch.reciprocal(bound[:full]), x[full:] / bound[full:]])
    return unit.reshape([-1])[:flat.size(0)]

def nearest_of_grid(self, x: Tensor, values: Tensor) -> Tensor:
    # 8-bit codes are looked up at the nearest of 65536 points between -1 and 1.
    point = torch.floor((x + 1.0) * 32767.5 + 0.5)
    return self.nearest(point / 32767.5 - 1.0, values)

def encode(self, w: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    flat = w.reshape([-1])
    absmax = self.block_maxima(flat, options["block"])
    unit = self.scaled(flat, absmax, options["block"])
    even = torch.constant_pad_nd(unit, [0, flat.size(0) % 2], 0)
    pairs = self.nearest(even, self.codebook(options["normal"], w)).reshape([-1, 2])
    packed = (pairs[:, 0] * 16 + pairs[:, 1]).to(0)
    rows = torch.tensor([w.size(0), w.size(1)], dtype=4)
    if options["double"] == 0:
        return {"packed": packed, "absmax": absmax, "shape": rows}
    offset = torch.mean(absmax)
    centred = absmax - offset
    nested_absmax = self.block_maxima(centred, 256)
    table = self.dynamic_map(w)
    nested_codes = self.nearest_of_grid(self.scaled(centred, nested_absmax, 256), table)
    return {
        "packed": packed,
        "absmax": nested_codes.to(0),
        "nested_absmax": nested_absmax,
        "nested_quant_map": table,
        "nested_offset": offset,
        "shape": rows
    }

def pairs(self, values: Tensor, swapped: bool) -> Tensor:
    # What each byte stands for, the high bits first.
    bytes = torch.arange(256, device=values.device)
    if swapped:
        return torch.stack([values[bytes & 15], values[bytes >> 4]], 1)
    return torch.stack([values[bytes >> 4], values[bytes & 15]], 1)

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    absmax = parts["absmax"]
    if "nested_absmax" in parts:
        values = parts["nested_quant_map"][absmax.to(4)]
        nested = self.blocks(values, options["nested_block"]) * parts["nested_absmax"].unsqueeze(1)
        absmax = nested.reshape([-1])[:absmax.size(0)] + parts["nested_offset"]
    table = self.codebook(options["normal"], absmax)
    if "quant_map" in parts:
        table = parts["quant_map"]
    packed = torch.view_copy(parts["packed"], dtype=0).reshape([-1]).to(3)
    rows = int(parts["shape"][0])
    count = rows * int(parts["shape"][1])
    values = torch.index_select(self.pairs(table, "swapped" in options), 0, packed).reshape([-1])[:count]
    # bitsandbytes has no negative zero.
    w = self.blocks(values, options["block"]) * absmax.unsqueeze(1) + 0.0
    return w.reshape([-1])[:count].reshape([rows, -1]).to(options["type"])
