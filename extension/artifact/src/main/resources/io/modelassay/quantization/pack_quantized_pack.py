# Codes, scales, zeros and g_idx as compressed-tensors' pack-quantized stores them since 0.18, without gaps; the inverse of
# pack_quantized.py. Goes with bit_stream.py. Options: bits, symmetric (1: no zero points), ordered (1: with g_idx).

def words(self, codes: Tensor, bits: int) -> Tensor:
    return self.stream(codes, bits)[:, :(codes.size(1) * bits + 31) // 32].contiguous()

def pack(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Dict[str, Tensor]:
    codes = parts["codes"]
    packed = {
        "weight_packed": self.words(codes, options["bits"]),
        "weight_scale": parts["scales"],
        "weight_shape": torch.tensor([codes.size(0), codes.size(1)], dtype=4)
    }
    if options["symmetric"] == 0:
        zeros = self.words(torch.transpose(parts["zeros"], 0, 1).contiguous(), options["bits"])
        packed["weight_zero_point"] = torch.transpose(zeros, 0, 1).contiguous()
    if options["ordered"] == 1:
        packed["weight_g_idx"] = parts["g_idx"]
    return packed
