"""Which endings make a name without a scheme the name of a host."""

# ruff: noqa: RUF001 - ambiguous characters on purpose
from __future__ import annotations

_COUNTRIES = """
ac ad ae af ag ai al am ao ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz
ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj
fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io
iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me
mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf
pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su
sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf
ws ye yt za zm zw
"""

_GENERIC = """
com net org edu gov mil int info biz name pro mobi tel jobs travel museum asia aero coop cat post arpa
app dev page web cloud online site website store shop blog tech xyz top club live life world today news
media agency digital email services solutions support systems network host hosting space fun icu vip
link click download stream games game bet casino loan money finance bank credit insurance tax trade
work works company business center group team community social chat video photo pics art design studio
academy school university education health care doctor clinic law legal land house homes realty
property city berlin london paris nyc tokyo wien hamburg koeln amsterdam swiss moscow africa eco green
bio farm food cafe bar restaurant pizza beer wine fashion style beauty auto cars bike taxi fit run yoga
sport golf football wiki guru ninja rocks lol wtf buzz monster quest lat cyou sbs cfd bond rest zone
ltd llc inc gmbh one red blue pink black gold plus zip mov foo ink kim men mom party porn sex sexy
adult review reviews science win cam date onion
"""

_OTHER_SCRIPTS = """
рф рус бел укр срб бг мкд қаз ком орг сайт онлайн москва дети ελ ευ 中国 中國 公司 网络 网址 在线 中文网
香港 台灣 台湾 新加坡 澳門 商城 みんな コム 한국 닷컴 भारत বাংলা ভারত ไทย ישראל مصر السعودية امارات ایران
پاکستان المغرب الجزائر عمان قطر تونس الاردن شبكة موقع
"""

ENDINGS = frozenset(f"{_COUNTRIES}{_GENERIC}{_OTHER_SCRIPTS}".split())

FILES = frozenset(
    (
        "ai",
        "cc",
        "md",
        "mk",
        "ml",
        "mm",
        "mov",
        "pl",
        "pm",
        "ps",
        "py",
        "rs",
        "sh",
        "so",
        "ts",
        "zip",
    )
)
"""Endings of files as well: `main.rs` is a host only with `www.` before it or a path behind it."""
