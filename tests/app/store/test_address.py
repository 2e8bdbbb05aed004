import pytest

from app.errors import DatabaseError
from app.store.address import Address


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_the_usual_schemes_mean_the_same(scheme: str) -> None:
    address = Address.parse(f"{scheme}://me:secret@db.example:6432/log")

    assert address == Address("postgresql://me:secret@db.example:6432/log")


def test_what_the_driver_reads_is_passed_on() -> None:
    url = "postgresql://db/log?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"

    assert Address.parse(url).dsn == url


def test_what_only_libpq_reads_is_left_out() -> None:
    address = Address.parse("postgresql://db/log?channel_binding=require&connect_timeout=3&a=b")

    assert address.dsn == "postgresql://db/log?a=b"


def test_a_pooler_between_us_and_the_server_is_announced() -> None:
    address = Address.parse("postgresql://db/log?pgbouncer=true")

    assert address == Address("postgresql://db/log", pooled=True)


def test_several_hosts_may_be_named() -> None:
    url = "postgresql://me@one:5432,two:5433/log?target_session_attrs=read-write"

    assert Address.parse(url).dsn == url


def test_an_address_without_a_host_keeps_its_shape() -> None:
    assert Address.parse("postgresql:///log?host=/run").dsn == "postgresql:///log?host=%2Frun"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql://me:hunter2@db/log",
        "db:5432",
        "postgresql://[::1/log",
        "postgresql://db:hunter2/log",
        "postgresql://db/?=&&",
    ],
)
def test_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(DatabaseError, match="PENSTOCK_DATABASE_URL") as caught:
        Address.parse(url)

    assert "hunter2" not in caught.value.message


def test_a_password_is_not_shown() -> None:
    assert "hunter2" not in repr(Address.parse("postgresql://me:hunter2@db/log"))
