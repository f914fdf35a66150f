"""The Embedder contract, on the packaged MiniLM in both precisions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from service.adapters.embedder import SentenceTransformerEmbedder
from service.core.ports import Embedder

TEXTS = ["Tighten the terminal screws to 7 Nm.", "short", "", "电池 電池 Ω", "coolant pump relay " * 60, "lone \ud800 surrogate"]


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return SentenceTransformerEmbedder("minilm", precision=request.param, threads=1, allow_hub=False)


def test_vectors_are_float32_rows_of_length_one(embedder: Embedder) -> None:
    for vectors in (embedder.embed_passages(TEXTS), embedder.embed_queries(TEXTS)):
        assert vectors.shape == (len(TEXTS), embedder.dimensions)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == embedder.embed_queries([]).shape == (0, embedder.dimensions)
    assert embedder.count_tokens([]) == []


def test_rows_keep_the_order_of_texts_of_mixed_length(embedder: Embedder) -> None:
    texts = [f"{'relay ' * (place * 7 % 31)}number {place}" for place in range(40)]
    together = embedder.embed_passages(texts)
    alone = np.vstack([embedder.embed_passages([text]) for text in texts])
    assert (together * alone).sum(axis=1).min() > 0.999
    assert (together @ alone.T).argmax(axis=1).tolist() == list(range(40))


def test_the_nearest_passage_is_the_one_about_the_question(embedder: Embedder) -> None:
    passages = [
        "Charge the vehicle at a public station.",
        "The bolts of the module cover are tightened to 12 Nm.",
        "Coolant must be replaced every year.",
    ]
    query = embedder.embed_queries(["tightening torque of the cover bolts"])[0]
    assert int((embedder.embed_passages(passages) @ query).argmax()) == 1


def test_tokens_are_counted_with_special_tokens_and_never_cut(embedder: Embedder) -> None:
    counts = embedder.count_tokens(TEXTS)
    assert counts[1:3] == [3, 2]  # [CLS] short [SEP]
    assert counts[4] == 242
    assert embedder.count_tokens(["relay " * 5000])[0] > embedder.max_tokens * 10
    assert embedder.count_tokens(TEXTS) == counts == [embedder.count_tokens([text])[0] for text in TEXTS]


def test_text_beyond_the_window_does_not_change_the_vector(embedder: Embedder) -> None:
    inside = "relay " * (embedder.max_tokens - 2)
    assert embedder.count_tokens([inside]) == [embedder.max_tokens]
    one, two = embedder.embed_passages([inside, inside + "torque " * 50])
    assert float(one @ two) > 0.9999


def test_counting_does_not_change_what_embedding_cuts(embedder: Embedder) -> None:
    long = "torque of the relay " * 200
    before = embedder.embed_passages([long])
    embedder.count_tokens([long])
    assert np.array_equal(embedder.embed_passages([long]), before)


def test_reading_gives_the_vectors_of_embedding_and_unit_token_vectors(embedder: Embedder) -> None:
    for read, embed in ((embedder.read_queries, embedder.embed_queries), (embedder.read_passages, embedder.embed_passages)):
        made = read(TEXTS)
        assert (made.vectors * embed(TEXTS)).sum(axis=1).min() > 0.9999
        assert len(made.tokens) == len(TEXTS)
        for text in made.tokens:
            assert text.ids.dtype == np.int32
            assert text.vectors.shape == (len(text.ids), embedder.late_dimensions)
    for text in embedder.read_queries(TEXTS).tokens:
        assert text.vectors.dtype == np.float32
        assert np.linalg.norm(text.vectors, axis=1) == pytest.approx(np.ones(len(text.ids)), abs=1e-5)
    for text in embedder.read_passages(TEXTS).tokens:
        assert text.vectors.dtype == np.int8
        assert (np.abs(text.vectors.astype(int)).max(1, initial=0) == 127).all()


def test_stop_words_and_punctuation_have_no_vectors_unless_a_question_has_nothing_else(embedder: Embedder) -> None:
    plain, wordy = embedder.read_passages(["torque terminal screws", "The torque of the terminal, and of its screws!"]).tokens
    assert plain.ids.tolist() == wordy.ids.tolist()
    assert len(embedder.read_passages(["what is it?"]).tokens[0].ids) == 0
    assert len(embedder.read_queries(["what is it?"]).tokens[0].ids) == 4
    assert len(embedder.read_queries([""]).tokens[0].ids) == 0


def test_a_word_of_a_question_is_nearest_to_the_same_word_of_a_passage(embedder: Embedder) -> None:
    passage = embedder.read_passages(["Tighten the terminal screws to 7 Nm before filling the coolant circuit."]).tokens[0]
    question = embedder.read_queries(["coolant screws"]).tokens[0]
    nearest = (question.vectors @ passage.vectors.astype(np.float32).T).argmax(1)
    assert passage.ids[nearest].tolist() == question.ids.tolist()


def test_reading_no_texts_gives_no_rows(embedder: Embedder) -> None:
    made = embedder.read_passages([])
    assert made.vectors.shape == (0, embedder.dimensions)
    assert list(made.tokens) == []


def test_several_threads_get_the_same_vectors(embedder: Embedder) -> None:
    texts = [f"relay {place} " * (place + 1) for place in range(8)]
    alone = [embedder.embed_queries([text]) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: (embedder.embed_queries([text]), embedder.count_tokens([text])), texts))
    for (vectors, counts), wanted, text in zip(together, alone, texts, strict=True):
        assert np.array_equal(vectors, wanted)
        assert counts == embedder.count_tokens([text])


def test_a_question_read_again_is_the_same_and_another_one_is_not(embedder: Embedder) -> None:
    one, other = embedder.read_queries(["terminal screws"]), embedder.read_queries(["coolant"])
    again = embedder.read_queries(["terminal screws"])
    assert np.array_equal(one.vectors, again.vectors)
    assert not np.array_equal(one.vectors, other.vectors)


def test_token_places_are_the_words_that_token_vectors_stand_for(embedder: Embedder) -> None:
    long = "torque of the relay " * (embedder.max_tokens // 2)
    texts = ["The torque of the terminal screws is 7 Nm.", "", long]
    read = embedder.read_passages(texts).tokens
    places = embedder.token_places(texts)
    assert [len(own) for own in places] == [len(text.ids) for text in read]
    words = [texts[0][start:end] for start, end in places[0]]
    assert {"torque", "terminal", "7"} <= set(words)
    assert not {"the", "The", "of", "."} & set(words)
