from app.retrieval.words import index_words


def test_words_are_stemmed_and_common_ones_left_out() -> None:
    assert index_words("How do I add the Filters?") == ["add", "filter"]
    assert index_words("adding a filter, indexed") == ["add", "filter", "index"]
    assert index_words("what is it") == []


def test_identifiers_count_whole_and_by_their_parts() -> None:
    assert set(index_words("PENSTOCK_HOME")) == {"penstock_home", "penstock", "home"}
    assert {"penstock.toml", "penstock", "toml"} == set(index_words("penstock.toml"))
    assert {"sourcestore", "store"} < set(index_words("SourceStore"))
    assert {"filters/__init__.py", "init", "py"} < set(index_words("`filters/__init__.py`."))
    assert index_words("--reindex") == ["reindex"]


def test_accents_do_not_matter() -> None:
    assert index_words("Café naïve") == index_words("cafe naive")
