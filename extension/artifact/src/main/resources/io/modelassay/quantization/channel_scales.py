# Factors that move from one side of a product to the other, channel by channel.

def columns_scaled(self, w: Tensor, scales: Tensor) -> Tensor:
    return w * scales

def rows_unscaled(self, w: Tensor, scales: Tensor) -> Tensor:
    # Of a weight [out, in], or a bias or a norm's weight [out].
    if w.dim() == 1:
        return w / scales
    return w / scales.unsqueeze(1)
