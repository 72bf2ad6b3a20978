# bitsandbytes' 4-bit formats. Options: normal (1 for NF4, 0 for FP4), block (consecutive values that share a scale, over
# row ends), double (1 to quantize the scales in blocks of 256 with an 8-bit dynamic map).
# Codes are packed two a byte, the even element in the high nibble.

def codebook(self, normal: int, like: Tensor) -> Tensor:
    if normal == 1:
        values = [
            -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
            -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
            0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
            0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]
    else:
        values = [
            0.0, 0.005208333333, 0.66666667, 1.0, 0.33333333, 0.5, 0.16666667, 0.25,
            -0.0, -0.005208333333, -0.66666667, -1.0, -0.33333333, -0.5, -0.16666667, -0.25]
    return torch.tensor(values, dtype=6, device=like.device)

def nearest_normal(self, x: Tensor) -> Tensor:
    # Index of the nearest NF4 value; a tie stays at the lower one.
    thresholds = torch.tensor([
        -0.8480964004993439, -0.6106329262256622, -0.4599952697753906, -0.33967943489551544,
        -0.23460740596055984, -0.13791173323988914, -0.045525018125772476, 0.03979014977812767,
        0.120255246758461, 0.2035212516784668, 0.2920137718319893, 0.3893125355243683,
        0.5016634166240692, 0.6427869200706482, 0.8614784181118011], dtype=6, device=x.device)
    return torch.bucketize(x, thresholds)

def nearest_float(self, x: Tensor) -> Tensor:
    # Index of the nearest FP4 magnitude in ascending order, then its code; bit 3 is the sign.
    thresholds = torch.tensor([
        0.00260417, 0.0859375, 0.20833333, 0.29166667, 0.4166667, 0.583333, 0.8333333], dtype=6, device=x.device)
    codes = torch.tensor([0, 1, 6, 7, 4, 5, 2, 3], dtype=4, device=x.device)
    magnitude = torch.bucketize(torch.abs(x), thresholds)
    return codes[magnitude] + 8 * (x < 0).to(4)

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

def divided(self, x: Tensor, absmax: Tensor) -> Tensor:
    return x / torch.where(absmax == 0, torch.ones_like(absmax), absmax).unsqueeze(1)

def encode(self, w: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    flat = w.reshape([-1])
    x = self.blocks(flat, options["block"])
    absmax = torch.amax(torch.abs(x), [1])
    scaled = self.divided(x, absmax).reshape([-1])[:flat.size(0)]
    if options["normal"] == 1:
        codes = self.nearest_normal(scaled)
    else:
        codes = self.nearest_float(scaled)
    if codes.size(0) % 2 == 1:
        codes = torch.constant_pad_nd(codes, [0, 1], 0)
    pairs = codes.reshape([-1, 2])
    packed = (pairs[:, 0] * 16 + pairs[:, 1]).to(0)
    rows = torch.tensor([w.size(0), w.size(1)], dtype=4)
    if options["double"] == 0:
        return {"packed": packed, "absmax": absmax, "shape": rows}
    offset = torch.mean(absmax)
    nested = self.blocks(absmax - offset, 256)
    nested_absmax = torch.amax(torch.abs(nested), [1])
    table = self.dynamic_map(w)
    middles = (table[:-1] + table[1:]) / 2.0
    nested_codes = torch.bucketize(self.divided(nested, nested_absmax), middles)
    nested_codes = nested_codes.reshape([-1])[:absmax.size(0)]
    return {
        "packed": packed,
        "absmax": nested_codes.to(0),
        "nested_absmax": nested_absmax,
        "nested_quant_map": table,
        "nested_offset": offset,
        "shape": rows
    }

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    absmax = parts["absmax"]
    if "nested_absmax" in parts:
        values = parts["nested_quant_map"][absmax.to(4)]
        nested = self.blocks(values, 256) * parts["nested_absmax"].unsqueeze(1)
        absmax = nested.reshape([-1])[:absmax.size(0)] + parts["nested_offset"]
    packed = parts["packed"].to(4)
    codes = torch.stack([packed // 16, packed % 16], 1).reshape([-1])
    rows = int(parts["shape"][0])
    columns = int(parts["shape"][1])
    values = self.codebook(options["normal"], absmax)[codes][:rows * columns]
    w = self.blocks(values, options["block"]) * absmax.unsqueeze(1)
    return w.reshape([-1])[:rows * columns].reshape([rows, columns])
