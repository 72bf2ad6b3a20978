# Codes times scales, one scale for each tile of codes. Options: rows and columns of a tile, 0 for all of them; compute, the
# type of the product; type, that of the weight. Parts: scale, in any shape with the tiles in their order; zero_point like
# it, or absent; g_idx, the column of scales for each input channel where they are not in order, or absent or all -1.

def tiles(self, w: Tensor, rows: int, columns: int) -> Tensor:
    # [matrices, row tiles, rows, column tiles, columns], filled up with zeros.
    height = w.size(-2)
    width = w.size(-1)
    if rows > 0:
        height = rows
    if columns > 0:
        width = columns
    down = (height - w.size(-2) % height) % height
    right = (width - w.size(-1) % width) % width
    w = torch.constant_pad_nd(w, [0, right, 0, down], 0)
    return w.reshape([-1, w.size(-2) // height, height, w.size(-1) // width, width])

def untiled(self, x: Tensor, like: Tensor) -> Tensor:
    w = x.reshape([x.size(0), x.size(1) * x.size(2), x.size(3) * x.size(4)])
    return w[:, :like.size(-2), :like.size(-1)].reshape(like.shape).contiguous()

def for_tiles(self, figures: Tensor, x: Tensor) -> Tensor:
    if figures.numel() == 1:
        return figures.reshape([1, 1, 1, 1, 1])
    return figures.reshape([x.size(0), x.size(1), 1, x.size(3), 1])

def scale_values(self, scale: Tensor) -> Tensor:
    # E8M0 is stored as bytes: 2^(e - 127), 255 for NaN.
    if scale.dtype != 0:
        return scale
    bits = scale.to(3) << 23
    bits = torch.where(scale == 0, torch.full_like(bits, 4194304), bits)
    bits = torch.where(scale == 255, torch.full_like(bits, 2143289344), bits)
    return torch.view_copy(bits, dtype=6)

def dequantized(self, codes: Tensor, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    # The difference of code and zero point is exact in every type that occurs.
    compute = options["compute"]
    x = codes.to(compute)
    scale = self.scale_values(parts["scale"]).to(compute)
    if "g_idx" in parts:
        index = parts["g_idx"].to(4)
        if int(torch.amin(index)) >= 0:
            if "zero_point" in parts:
                x = x - torch.index_select(parts["zero_point"].to(compute), 1, index)
            return (x * torch.index_select(scale, 1, index)).to(options["type"])
    x = self.tiles(x, options["rows"], options["columns"])
    if "zero_point" in parts:
        x = x - self.for_tiles(parts["zero_point"].to(compute), x)
    return self.untiled(x * self.for_tiles(scale, x), codes).to(options["type"])
