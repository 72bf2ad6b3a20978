# Codes, scales and zeros as AutoAWQ's gemm layout stores them; the inverse of awq.py. 4 bits.

def interleaved(self, codes: Tensor) -> Tensor:
    # [rows, codes] as uint8 to [rows, codes / 8] as int32 words that hold the outputs 0 2 4 6 1 3 5 7 from the lowest bits up.
    ordered = torch.transpose(codes.reshape([codes.size(0), -1, 4, 2]), 2, 3).reshape([codes.size(0), -1, 2])
    return torch.view_copy((ordered[:, :, 0] | (ordered[:, :, 1] << 4)).contiguous(), dtype=3)

def pack(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Dict[str, Tensor]:
    return {
        "qweight": self.interleaved(torch.transpose(parts["codes"], 0, 1)),
        "qzeros": self.interleaved(torch.transpose(parts["zeros"], 0, 1)),
        "scales": torch.transpose(parts["scales"], 0, 1).contiguous()
    }
