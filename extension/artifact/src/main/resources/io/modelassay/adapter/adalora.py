# AdaLoRA: LoRA with singular values lora_E [rank, 1] between lora_A [rank, in] and lora_B [out, rank]. After
# peft.tuners.adalora.layer.

def linear(self, x: Tensor, w: Dict[str, Tensor], module: str) -> Tensor:
    y = self.affine(x, w, module)
    if module + ".lora_A" not in w:
        return y
    a = w[module + ".lora_A"] * w[module + ".lora_E"]
    change = torch.linear(torch.linear(x.to(a.dtype), a), w[module + ".lora_B"])
    return (y + change * float(w[module + ".scaling"])).to(y.dtype)

def merged(self, weight: Tensor, parts: Dict[str, Tensor]) -> Tensor:
    change = torch.matmul(parts["lora_B"], parts["lora_A"] * parts["lora_E"])
    return weight + change * float(parts["scaling"])
