# E2M1 codes, two a byte, the first in the low bits, with scales of groups. Goes with scaled.py.
# Parts: packed, scale, and for NVFP4 divisor or factor, the one figure that all scales are divided or multiplied by.
# Options beside those of scaled.py: transposed (1 to swap the last two dimensions after decoding).

def pairs(self, like: Tensor) -> Tensor:
    # What each byte stands for; code 8 is -0.
    magnitudes = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0], dtype=6, device=like.device)
    values = torch.cat([magnitudes, torch.neg(magnitudes)])
    bytes = torch.arange(256, device=like.device)
    return torch.stack([values[bytes & 15], values[bytes >> 4]], 1)

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    packed = parts["packed"]
    scale = self.scale_values(parts["scale"]).to(6)
    if "divisor" in parts:
        scale = scale / parts["divisor"].to(6).reshape([1])
    values = torch.index_select(self.pairs(packed), 0, packed.reshape([-1]).to(3))
    if "factor" in parts:
        # ModelOpt has no negative zero.
        scale = scale * parts["factor"].to(6).reshape([1])
        values = values + 0.0
    rows = int(parts["shape"][-2])
    columns = int(parts["shape"][-1])
    if options["transposed"] == 1:
        w = self.dequantized(values.reshape([-1, columns, rows]), {"scale": scale}, options)
        return torch.transpose(w, 1, 2).contiguous()
    return self.dequantized(values.reshape([rows, columns]), {"scale": scale}, options)
