# Codes, scales, zeros and g_idx as GPTQModel stores them; the inverse of gptq.py. Goes with bit_stream.py. Options: bits,
# offset (taken from each zero point).

def pack(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Dict[str, Tensor]:
    bits = options["bits"]
    codes = parts["codes"]
    zeros = (torch.transpose(parts["zeros"], 0, 1).to(2) - options["offset"]) & ((1 << bits) - 1)
    return {
        "qweight": torch.transpose(self.stream(codes, bits), 0, 1).contiguous(),
        "qzeros": self.stream(zeros.to(0).contiguous(), bits),
        "scales": torch.transpose(parts["scales"], 0, 1).contiguous(),
        "g_idx": parts["g_idx"]
    }
