"""Settings: read once, checked once, unknown names refused."""

from __future__ import annotations

import pytest

from service.core.errors import SettingsError
from service.core.settings import Settings, environment_name, load


def test_defaults_need_no_environment() -> None:
    assert load({}) == Settings()


def test_the_environment_is_read_and_an_argument_wins() -> None:
    assert load({"EVDOCS_K_DENSE": "7"}).k_dense == 7
    assert load({"EVDOCS_K_DENSE": "7"}, k_dense=9).k_dense == 9
    assert load({"EVDOCS_K_DENSE": "7"}, k_dense=None).k_dense == 7


def test_an_empty_variable_is_no_value() -> None:
    assert load({"EVDOCS_PORT": ""}).port == Settings().port


def test_a_name_that_is_no_setting_is_an_error_that_names_it() -> None:
    with pytest.raises(SettingsError, match="EVDOCS_K_DENS"):
        load({"EVDOCS_K_DENS": "7"})


def test_other_programs_variables_are_none_of_our_business() -> None:
    assert load({"PATH": "x", "EVDOC": "y"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVDOCS_K_DENSE", "0"),
        ("EVDOCS_PORT", "70000"),
        ("EVDOCS_PRECISION", "fp8"),
        ("EVDOCS_DEADLINE_S", "nan"),
        ("EVDOCS_TRACE", "mail"),
    ],
)
def test_a_value_out_of_range_is_an_error_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load({name: value})


def test_a_wrong_secret_is_not_printed() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"EVDOCS_PORT": "hunter2"})
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(load({"EVDOCS_API_KEYS": "hunter2"}))


def test_every_setting_has_a_sentence_and_a_default() -> None:
    for name, field in Settings.model_fields.items():
        assert (field.description or "").endswith("."), environment_name(name)
        assert not field.is_required(), environment_name(name)
