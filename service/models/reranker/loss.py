"""What the cross-encoder is taught: the teacher's order, the gold passage, and whether a passage answers.

In: logits (pairs, 2), relevance and answerability, of the lists of a batch. Out: one loss. It must not know texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Taught:
    """What one list teaches. `teacher`: scores whose softmax is the wished order. `gold`: places to be ranked first (may be none).
    `answers`: 1, 0 or -1 (nothing known) of each."""

    teacher: Tensor
    gold: Tensor
    answers: Tensor


def listwise(logits: Tensor, lists: Sequence[Taught], *, gold_weight: float = 1.0, answer_weight: float = 1.0) -> dict[str, Tensor]:
    """Mean over the lists of: `order`, Kullback-Leibler from the teacher's softmax to the relevance's (Hinton et al. 2015); `gold`,
    cross-entropy of the gold places among the list; `answers`, binary cross-entropy of the second output; `all`, their weighted sum.
    Lists lie end to end in `logits`."""
    order, gold, answers = [], [], []
    parts_of = logits.split([len(taught.teacher) for taught in lists])  # type: ignore[no-untyped-call]
    for part, taught in zip(parts_of, lists, strict=True):
        shares = functional.log_softmax(part[:, 0], 0)
        order.append(functional.kl_div(shares, functional.log_softmax(taught.teacher, 0), log_target=True, reduction="sum"))
        if len(taught.gold):
            gold.append(-torch.logsumexp(shares[taught.gold], 0))
        known = taught.answers >= 0
        if known.any():
            answers.append(functional.binary_cross_entropy_with_logits(part[known, 1], taught.answers[known]))
    none = logits.sum() * 0
    parts = {
        "order": torch.stack(order).mean(),
        "gold": torch.stack(gold).sum() / len(lists) if gold else none,
        "answers": torch.stack(answers).sum() / len(lists) if answers else none,
    }
    parts["all"] = parts["order"] + gold_weight * parts["gold"] + answer_weight * parts["answers"]
    return parts
