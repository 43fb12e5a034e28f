import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlab.core.config import SETTINGS
from charlab.errors import ConfigError
from charlab.runs.typed_values import parse_number, parse_numbers, parse_setting, parse_whole_number


def temperatures(typed):
    return parse_numbers(typed, "Temperatures", (0, 20), "0.2, 0.5")


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("0.2, 0.5", (0.2, 0.5)),
        ("0.2,0.5", (0.2, 0.5)),
        ("0,0.5,1.3", (0, 0.5, 1.3)),
        ("1,2,3", (1, 2, 3)),
        ("0, 1", (0, 1)),
        ("0 , 1 ,2", (0, 1, 2)),
        ("1;2 3", (1, 2, 3)),
        ("0.2   0.5\t1.0\n1.5", (0.2, 0.5, 1.0, 1.5)),
        ("0.2; 0.5;1.0;", (0.2, 0.5, 1.0)),
        ("0,2; 0,5; 1,0", (0.2, 0.5, 1.0)),
        ("0,2;0,5;1", (0.2, 0.5, 1)),
        ("0,5;", (0.5,)),
        (";0,2;;0,5", (0.2, 0.5)),
        (",2; ,5", (0.2, 0.5)),
        ("0,2 0,5  1,0", (0.2, 0.5, 1.0)),
        ("0,2, 0,5, 1,0", (0.2, 0.5, 1.0)),
        ("0,2\t0,5\t1", (0.2, 0.5, 1)),
        ("0,2\r\n0,5\r\n1", (0.2, 0.5, 1)),
        ("0,2\u00a00,5", (0.2, 0.5)),
        ("0,2；0,5", (0.2, 0.5)),
        ("0.2，0.5、1", (0.2, 0.5, 1)),
        ("0,85", (0.85,)),  # 85 is above 20
        ("1,25", (1.25,)),
        ("0,05", (0.05,)),  # nobody types 05 for 5
        ("0,5; 1,25e0", (0.5, 1.25)),
        ("0.2, 0,5", None),
        ("0,5", None),
        ("1,0", None),
        ("0,5 1", None),
        ("0,1, 2", None),
        ("0.5 1,2", None),
        ("0,2,0,5", None),
        ("0,2,0,5,1,0", None),
    ],
)
def test_numbers_are_read_where_they_can_be_read_in_one_way_only(typed, wanted):
    if wanted is not None:
        assert temperatures(typed) == wanted
        return
    with pytest.raises(ConfigError, match="two ways"):
        temperatures(typed)


@pytest.mark.parametrize(
    ("typed", "first", "second"), [("0,5", "0; 5", "0.5"), ("0,2,0,5", "0; 2; 0; 5", "0.2; 0.5")]
)
def test_both_readings_are_shown_and_each_can_be_typed_as_it_is_shown(typed, first, second):
    with pytest.raises(ConfigError) as error:
        temperatures(typed)
    assert f"as {first} or as {second}." in str(error.value) and f"Received: {typed!r}" in str(error.value)
    assert temperatures(first) != temperatures(second)


@pytest.mark.parametrize("typed", ["", "  ", ";", "warm", "0.5 warm", "-1", "21", "0,5; 21", "nan", "inf"])
def test_what_is_no_list_of_numbers_is_refused_with_an_example(typed):
    with pytest.raises(ConfigError, match=r"from 0 to 20.*0\.2, 0\.5.*Received"):
        temperatures(typed)


NUMBERS = st.lists(st.integers(0, 2000).map(lambda number: number / 100), min_size=2, max_size=20)
COMMAS = st.sampled_from(["; ", ";", "\n", "\t", "   ", " ; ", ", "])
POINTS = st.sampled_from([",", ", ", "; ", ";", " ", "\n", "\t", " , "])


@given(NUMBERS, COMMAS)
def test_numbers_with_decimal_commas_come_back(numbers, between):
    typed = between.join(f"{number:.2f}".replace(".", ",") for number in numbers)
    assert temperatures(typed) == tuple(numbers)


@given(NUMBERS, POINTS)
def test_numbers_with_decimal_points_come_back(numbers, between):
    assert temperatures(between.join(f"{number:.2f}" for number in numbers)) == tuple(numbers)


@given(st.text("0123456789.,; \t\n-+e_", max_size=30) | st.text(max_size=30))
def test_whatever_is_typed_is_within_the_limits_or_refused_in_a_sentence(typed):
    try:
        found = temperatures(typed)
    except ConfigError as error:
        assert "Received: " in str(error)
    else:
        assert found and all(0 <= number <= 20 for number in found)
    for parse in (parse_number, parse_whole_number):
        try:
            assert abs(parse(typed, "This")) >= 0
        except ConfigError as error:
            assert "Received: " in str(error)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("0.8", 0.8),
        ("0,8", 0.8),
        (" 1,5 ", 1.5),
        (",5", 0.5),
        ("0,001", 0.001),
        ("-0,5", -0.5),
        ("1,5e-3", 0.0015),
        ("1e-3", 0.001),
        ("3", 3),
        ("1,000.5", 1000.5),
        ("1.000,5", 1000.5),
        ("1,000,000", 1e6),
        ("1٫5", 1.5),
    ],
)
def test_one_number(typed, wanted):
    assert parse_number(typed, "minutes") == wanted


def test_a_comma_before_three_digits_is_asked_about_unless_the_limits_tell():
    with pytest.raises(ConfigError, match="minutes can be read in two ways, as 1.5 or as 1500.*Received: '1,500'"):
        parse_number("1,500", "minutes", (0.05, 10_000))
    assert parse_number("1,500", "temperature", (0, 100)) == 1.5
    assert parse_number("1,500", "steps", (100, 10_000)) == 1500


@pytest.mark.parametrize("typed", ["", "hot", "0,5; 1", "1 5", "1,2,3", "nan", "inf", "1e999", "0,", "1.2.3"])
def test_what_is_no_number_is_refused_with_what_was_received(typed):
    with pytest.raises(ConfigError) as error:
        parse_number(typed, "temperature")
    assert str(error.value) == f"temperature must be a number. Received: {typed!r}."


def test_whole_numbers():
    assert [parse_whole_number(typed, "units") for typed in ("12", " 12 ", "10,000", "-3")] == [12, 12, 10_000, -3]
    for typed in ("1,5", "1.5", "12.0", "many", "", "1,0000"):
        with pytest.raises(ConfigError, match=f"units must be a whole number. Received: {typed!r}"):
            parse_whole_number(typed, "units")


@pytest.mark.parametrize(
    ("name", "typed", "wanted"),
    [
        ("seed_text", "12", "12"),
        ("seed_text", "true", "true"),
        ("seed_text", " none ", " none "),
        ("seed_text", "0,5", "0,5"),
        ("learning_rate", "0,001", 0.001),
        ("clip_norm", "none", None),
        ("clip_norm", "1,5", 1.5),
        ("patience", "None", None),
        ("units", "12", 12),
        ("kind", "lstm", "lstm"),
        *(("lower_case", word, True) for word in ("yes", "true", "True", "on")),
        *(("lower_case", word, False) for word in ("no", "false", "NO", "off")),
    ],
)
def test_a_setting_is_read_as_the_type_that_it_is_declared_with(name, typed, wanted):
    found = parse_setting(name, typed)
    assert found == wanted and type(found) is type(wanted)


@pytest.mark.parametrize("name", SETTINGS)
def test_no_setting_takes_what_its_type_does_not_allow(name):
    if SETTINGS[name].value_type is str:
        assert parse_setting(name, "perhaps") == "perhaps"
        return
    with pytest.raises(ConfigError, match=f"{name} must be .* Received: 'perhaps'"):
        parse_setting(name, "perhaps")
