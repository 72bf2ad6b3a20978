# What fp8.py encodes to, under other names. Options: inverse (1: the scale's name says so, though it is multiplied all the same),
# single (1: one scale for the tensor).

def pack(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Dict[str, Tensor]:
    scale = parts["scale"]
    if options["single"] == 1:
        scale = scale.reshape([1])
    if options["inverse"] == 1:
        return {"weight": parts["codes"], "weight_scale_inv": scale}
    return {"weight": parts["codes"], "weight_scale": scale}
