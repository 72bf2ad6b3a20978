# What bitsandbytes4.py and llm_int8.py encode to, under the names that bitsandbytes stores. Goes with bitsandbytes4.py.
# Options: bits, normal (1 for NF4, 0 for FP4).

def pack(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Dict[str, Tensor]:
    if options["bits"] == 8:
        # Format 0 is by rows.
        return {
            "weight": parts["codes"],
            "SCB": parts["absmax"],
            "weight_format": torch.zeros([], dtype=0)
        }
    packed = {
        "weight": parts["packed"].reshape([-1, 1]),
        "weight.absmax": parts["absmax"],
        "weight.quant_map": self.codebook(options["normal"], parts["absmax"])
    }
    if "nested_absmax" in parts:
        packed["weight.nested_absmax"] = parts["nested_absmax"]
        packed["weight.nested_quant_map"] = parts["nested_quant_map"]
    return packed
