# GPTQ (Frantar et al., 2022) for one linear module: weights w [out, in], inputs x [..., in].
# Options: bits, group (input channels that share a scale, -1 for all), symmetric, type (of the stored scales),
# order (0 channels as they are; 1 by falling energy of their inputs; 2 the same within groups, and the groups by their
# strongest channel), static (1: every group's grid comes from the weights before any error is passed on), search (1: each
# grid is the one of least error among shrunken ranges).

def no_inputs(self, x: Tensor) -> Tensor:
    return torch.zeros([x.size(-1), x.size(-1)], dtype=6, device=x.device)

def add_inputs(self, h: Tensor, x: Tensor) -> Tensor:
    # h += x'x in place, of which only the upper block triangle is computed.
    flat = x.reshape([-1, x.size(-1)]).to(6)
    channels = flat.size(1)
    step = max(256, (channels + 7) // 8)
    for first in range(0, channels, step):
        last = min(first + step, channels)
        h[first:last, first:].addmm_(torch.transpose(flat[:, first:last], 0, 1), flat[:, first:])
    return h

def completed(self, h: Tensor, samples: int) -> Tensor:
    # The Hessian of the squared output error: 2/n times the sum of x'x, symmetric.
    upper = torch.triu(h)
    return (upper + torch.transpose(torch.triu(h, 1), 0, 1)).mul_(2.0 / samples)

def dead(self, h: Tensor) -> Tensor:
    return torch.diagonal(h) == 0

def revived(self, h: Tensor) -> Tensor:
    # Channels without energy get an energy of one; their weights are set to zero.
    return h + torch.diag(self.dead(h).to(h.dtype))

def order(self, h: Tensor, options: Dict[str, int]) -> Tensor:
    energy = torch.diagonal(h)
    if options["order"] == 1:
        return torch.argsort(energy, stable=True, dim=0, descending=True)
    group = options["group"]
    if options["order"] == 2 and group > 0 and energy.numel() % group == 0:
        groups = energy.reshape([-1, group])
        within = torch.argsort(groups, stable=True, dim=1, descending=True)
        strongest = torch.argsort(torch.amax(groups, [1]), stable=True, dim=0, descending=True)
        starts = torch.arange(groups.size(0), device=h.device).unsqueeze(1) * group
        return torch.index_select(within + starts, 0, strongest).reshape([-1])
    return torch.arange(energy.numel(), device=h.device)

def inverse_of_lower(self, l: Tensor) -> Tensor:
    # In the place of l. Blocks on the diagonal first, then by doubling: [[A, 0], [B, C]] has the inverse
    # [[A', 0], [-C'BA', C']].
    n = l.size(0)
    width = 128
    for first in range(0, n, width):
        block = l[first:first + width, first:first + width]
        eye = torch.eye(block.size(0), dtype=l.dtype, device=l.device)
        l[first:first + width, first:first + width] = torch.linalg_solve_triangular(block, eye, upper=False)
    while width < n:
        for first in range(0, n - width, 2 * width):
            middle = first + width
            last = min(middle + width, n)
            a = l[first:middle, first:middle]
            c = l[middle:last, middle:last]
            l[middle:last, first:middle] = torch.matmul(c, torch.matmul(l[middle:last, first:middle], a)).neg_()
        width = 2 * width
    return l

def largest(self, h: Tensor) -> Tensor:
    # Of the diagonal; not finite where a value of the inputs is not.
    return torch.amax(torch.abs(torch.diagonal(h)), [0])

def factor(self, h: Tensor, order: Tensor, damping: float, floor: float) -> Tensor:
    # The upper triangle U with U'U the inverse of h + damping * mean(diagonal) * I in this order of channels; empty where
    # that is not positive definite. With the order reversed, h = LL' gives U = L^-1 reversed back: one factorization.
    # A floor is added to the diagonal first, and no value of it stays below.
    back = torch.flip(order, [0])
    flipped = torch.index_select(torch.index_select(h, 0, back), 1, back)
    diagonal = torch.diagonal(flipped)
    if floor > 0:
        diagonal.add_(floor).clamp_min_(floor)
    diagonal.add_(torch.mean(diagonal) * damping)
    l, info = torch.linalg_cholesky_ex(flipped)
    if int(info) != 0:
        return torch.empty([0], dtype=h.dtype, device=h.device)
    return torch.flip(self.inverse_of_lower(l), [0, 1]).contiguous()

def nothing_passed_on(self, h: Tensor) -> Tensor:
    # With this in the place of factor's result, solve rounds to nearest.
    return torch.eye(h.size(0), dtype=h.dtype, device=h.device)

def group_grid(self, w: Tensor, options: Dict[str, int]) -> Tuple[Tensor, Tensor]:
    # w is [channels of one group, out].
    levels = (1 << options["bits"]) - 1
    low = torch.amin(w, [0])
    high = torch.amax(w, [0])
    scales, zeros = self.grid(low, high, levels, options["symmetric"], options["type"])
    if options["search"] == 1:
        least = torch.full_like(scales, 1.0e30)
        best_scales = scales
        best_zeros = zeros
        for i in range(80):
            part = 1 - i / 100
            scales, zeros = self.grid(low * part, high * part, levels, options["symmetric"], options["type"])
            off = (self.code(w, scales, zeros, levels) - zeros) * scales - w
            error = torch.sum(torch.pow(torch.abs(off), 2.4), [0])
            better = error < least
            least = torch.where(better, error, least)
            best_scales = torch.where(better, scales, best_scales)
            best_zeros = torch.where(better, zeros, best_zeros)
        return best_scales, best_zeros
    return scales, zeros

def solve(self, w: Tensor, h: Tensor, order: Tensor, u: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    # Column by column, the error of each passed on to those that follow; within a block of channels at once, to later
    # blocks by one product. The weights lie transposed, [in, out], so that a channel is a row.
    levels = (1 << options["bits"]) - 1
    channels = w.size(1)
    group = options["group"]
    if group <= 0:
        group = channels
    block = 128
    inner = 32
    natural = torch.transpose(w, 0, 1).masked_fill(self.dead(h).unsqueeze(1), 0)
    groups = (channels + group - 1) // group
    scales = torch.empty([groups, w.size(0)], dtype=6, device=w.device)
    zeros = torch.empty([groups, w.size(0)], dtype=6, device=w.device)
    if options["static"] == 1:
        for g in range(groups):
            s, z = self.group_grid(natural[g * group:(g + 1) * group], options)
            scales[g] = s
            zeros[g] = z
    follows = options["order"] == 1 and options["static"] == 0
    owner = torch.floor_divide(order, group)
    if follows:
        owner = torch.floor_divide(torch.arange(channels, device=w.device), group)
    owners = annotate(List[int], owner.tolist())
    x = torch.index_select(natural, 0, order)
    codes = torch.empty([channels, w.size(0)], dtype=0, device=w.device)
    loss = torch.zeros([], dtype=6, device=w.device)
    diagonal = annotate(List[float], torch.diagonal(u).tolist())
    errors = torch.empty([block, w.size(0)], dtype=6, device=w.device)
    for first in range(0, channels, block):
        end = min(first + block, channels)
        # A group that begins within the block takes its grid from the weights as they were before the block, as the
        # tools do.
        before = x[first:first]
        if group < block or first % group != 0:
            before = x[first:end + group].clone()
        for start in range(first, end, inner):
            stop = min(start + inner, end)
            for j in range(start, stop):
                g = owners[j]
                if options["static"] == 0 and j % group == 0:
                    own = x[j:j + group]
                    if j > first:
                        own = before[j - first:j - first + group]
                    s, z = self.group_grid(own, options)
                    scales[g] = s
                    zeros[g] = z
                q = self.code(x[j], scales[g], zeros[g], levels)
                codes[j] = q
                e = errors[j - first]
                torch.sub(x[j], (q - zeros[g]).mul_(scales[g]), out=e)
                e.div_(diagonal[j])
                if j + 1 < stop:
                    x[j + 1:stop].addr_(u[j, j + 1:stop], e, beta=1, alpha=-1)
            if stop < end:
                x[stop:end].addmm_(torch.transpose(u[start:stop, stop:end], 0, 1), errors[start - first:stop - first], beta=1, alpha=-1)
        done = errors[:end - first]
        loss = loss + torch.sum(done * done) / 2
        if end < channels:
            x[end:].addmm_(torch.transpose(u[first:end, end:], 0, 1), done, beta=1, alpha=-1)
    places = torch.argsort(order)
    index = torch.index_select(owner, 0, places)
    codes = torch.transpose(torch.index_select(codes, 0, places), 0, 1).contiguous()
    return {
        "codes": codes,
        "scales": torch.transpose(scales, 0, 1).contiguous(),
        "zeros": torch.transpose(zeros, 0, 1).to(0).contiguous(),
        "g_idx": index.to(3),
        "loss": loss
    }

def output_error(self, w: Tensor, decoded: Tensor, h: Tensor) -> Tensor:
    # Share of the squared output that is error: trace(E h E') / trace(w h w').
    off = decoded - w
    wrong = torch.sum(torch.matmul(off, h) * off)
    return wrong / torch.sum(torch.matmul(w, h) * w)
