import json
import re
from itertools import pairwise

import pytest
from pydantic import ValidationError

from tooling.seed.data import CITIES, DATA, CitySeed, load_cities, load_city

MINIMUM = {"heidelberg": (65, 9), "ladenburg": (20, 6)}
cities = pytest.mark.parametrize("seed", load_cities(), ids=CITIES)


def words_of(seed: CitySeed) -> str:
    return "\n".join(
        f"{x.title} {x.summary} {x.description} {x.address and x.address.street}" for x in seed.listings
    )


@cities
def test_a_city_has_enough_listings_in_enough_categories_with_sub_categories(seed: CitySeed) -> None:
    listings, categories = MINIMUM[seed.city.slug]
    assert len(seed.listings) >= listings
    assert len(seed.categories) >= categories
    assert all(category.children for category in seed.categories)


@cities
def test_every_sub_category_has_at_least_one_listing(seed: CitySeed) -> None:
    used = {listing.category for listing in seed.listings}
    assert {child.slug for category in seed.categories for child in category.children} == used


@cities
def test_categories_are_numbered_in_the_order_in_which_they_stand(seed: CitySeed) -> None:
    for level in (seed.categories, *(category.children for category in seed.categories)):
        assert [category.order for category in level] == list(range(1, len(level) + 1))


@cities
@pytest.mark.parametrize("pattern", [r"\bBibliothek\b", r"[Ss]traße", r"\bSchwimmbad\b"])
def test_the_words_of_the_demonstration_can_be_found(seed: CitySeed, pattern: str) -> None:
    assert re.search(pattern, words_of(seed))


@cities
def test_descriptions_are_two_to_four_sentences_and_summaries_are_one_short_line(seed: CitySeed) -> None:
    for listing in seed.listings:
        sentences = re.findall(r"[^.!?]{15,}[.!?](?=\s|$)", listing.description)
        assert 2 <= len(sentences) <= 5, listing.slug
        assert len(listing.summary) <= 100, listing.slug


@cities
def test_the_city_and_its_town_hall_lie_within_its_bounds(seed: CitySeed) -> None:
    assert seed.city.bounds.contains(seed.city.centre)
    assert next(listing for listing in seed.listings if listing.slug == "rathaus").location is not None


@cities
def test_postcodes_belong_to_the_city(seed: CitySeed) -> None:
    own = {"heidelberg": re.compile(r"691(15|17|18|20|21|23|24|26)"), "ladenburg": re.compile(r"68526")}[
        seed.city.slug
    ]
    for listing in seed.listings:
        if listing.address:
            assert own.fullmatch(listing.address.postcode), listing.slug
            assert listing.address.city == seed.city.name


@cities
def test_only_emergency_numbers_have_neither_address_nor_location(seed: CitySeed) -> None:
    nowhere = [listing for listing in seed.listings if listing.location is None]
    assert all(listing.address is None and listing.category == "notdienste" for listing in nowhere)


@cities
def test_nobody_is_named_by_a_personal_mail_address(seed: CitySeed) -> None:
    for listing in seed.listings:
        mailbox = (listing.contact.email or "stadt@").partition("@")[0]
        assert "." not in mailbox, listing.slug


@cities
def test_opening_hours_run_forwards_day_by_day(seed: CitySeed) -> None:
    for listing in seed.listings:
        for intervals in listing.opening_hours.days.values():
            clocks = [clock for interval in intervals for clock in interval]
            assert all(a < b for a, b in pairwise(clocks)), listing.slug


@cities
def test_documents_are_german_texts_of_a_readable_length_with_headings(seed: CitySeed) -> None:
    assert seed.documents
    for document in seed.documents:
        assert 300 <= len(re.findall(r"\w+", document.text)) <= 900, document.file
        assert document.text.startswith("# ")
        assert len(re.findall(r"^## ", document.text, re.MULTILINE)) >= 4


def test_every_document_belongs_to_exactly_one_city() -> None:
    named = [document.file for seed in load_cities() for document in seed.documents]
    assert sorted(named) == sorted(path.name for path in (DATA / "documents").glob("*.md"))


def test_the_fees_for_an_identity_card_are_those_of_the_regulation() -> None:
    text = (DATA / "documents" / "personalausweis.md").read_text("utf-8")
    assert re.search(r"Ab 24 Jahren kostet der Personalausweis 46,00 Euro", text)
    assert re.search(r"unter 24 Jahren kostet der Personalausweis 27,60 Euro", text)


def test_a_city_that_is_not_in_the_seed_is_refused() -> None:
    with pytest.raises(KeyError):
        load_city("../../etc/passwd")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: data["listings"].append(data["listings"][0]), "occur twice"),
        (lambda data: data["listings"][0].update(category="unbekannt"), "no sub-category"),
        (lambda data: data["listings"][0].update(location={"lat": 52.52, "lon": 13.4}), "lies outside"),
        (lambda data: data["listings"][0].update(opening_hours={"days": {}, "note": None}), "need a note"),
        (
            lambda data: data["listings"][0]["opening_hours"].update(days={"monday": [["12:00", "08:00"]]}),
            "backwards",
        ),
        (
            lambda data: data["listings"][0]["opening_hours"].update(days={"montag": [["08:00", "12:00"]]}),
            "monday",
        ),
        (lambda data: data["listings"][0].update(owner="Erika Mustermann"), "Extra inputs"),
        (lambda data: data["city"].update(time_zone="Europe/Heidelberg"), "Heidelberg"),
    ],
)
def test_data_that_contradict_themselves_are_refused(change, complaint: str) -> None:
    data = load_city("ladenburg").model_dump(mode="json")
    change(data)
    with pytest.raises(ValidationError, match=complaint):
        CitySeed.model_validate_json(json.dumps(data))
