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
    # The Hessian of the squared output error, in the place of the sum: 2/n times it, symmetric.
    channels = h.size(0)
    step = max(256, (channels + 7) // 8)
    for first in range(0, channels, step):
        last = min(first + step, channels)
        h[last:, first:last] = torch.transpose(h[first:last, last:], 0, 1)
    return h.mul_(2.0 / samples)

def dead(self, h: Tensor) -> Tensor:
    return torch.diagonal(h) == 0

def energy(self, h: Tensor) -> Tensor:
    # Of each channel; those without count as one, and their weights are set to zero.
    return torch.diagonal(h) + self.dead(h).to(h.dtype)

def order(self, h: Tensor, options: Dict[str, int]) -> Tensor:
    energy = self.energy(h)
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

def largest(self, h: Tensor) -> Tensor:
    # Of the diagonal; not finite where a value of the inputs is not.
    return torch.amax(torch.abs(torch.diagonal(h)), [0])

def factor(self, h: Tensor, order: Tensor, damping: float, floor: float) -> Tensor:
    # The lower triangle L with LL' = h + damping * mean(diagonal) * I, its channels in the reverse of this order; empty where
    # that is not positive definite. A floor is added to the diagonal first, and no value of it stays below.
    energy = self.energy(h)
    if floor > 0:
        energy = (energy + floor).clamp_min_(floor)
    energy = energy + torch.mean(energy) * damping
    back = torch.flip(order, [0])
    flipped = torch.index_select(torch.index_select(h, 0, back), 1, back)
    torch.diagonal(flipped).copy_(torch.index_select(energy, 0, back))
    l, info = torch.linalg_cholesky_ex(flipped)
    if int(info) != 0:
        return torch.empty([0], dtype=h.dtype, device=h.device)
    return l

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

def solve(self, w: Tensor, h: Tensor, order: Tensor, l: Tensor, options: Dict[str, int]) -> Dict[str, Tensor]:
    # The weights lie transposed, [in, out], so that a channel is a row. With M the triangle L turned about, so that its
    # channels are in the order in which they are quantized and MM' is the damped Hessian: within a block of channels each
    # error is passed on at once, by the inverse of M's block, which is that of GPTQ's factor. What earlier blocks pass on
    # to channels r is solved from M: with D what has been lost in channels that are done, D M[done, r] = y M[r, r].
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
    # In the order of L.
    passed = torch.zeros_like(x)
    codes = torch.empty([channels, w.size(0)], dtype=0, device=w.device)
    loss = torch.zeros([], dtype=6, device=w.device)
    diagonal = annotate(List[float], torch.flip(torch.diagonal(l), [0]).tolist())
    errors = torch.empty([block, w.size(0)], dtype=6, device=w.device)
    decoded = torch.empty([block, w.size(0)], dtype=6, device=w.device)
    for first in range(0, channels, block):
        end = min(first + block, channels)
        width = end - first
        # As far as the groups that begin in this block reach.
        reach = end
        if options["static"] == 0 and (end - 1) // group * group >= first:
            reach = min(((end - 1) // group + 1) * group, channels)
        now = x[first:reach].clone()
        if first > 0:
            own = l[channels - reach:channels - first, channels - reach:channels - first]
            upper = torch.transpose(own, 0, 1)
            from_before = torch.linalg_solve_triangular(upper, passed[channels - reach:channels - first], upper=True)
            now.add_(torch.flip(from_before, [0]))
        # A group that begins within the block takes its grid from the weights as they are before the block, as in the tools.
        before = now
        if group < block or first % group != 0:
            before = now.clone()
        eye = torch.eye(width, dtype=6, device=w.device)
        m = torch.flip(l[channels - end:channels - first, channels - end:channels - first], [0, 1])
        u = torch.linalg_solve_triangular(m, eye, upper=True)
        for start in range(0, width, inner):
            stop = min(start + inner, width)
            for j in range(start, stop):
                g = owners[first + j]
                if options["static"] == 0 and (first + j) % group == 0:
                    s, z = self.group_grid(before[j:j + group], options)
                    scales[g] = s
                    zeros[g] = z
                q = self.code(now[j], scales[g], zeros[g], levels)
                codes[first + j] = q
                d = decoded[j]
                torch.sub(q, zeros[g], out=d)
                d.mul_(scales[g])
                e = errors[j]
                torch.sub(now[j], d, out=e)
                e.mul_(diagonal[first + j])
                if j + 1 < stop:
                    now[j + 1:stop].addr_(u[j, j + 1:stop], e, beta=1, alpha=-1)
            if stop < width:
                now[stop:width].addmm_(torch.transpose(u[start:stop, stop:], 0, 1), errors[start:stop], beta=1, alpha=-1)
        done = errors[:width]
        loss = loss + torch.sum(done * done) / 2
        if end < channels:
            lost = torch.flip(x[first:end] - decoded[:width], [0])
            later = l[channels - end:channels - first, :channels - end]
            passed[:channels - end].addmm_(torch.transpose(later, 0, 1), lost)
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
    # The squared error of the output, trace(E h E'), and the squared output, trace(w h w'), over some of the outputs, the fewer the
    # more the inputs: all of small modules, 128 of large ones.
    most = max(128, 500000 // w.size(1))
    step = (w.size(0) + most - 1) // most
    some = w[0:w.size(0):step].contiguous()
    off = decoded[0:w.size(0):step] - some
    wrong = torch.sum(torch.matmul(off, h) * off)
    return torch.stack([wrong, torch.sum(torch.matmul(some, h) * some)])
