# The vocabulary head, walked in slices of rows so that the logits of all tokens never exist at once.
# hidden is [tokens, hidden size] after the final norm, w["lm_head.weight"] one packed slice [rows, hidden size] of the
# head whose first row is token id `first`, targets [tokens] the ids to be predicted.
# State per token: log of the running sum of exp(logit), and the target's logit.

def predicting(self, hidden: Tensor) -> Tensor:
    # Every position but a window's last predicts the token after it.
    return hidden[:, :-1].reshape([-1, hidden.size(2)])

def start_scan(self, targets: Tensor) -> Dict[str, Tensor]:
    count = targets.size(0)
    return {
        "log_sum": torch.full([count], -1.0e38, dtype=7, device=targets.device),
        "target": torch.zeros([count], dtype=6, device=targets.device)
    }

def target_logits(self, logits: Tensor, before: Tensor, first: int, targets: Tensor) -> Tensor:
    local = targets - first
    inside = (local >= 0) & (local < logits.size(1))
    safe = torch.clamp(local, 0, logits.size(1) - 1)
    return torch.where(inside, torch.gather(logits, 1, safe.unsqueeze(1)).squeeze(1), before)

def scan(self, state: Dict[str, Tensor], hidden: Tensor, w: Dict[str, Tensor], first: int, targets: Tensor) -> Dict[str, Tensor]:
    logits = self.logits(hidden, w)
    target = self.target_logits(logits, state["target"], first, targets)
    # Any column gives the slice's log-sum; log_softmax is the one operator that makes a single pass of it.
    log_sum = logits[:, 0] - torch.log_softmax(logits, 1)[:, 0]
    return {"log_sum": torch.logaddexp(state["log_sum"], log_sum.to(7)), "target": target}

def negative_log_likelihood(self, state: Dict[str, Tensor]) -> Tensor:
    return state["log_sum"] - state["target"].to(7)

# Comparison of two heads over the same targets. With p the reference's and q the other's probabilities,
# KL(p || q) = sum p (l_p - l_q) - logsumexp(l_p) + logsumexp(l_q); "gap" is the running sum exp(l_p - max_p) (l_p - l_q).

def start_comparison(self, targets: Tensor) -> Dict[str, Tensor]:
    count = targets.size(0)
    least = torch.full([count], -1.0e38, dtype=6, device=targets.device)
    none = torch.zeros([count], dtype=7, device=targets.device)
    return {
        "p.maximum": least,
        "p.sum": none,
        "p.target": none.to(6),
        "q.maximum": least,
        "q.sum": none,
        "q.target": none.to(6),
        "gap": none,
        "p.top": torch.full([count], -1, dtype=4, device=targets.device),
        "q.top": torch.full([count], -1, dtype=4, device=targets.device)
    }

def compare(self, state: Dict[str, Tensor], p_logits: Tensor, q_logits: Tensor, first: int, targets: Tensor) -> Dict[str, Tensor]:
    # q_logits is used up.
    p_best, p_index = torch.max(p_logits, 1)
    q_best, q_index = torch.max(q_logits, 1)
    p_target = self.target_logits(p_logits, state["p.target"], first, targets)
    q_target = self.target_logits(q_logits, state["q.target"], first, targets)
    p_maximum = torch.maximum(state["p.maximum"], p_best)
    q_maximum = torch.maximum(state["q.maximum"], q_best)
    p_weighted = torch.exp(p_logits - p_maximum.unsqueeze(1))
    p_scale = torch.exp((state["p.maximum"] - p_maximum).to(7))
    q_scale = torch.exp((state["q.maximum"] - q_maximum).to(7))
    gap = torch.sum(p_weighted * (p_logits - q_logits), [1]).to(7)
    p_fresh = torch.sum(p_weighted, [1]).to(7)
    q_fresh = torch.sum(q_logits.sub_(q_maximum.unsqueeze(1)).exp_(), [1]).to(7)
    return {
        "p.maximum": p_maximum,
        "p.sum": state["p.sum"] * p_scale + p_fresh,
        "p.target": p_target,
        "q.maximum": q_maximum,
        "q.sum": state["q.sum"] * q_scale + q_fresh,
        "q.target": q_target,
        "gap": state["gap"] * p_scale + gap,
        "p.top": torch.where(p_best > state["p.maximum"], p_index + first, state["p.top"]),
        "q.top": torch.where(q_best > state["q.maximum"], q_index + first, state["q.top"])
    }

def comparison(self, state: Dict[str, Tensor]) -> Tensor:
    # [4, tokens]: negative log-likelihood of p and of q, KL(p || q), 1 where the most likely tokens agree.
    p_log = state["p.maximum"].to(7) + torch.log(state["p.sum"])
    q_log = state["q.maximum"].to(7) + torch.log(state["q.sum"])
    kl = state["gap"] / state["p.sum"] - p_log + q_log
    agree = (state["p.top"] == state["q.top"]).to(7)
    return torch.stack([p_log - state["p.target"].to(7), q_log - state["q.target"].to(7), kl, agree])

def positions(self, hidden: Tensor, first: int, count: int) -> Tensor:
    # Rows first to first + count of all windows laid end to end.
    return hidden.reshape([-1, hidden.size(-1)])[first:first + count]

def logits(self, hidden: Tensor, w: Dict[str, Tensor]) -> Tensor:
    return self.linear(hidden, w, "lm_head").to(6)
