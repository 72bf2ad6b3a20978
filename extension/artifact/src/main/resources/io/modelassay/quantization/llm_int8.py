# LLM.int8 weights: one scale for each output channel, codes -127 to 127. bitsandbytes rounds the weight to float16 first.

def encode(self, w: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    half = w.to(5).to(6)
    absmax = torch.amax(torch.abs(half), [1])
    divisor = torch.where(absmax == 0, torch.ones_like(absmax), absmax)
    codes = torch.round(half * (torch.reciprocal(divisor) * 127.0).unsqueeze(1))
    return {"codes": codes.to(1), "absmax": absmax}

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    # Multiplied by 1 / 127 in this order, as bitsandbytes does; dividing gives other last bits.
    return parts["codes"].to(6) * parts["absmax"].unsqueeze(1) * 0.007874015718698502
