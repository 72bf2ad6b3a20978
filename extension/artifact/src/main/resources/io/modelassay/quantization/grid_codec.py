# Round to nearest with float16 scales, to which the codes are fitted, so that codes, scales, zeros and g_idx can be stored as
# they are. Options: bits, group (input channels that share a scale, -1 for all), symmetric (1 or 0). Goes with uniform.py.

def encode(self, w: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    channels = w.size(1)
    group = options["group"]
    if group <= 0:
        group = channels
    # A short last group is filled up with zeros, which no range excludes.
    x = torch.constant_pad_nd(w, [0, (group - channels % group) % group], 0).reshape([w.size(0), -1, group])
    levels = (1 << options["bits"]) - 1
    scales, zeros = self.grid(torch.amin(x, [2]), torch.amax(x, [2]), levels, options["symmetric"], 5)
    codes = self.code(x, scales.unsqueeze(2), zeros.unsqueeze(2), levels).to(0)
    return {
        "codes": codes.reshape([w.size(0), -1])[:, :channels].contiguous(),
        "scales": scales.to(5),
        "zeros": zeros.to(0),
        "g_idx": torch.floor_divide(torch.arange(channels, device=w.device), group).to(3)
    }

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    return self.restored(parts)
