# Conversions between stored bytes, tensors and the values read back from the engine.
# Types are numbers in TorchScript source: 0 uint8, 4 int64, 5 float16, 6 float32, 7 float64, 15 bfloat16.

def reinterpret(self, raw: Tensor, dtype: int, shape: List[int]) -> Tensor:
    return torch.reshape(torch.view_copy(raw, dtype=dtype), shape)

def convert(self, x: Tensor, dtype: int) -> Tensor:
    if x.dtype == 5 and dtype == 15:
        # Through float32, exact and several times as fast on a CPU as the direct conversion.
        return x.to(6).to(dtype)
    return x.to(dtype)

def as_float32(self, x: Tensor) -> Tensor:
    return x.to(6).contiguous()

def as_float64(self, x: Tensor) -> Tensor:
    return x.to(7).contiguous()

def as_int64(self, x: Tensor) -> Tensor:
    return x.to(4).contiguous()

def shaped(self, x: Tensor, shape: List[int]) -> Tensor:
    return x.reshape(shape)

def same(self, x: Tensor) -> Tensor:
    return x

def raw(self, x: Tensor) -> Tensor:
    return torch.view_copy(x.reshape([-1]).contiguous(), dtype=0)

def rows(self, x: Tensor, first: int, count: int) -> Tensor:
    return x[first:first + count]

def gather(self, x: Tensor, index: Tensor) -> Tensor:
    return torch.index_select(x, 0, index)

def replaced_rows(self, x: Tensor, index: Tensor, rows: Tensor) -> Tensor:
    return torch.index_copy(x, 0, index, rows.to(x.dtype))
