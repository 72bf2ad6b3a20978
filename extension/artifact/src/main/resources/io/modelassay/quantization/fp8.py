# FP8 e4m3: codes = w / scale, scale = absmax / 448 of a tile. Decodes any codes of one byte. Goes with scaled.py.

def encode(self, w: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    x = self.tiles(w, options["rows"], options["columns"])
    absmax = torch.amax(torch.abs(x), [2, 4], True)
    scale = torch.where(absmax == 0, torch.ones_like(absmax), absmax / 448.0)
    codes = torch.clamp(x / scale, -448.0, 448.0)
    return {"codes": self.untiled(codes, w).to(24), "scale": scale.reshape([x.size(1), x.size(3)])}

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    return self.dequantized(parts["codes"], parts, options)
