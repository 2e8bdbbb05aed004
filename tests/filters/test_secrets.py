"""Secrets are found by their form or by what they are called; ordinary text holds none."""

from __future__ import annotations

import random
import string
from pathlib import Path
from typing import Any

import pytest

from app.store.keys import MARK
from app.testing.conformance import check_filter
from filters.secrets import Secrets, SecretsOptions
from tests.filters.items import found, item, judged, rewritten

DRAW = random.Random(7)  # noqa: S311 - none of these opens anything
ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
BASE64 = ALNUM + "+/"
BASE32 = string.ascii_uppercase + "234567"


def drawn(count: int, alphabet: str = ALNUM) -> str:
    return "".join(DRAW.choices(alphabet, k=count))


PEM = "-----BEGIN {0}-----\n" + "\n".join(drawn(64) for _ in range(50)) + "\n-----END {0}-----"
SECRETS = [
    ("aws_access_key", "AKIA" + drawn(16, BASE32)),
    ("google_api_key", "AIza" + drawn(35)),
    ("google_oauth", "GOCSPX-" + drawn(28)),
    ("digitalocean_token", "dop_v1_" + drawn(64, HEX)),
    ("openai_key", "sk-proj-" + drawn(74)),
    ("openai_key", "sk-" + drawn(20) + "T3BlbkFJ" + drawn(20)),
    ("anthropic_key", "sk-ant-api03-" + drawn(93) + "AA"),
    ("huggingface_token", "hf_" + drawn(34)),
    ("model_host_key", "gsk_" + drawn(52)),
    ("databricks_token", "dapi" + drawn(32, HEX)),
    ("github_token", "ghp_" + drawn(36)),
    ("github_token", "github_pat_" + drawn(22) + "_" + drawn(59)),
    ("gitlab_token", "glpat-" + drawn(20)),
    ("npm_token", "npm_" + drawn(36)),
    ("pypi_token", "pypi-AgEIcHlwaS5vcmc" + drawn(120)),
    ("docker_token", "dckr_pat_" + drawn(27)),
    ("vault_token", "hvs." + drawn(90)),
    ("atlassian_token", "ATATT3" + drawn(186)),
    ("service_token", "lin_api_" + drawn(40)),
    ("service_token", MARK + drawn(43)),
    ("slack_token", "xoxb-" + drawn(12, string.digits) + "-" + drawn(24)),
    (
        "webhook",
        "https://hooks.slack.com/services/T" + drawn(8) + "/B" + drawn(8) + "/" + drawn(24),
    ),
    ("discord_token", "M" + drawn(23) + "." + drawn(6) + "." + drawn(38)),
    ("telegram_token", drawn(9, "123456789") + ":AA" + drawn(33)),
    ("stripe_key", "sk_live_" + drawn(24)),
    ("square_token", "sq0csp-" + drawn(43)),
    ("mail_service_key", "SG." + drawn(22) + "." + drawn(43)),
    ("twilio_key", "SK" + drawn(32, HEX)),
    ("model_host_key", "sk-or-v1-" + drawn(64, HEX)),
    ("model_host_key", "sk-" + drawn(32, HEX)),
    ("model_host_key", "nvapi-" + drawn(64)),
    ("model_host_key", f"lsv2_pt_{drawn(32, HEX)}_{drawn(10, HEX)}"),
    ("azure_client_secret", f"{drawn(3)}8Q~{drawn(34)}"),
    ("alibaba_key", "LTAI" + drawn(20)),
    ("service_token", f"pat{drawn(14)}.{drawn(64, HEX)}"),
    ("service_token", f"glsa_{drawn(32)}_{drawn(8, HEX)}"),
    ("service_token", f"{drawn(14)}.atlasv1.{drawn(67)}"),
    ("service_token", f"tskey-auth-{drawn(16)}-{drawn(32)}"),
    ("service_token", "rubygems_" + drawn(48, HEX)),
    ("age_key", "AGE-SECRET-KEY-1" + drawn(58, "023456789ACDEFGHJKLMNPQRSTUVWXYZ")),
    ("jwt", f"eyJhbGci{drawn(28)}.eyJzdWIi{drawn(60)}.{drawn(43)}"),
    ("private_key", PEM.format("RSA PRIVATE KEY")),
    ("private_key", PEM.format("PGP PRIVATE KEY BLOCK")),
]
IN_PLACE = [
    ("aws_secret_key", "aws_secret_access_key = {}", drawn(40)),
    ("azure_storage_key", "AccountName=gate;AccountKey={};", drawn(86) + "=="),
    ("url_password", "postgres://gate:{}@db.example/gate", "s3cr3t-Gate"),
    ("authorization", "Authorization: Bearer {}", drawn(40)),
    ("assigned_secret", 'api_key = "{}"', drawn(24)),
    ("assigned_secret", "The client secret is {}, keep it.", drawn(24)),
    ("assigned_secret", "SECRET={}", drawn(32)),
    ("assigned_secret", "https://gate.example/?token={}&page=2", drawn(32)),
    ("assigned_secret", "api_key = '{}'", "live-" + drawn(20)),
    ("github_token", "https%3A%2F%2Fgate.example%3Ftoken%3D{}%26", "ghp_" + drawn(36)),
    ("github_token", "MY_{}", "ghp_" + drawn(36)),
    ("password", "**Password:** `{}`", "kd82JsQ!x"),
    ("password", "<password>{}</password>", "kd82JsQ!x"),
    ("password", "curl -u gate:{} https://gate.example", "kd82JsQ!x"),
    ("password", "пароль: {}", "kd82JsQ!x"),
    ("password", "密码\uff1a{}", "kd82JsQ!x"),
    ("password", "DB_PASSWORD={}", "hunter2!"),
    ("password", 'password: "{}"', "c0rrect-Horse"),
    ("password", "My password is {}.", "hunter2"),
    ("password", "das Passwort ist {}", "Gru3ß-Gott!"),
]


def secrets(**options: Any) -> Secrets:
    return Secrets(SecretsOptions.model_validate(options))


@pytest.mark.parametrize(("kind", "secret"), SECRETS)
async def test_a_secret_is_known_by_its_form(kind: str, secret: str) -> None:
    for around in ("{}", "Use {} for it.", '"{}",', "({})\n"):
        assert await found(secrets(), around.format(secret)) == [(kind, secret)]


@pytest.mark.parametrize(("kind", "around", "secret"), IN_PLACE)
async def test_a_secret_is_known_by_what_it_is_called(kind: str, around: str, secret: str) -> None:
    assert await found(secrets(), around.format(secret)) == [(kind, secret)]


@pytest.mark.parametrize(
    "text",
    [
        "The password must have 12 characters. Password: required. Your password is case-sensitive!",
        "password = os.environ['DB_PASSWORD'], password: ${PASSWORD}, password=<your password>",
        "password: ********, pwd=%s, passwd: {{ vault.password }}, password: changeme1",
        "api_key = settings.api_key, api_key: your_api_key_here1, secret_key = get_secret('key')",
        "The secret key: it is a matter of practice. An access token is 3600 seconds old.",
        f"sha256 {drawn(64, HEX)}, commit {drawn(40, HEX)}, 3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "token_id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301, access_key_path: /home/ada/keys/key1.pem",
        "https://example.org:8080/a@b, http://user@example.org, redis://user:password@localhost",
        "sk-learn, AKIA, ghp_, hf_transformers, key-value store, the task-id, passport AB123456",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0B\n-----END PUBLIC KEY-----",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
        "",
    ],
)
async def test_ordinary_text_holds_no_secret(text: str) -> None:
    assert await found(secrets(), text) == []


async def test_the_score_says_what_it_was_known_by() -> None:
    form, name = "ghp_" + drawn(36), "password = hunter2!"
    chance = drawn(60)

    for text, score in ((form, 1.0), (name, 0.7), (chance, 0.6)):
        finding = await secrets(random=True).check(item(text))
        assert finding is not None
        assert finding.score == score
    assert await secrets().check(item(chance)) is None


async def test_invisible_characters_do_not_hide_it() -> None:
    text = "ghp_" + "\u200b".join(drawn(36))

    assert await found(secrets(), f"a {text} b") == [("github_token", text)]


async def test_kinds_and_secrets_can_be_left_out() -> None:
    jwt, key = SECRETS[-3][1], "AKIA" + drawn(16, BASE32)

    assert await found(secrets(exclude=["jwt"]), jwt) == []
    assert await found(secrets(allow=[key]), key) == []
    assert await found(secrets(label="secret"), key) == [("secret", key)]


async def test_rules_of_another_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "gitleaks.toml"
    path.write_text(
        """
        title = "acme"
        [extend]
        useDefault = true
        [allowlist]
        paths = ['''go\\.sum''']
        stopwords = ["sample"]
        [[rules]]
        id = "acme-key"
        description = "Acme"
        regex = '''(?i)(acme)[-_]([a-z0-9]{8})'''
        secretGroup = 2
        entropy = 2
        keywords = ["acme"]
        [[rules.allowlists]]
        regexTarget = "match"
        regexes = ["never"]
        [[rules.allowlists]]
        regexes = ["^0000"]
        [[rules]]
        id = "a-file"
        path = '''\\.p12$'''
        """,
        encoding="utf-8",
    )
    judge = secrets(rule_files=[path], own_rules=False)

    text = "ACME-ab12cd34 acme_0000ab12 acme-aaaaaaaa acme-sample12"
    assert await found(judge, text) == [("acme-key", "ab12cd34")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", r"hold no \[\[rules\]\]"),
        ("[[rules", "cannot be read"),
        ("[[rules]]\nid = 'a'\nregex = '(?=a)'", "rule 'a' is not valid for RE2"),
        ("[[rules]]\nregex = 'a'", "'id'"),
        ("[[rules]]\nid = 'a'\nregex = 'a'\nfilter = 'x'", "an expression"),
    ],
)
def test_a_file_of_rules_that_cannot_be_read_stops_the_start(
    tmp_path: Path, content: str, reason: str
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match=reason):
        secrets(rule_files=[path])


def test_options_that_make_no_sense_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        secrets(rule_files=[tmp_path / "missing.toml"])
    with pytest.raises(ValueError, match="exclude: there is no rule 'jvt'"):
        secrets(exclude=["jvt"])
    with pytest.raises(ValueError, match="own_rules or rule_files"):
        secrets(own_rules=False)


@pytest.mark.parametrize("shift", range(0, 700, 23))
async def test_no_border_of_a_window_hides_anything(shift: int) -> None:
    judge = secrets()
    token = "ghp_" + drawn(36)
    text = "x " * ((judge.unit.size - shift) // 2) + token + " " + "y " * 400

    assert rewritten(text, await judged(judge, text)) == text.replace(token, "[github_token]")


WRITTEN = {
    "as it is": "{}\n",
    "indented": "    {}\n",
    "quoted": "> {}\n",
    "on one line": "{} ",
    "escaped": "{}\\n",
    "in a program": '"{}\\n" +\n',
}


@pytest.mark.parametrize("line", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("shift", [100, 600, 1_500, 3_000])
async def test_the_rest_of_a_long_key_goes_as_well(line: str, shift: int) -> None:
    judge = secrets()
    key = PEM.format("PRIVATE KEY").splitlines()
    written = "".join(map(line.format, key))
    text = "x " * ((judge.unit.size - shift) // 2) + written + "\nEnd. " + "y " * 400

    left = rewritten(text, await judged(judge, text))

    assert not any(part in left for part in key[1:-1])
    assert left.endswith("End. " + "y " * 400)


async def test_pictures_and_certificates_are_no_rest_of_a_key() -> None:
    judge = secrets()
    picture = "data:image/png;base64," + drawn(20_000, BASE64)
    mail = "\n".join(drawn(76, BASE64) for _ in range(300))
    certificates = PEM.format("CERTIFICATE") * 10

    for text in (picture, mail, certificates):
        assert await judged(judge, text) == []


async def test_long_texts_without_spaces_are_no_rest_of_a_key() -> None:
    judge = secrets()
    text = "x " * (judge.unit.size // 2 - 30) + "gate-and-pipe/of.the_mill\n" * 60

    assert await judged(judge, text) == []


async def test_it_conforms() -> None:
    await check_filter(secrets(), examples=[item(f"Use ghp_{drawn(36)} or password = hunter2!")])
    await check_filter(secrets(random=True), examples=[item(drawn(60))])


@pytest.mark.parametrize(
    "unit", ["ey", "key: ", "password=", "://a:", "-----BEGIN PRIVATE KEY", "a"]
)
async def test_texts_made_to_be_slow_take_one_pass(unit: str) -> None:
    text = (unit * 6_000)[: secrets().unit.size]

    finding = await secrets(random=True).check(item(text))

    assert finding is None or finding.ranges[-1].end <= len(text)
