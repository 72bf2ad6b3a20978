# Products with a weight [out, in] that oneDNN has laid out in the blocks its bfloat16 kernels read, once for all
# windows, where a plain product lays it out anew in every call.

def packed(self, weight: Tensor) -> Tensor:
    return ops.mkldnn._reorder_linear_weight(weight, 1024)

def product(self, x: Tensor, weight: Tensor) -> Tensor:
    return ops.mkldnn._linear_pointwise(x, weight, None, "none", annotate(List[Optional[number]], []), "")

def product_with_bias(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return ops.mkldnn._linear_pointwise(x, weight, bias, "none", annotate(List[Optional[number]], []), "")
