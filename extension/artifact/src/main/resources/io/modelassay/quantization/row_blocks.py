# Tensors whose rows come in blocks.

def rows_for(self, block: Tensor, rows: int) -> Tensor:
    return torch.empty([rows, block.size(1)], dtype=block.dtype, device=block.device)

def put_rows(self, whole: Tensor, first: int, block: Tensor) -> Tensor:
    whole[first:first + block.size(0)] = block
    return whole
