"""A tiny multilingual embedder in sentence-transformers' form, made on the spot: an XLM-RoBERTa with random weights and a Unigram tokenizer
that has seen English and German. What it ranks by is chance; that it loads, counts, cuts and embeds is what a real one does."""

from __future__ import annotations

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
WINDOW = 96
TEXTS = [
    "Tighten the terminal screws to 7 Nm. The pack is cooled by water and glycol.",
    "Ziehen Sie die Klemmschrauben mit 7 Nm an. Das Kühlmittel muss abkühlen, bevor der Deckel geöffnet wird.",
    "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ äöüß °%()-.,:",
]


def tiny_multilingual(folder: Path, *, window: int = WINDOW) -> Path:
    """The folder of the model."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(TEXTS * 20, trainers.UnigramTrainer(vocab_size=300, special_tokens=SPECIAL, unk_token="<unk>"))
    begin, end = ((one, tokenizer.token_to_id(one)) for one in ("<s>", "</s>"))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[begin, end])
    named = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", mask_token="<mask>", model_max_length=window, **named)
    torch.manual_seed(7)
    config = XLMRobertaConfig(
        vocab_size=len(fast), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=window + 2, pad_token_id=1, bos_token_id=0, eos_token_id=2, type_vocab_size=1,
    )  # fmt: skip
    bare = folder / "bare"
    XLMRobertaModel(config).save_pretrained(bare, safe_serialization=True)
    fast.save_pretrained(bare)
    made = folder / "tiny-multilingual"
    body = Transformer(str(bare), max_seq_length=window)
    SentenceTransformer(modules=[body, Pooling(32)], device="cpu").save(str(made))
    return made
