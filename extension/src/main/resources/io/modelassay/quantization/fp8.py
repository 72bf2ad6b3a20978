# FP8 e4m3: codes = w / scale, scale = absmax / 448. Options: rows and columns that share a scale, 0 for all of them.

def tiles(self, w: Tensor, rows: int, columns: int) -> Tensor:
    # [row blocks, rows, column blocks, columns], filled up with zeros.
    height = w.size(0)
    width = w.size(1)
    if rows > 0:
        height = rows
    if columns > 0:
        width = columns
    down = (height - w.size(0) % height) % height
    right = (width - w.size(1) % width) % width
    w = torch.constant_pad_nd(w, [0, right, 0, down], 0)
    return w.reshape([w.size(0) // height, height, w.size(1) // width, width])

def encode(self, w: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    x = self.tiles(w, options["rows"], options["columns"])
    absmax = torch.amax(torch.abs(x), [1, 3], True)
    scale = torch.where(absmax == 0, torch.ones_like(absmax), absmax / 448.0)
    codes = torch.clamp(x / scale, -448.0, 448.0)
    codes = codes.reshape([x.size(0) * x.size(1), x.size(2) * x.size(3)])[:w.size(0), :w.size(1)]
    return {"codes": codes.to(24), "scale": scale.squeeze(3).squeeze(1)}

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    codes = parts["codes"].to(6)
    x = self.tiles(codes, options["rows"], options["columns"])
    w = x * parts["scale"].unsqueeze(1).unsqueeze(3)
    return w.reshape([x.size(0) * x.size(1), x.size(2) * x.size(3)])[:codes.size(0), :codes.size(1)].contiguous()
