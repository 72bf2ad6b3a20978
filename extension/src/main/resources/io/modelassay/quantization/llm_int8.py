# LLM.int8 weights: one scale for each output channel, codes -127 to 127.

def encode(self, w: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    absmax = torch.amax(torch.abs(w), [1])
    divisor = torch.where(absmax == 0, torch.ones_like(absmax), absmax)
    codes = torch.round(w * (torch.reciprocal(divisor) * 127.0).unsqueeze(1))
    return {"codes": codes.to(1), "absmax": absmax}

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    return parts["codes"].to(6) * (parts["absmax"] / 127.0).unsqueeze(1)
