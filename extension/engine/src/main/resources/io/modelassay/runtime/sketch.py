# Sketches of tensors: a few sums with random signs, by which two tensors that are never in one process can be compared.
# For sketches s and t of x and y, the mean of (s - t) ** 2 estimates |x - y| ** 2 (Alon, Matias, Szegedy 1996).

def mixed(self, index: Tensor) -> Tensor:
    # The same bits in every version of every library: a multiplication and two shifts, in wrapping 64-bit integers.
    word = (index + 1) * -7046029254386353131
    word = torch.bitwise_xor(word, torch.bitwise_right_shift(word, 29))
    return word * -4658895280553007687

def sketch(self, x: Tensor, sums: int) -> Tensor:
    # float64 [2 + sums]: the Frobenius norm, the largest magnitude, then the signed sums.
    flat = x.reshape([-1])
    block = 65536
    total = torch.zeros([sums], dtype=7, device=x.device)
    squares = torch.zeros([1], dtype=7, device=x.device)
    largest = torch.zeros([1], dtype=7, device=x.device)
    rows = torch.arange(sums, device=x.device).reshape([-1, 1]) + 16
    at = 0
    while at < flat.size(0):
        values = flat[at:at + block].to(6).to(7)
        word = self.mixed(torch.arange(at, at + values.size(0), device=x.device))
        signs = torch.bitwise_and(torch.bitwise_right_shift(word.reshape([1, -1]), rows), 1).to(7) * 2 - 1
        total = total + torch.mv(signs, values)
        squares = squares + torch.sum(values * values)
        largest = torch.maximum(largest, torch.amax(torch.abs(values)))
        at += block
    return torch.cat([torch.sqrt(squares), largest, total])
