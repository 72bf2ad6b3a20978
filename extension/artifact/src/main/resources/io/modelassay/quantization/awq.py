# AWQ as AutoAWQ stores it, 4 bits: w[n, k] = (q[k, n] - z[k / group, n]) * scales[k / group, n].
# Options: layout (0 gemm, 1 gemv, 2 gemv_fast), group, plain (present: gemm codes as if they were not interleaved).

def nibbles(self, words: Tensor, interleaved: bool) -> Tensor:
    # [rows, words] to [rows, codes]. Interleaved words hold the outputs 0 2 4 6 1 3 5 7 from the lowest bits up.
    # A byte of two codes becomes two bytes: shifted into each other within 16 bits, the rest masked away.
    pairs = torch.view_copy(words, dtype=0).to(2)
    codes = torch.view_copy((pairs | (pairs << 4)) & 3855, dtype=0)
    if interleaved:
        codes = torch.transpose(codes.reshape([words.size(0), -1, 2, 4]), 2, 3)
    return codes.reshape([words.size(0), -1])

def grouped(self, codes: Tensor, zeros: Tensor, scales: Tensor, group: int) -> Tensor:
    # codes [out, in], zeros and scales [out, groups]
    steps = codes.to(1).reshape([codes.size(0), -1, group]) - zeros.to(1).unsqueeze(2)
    return (steps.to(6).to(scales.dtype) * scales.unsqueeze(2)).reshape(codes.shape)

def gemm(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    interleaved = not "plain" in options
    codes = torch.transpose(self.nibbles(parts["qweight"], interleaved), 0, 1).contiguous()
    zeros = torch.transpose(self.nibbles(parts["qzeros"], interleaved), 0, 1).contiguous()
    return self.grouped(codes, zeros, torch.transpose(parts["scales"], 0, 1).contiguous(), options["group"])

def gemv(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    # qweight [out, in / 8], qzeros [out, words], scales [out, 8 * words]; unused columns at the end.
    codes = self.nibbles(parts["qweight"], False)
    groups = codes.size(1) // options["group"]
    zeros = self.nibbles(parts["qzeros"], False)[:, :groups]
    return self.grouped(codes, zeros, parts["scales"][:, :groups], options["group"])

def gemv_fast(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    # qweight int16 [out / 4, in]: four rows interleaved in pieces of 64 inputs, of each 32 inputs the pairs of the four
    # eighths side by side, then the even before the odd. Zeros are stored as -(zero * scale).
    rows = int(parts["shape"][0])
    columns = int(parts["shape"][1])
    b = parts["qweight"].reshape([rows // 4, columns // 64, 4, 16]).to(3) & 65535
    shifts = torch.arange(0, 16, 4, dtype=3, device=b.device)
    codes = (b.unsqueeze(-1) >> shifts) & 15
    codes = torch.transpose(codes.reshape([rows // 4, columns // 64, 4, 64]), 1, 2).reshape([rows, columns])
    codes = torch.transpose(codes.reshape([rows, columns // 8, 2, 4]), 2, 3).reshape([rows, columns])
    codes = torch.transpose(codes.reshape([rows, columns // 32, 4, 4, 2]), 2, 3).reshape([rows, columns])
    groups = columns // options["group"]
    scales = torch.transpose(parts["scales"], 0, 1)[:, :groups].contiguous()
    zeros = torch.transpose(parts["qzeros"], 0, 1)[:, :groups].contiguous()
    # Product and sum are exact in float32, so this rounds once, as a fused multiply-add does.
    steps = codes.to(6).reshape([rows, groups, -1])
    w = steps * scales.to(6).unsqueeze(2) + zeros.to(6).unsqueeze(2)
    return w.to(scales.dtype).reshape([rows, columns])

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    if options["layout"] == 0:
        return self.gemm(parts, options)
    if options["layout"] == 1:
        return self.gemv(parts, options)
    return self.gemv_fast(parts, options)
