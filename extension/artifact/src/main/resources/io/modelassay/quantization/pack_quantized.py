# compressed-tensors' pack-quantized: signed codes of 1 to 8 bits, stored plus half their range, packed into int32 words along
# the input channels, lowest bits first; zero points packed likewise along the output channels. Goes with scaled.py.
# Options beside those of scaled.py: bits, padded (1 where no code goes over the end of a word).

def fields(self, words: Tensor, bits: int, padded: bool) -> Tensor:
    # [rows, words] to [rows, codes], signed, with what the padding gives at the end of a row.
    mask = (1 << bits) - 1
    rows = words.size(0)
    codes = annotate(List[Tensor], [])
    if padded:
        for i in range(32 // bits):
            codes.append(((words >> (bits * i)) & mask).to(2))
    else:
        b = torch.view_copy(words.contiguous(), dtype=0)
        b = torch.constant_pad_nd(b, [0, (bits - b.size(1) % bits) % bits], 0).reshape([rows, -1, bits])
        eight = b[:, :, 0].to(4)
        for i in range(1, bits):
            eight = eight | (b[:, :, i].to(4) << (8 * i))
        for i in range(8):
            codes.append(((eight >> (bits * i)) & mask).to(2))
    return (torch.stack(codes, -1) - (1 << (bits - 1))).to(1).reshape([rows, -1])

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    rows = int(parts["shape"][0])
    columns = int(parts["shape"][1])
    padded = options["padded"] == 1
    codes = self.fields(parts["packed"], options["bits"], padded)[:, :columns]
    if "packed_zero_point" in parts:
        zeros = self.fields(torch.transpose(parts["packed_zero_point"], 0, 1), options["bits"], padded)
        parts["zero_point"] = torch.transpose(zeros[:, :rows], 0, 1).contiguous()
    return self.dequantized(codes, parts, options)
