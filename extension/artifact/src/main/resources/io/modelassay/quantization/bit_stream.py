# Codes as words.

def stream(self, codes: Tensor, bits: int) -> Tensor:
    # [rows, codes] as uint8 to [rows, words] as int32: the codes of a row as one stream of bits, lowest first.
    short = codes.size(1) % 32
    if short > 0:
        codes = torch.constant_pad_nd(codes, [0, 32 - short], 0)
    if bits == 8:
        # Anew, since a single row may have the strides of a column.
        b = codes.reshape([-1]).reshape(codes.shape)
    elif bits == 3:
        eight = codes.reshape([codes.size(0), -1, 8]).to(3)
        v = torch.zeros_like(eight[:, :, 0])
        for i in range(8):
            v = v | (eight[:, :, i] << (3 * i))
        b = torch.stack([v & 255, (v >> 8) & 255, v >> 16], -1).to(0).reshape([codes.size(0), -1])
    else:
        each = 8 // bits
        parts = codes.reshape([codes.size(0), -1, each])
        b = torch.zeros_like(parts[:, :, 0])
        for i in range(each):
            b = b | (parts[:, :, i] << (bits * i))
        b = b.contiguous()
    return torch.view_copy(b, dtype=3)
