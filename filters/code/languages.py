"""Names of programming languages, and what a line of each looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from pygments.lexers import get_all_lexers

PROSE = frozenset({"text", "output", "markdown", "restructuredtext", "pot"})
"""What a fence may hold that is no code."""

_SIGNS: Mapping[str, str] = {
    "python": r"""
        (?:async\ )?(?:def|class)\ \w+.*:$ | from\ [\w.]+\ import\ | import\ \w[\w.]*(?:\ as\ \w+)?$
      | (?:if|elif|for|while|with|except)\ [^.?!]+:$ | (?:else|try|finally):$ | @\w[\w.]*(?:\(.*\))?$
      | print\(.*\)$ | (?:raise|yield)\ \w+ | if\ __name__ | .*\bself\.\w+ | (?:pass|continue|break)$
      | assert\ .*(?:[=!<>]=|\(|\ is\ |\ in\ )""",
    "javascript": r"""
        (?:const|let|var)\ [\w{[$].*= | (?:export\ )?(?:async\ )?function\b.*\( | .*=>\ *[{(\w\[]
      | console\.\w+\( | import\ .*\ from\ ['"] | export\ (?:default|const|class)\ | .*\brequire\(['"]
      | .*\bdocument\.\w+ | .*\bawait\ \w+\(""",
    "java": r"""
        (?:public|private|protected)\ (?:static\ |final\ |abstract\ |class\ )*[\w<>\[\], ]+[({;=]
      | .*\bSystem\.out\. | package\ [\w.]+; | import\ (?:static\ )?[\w.]+(?:\.\*)?; | @Override$""",
    "c": r"""
        \#\ *(?:include\ ?[<"]|define\ \w|ifn?def\ |endif|pragma\ ) | .*\bstd:: | .*\bf?printf\(
      | (?:int|void|char|double|float|long|unsigned|size_t|struct)\ \*?\w+(?:\(|\[|\ =|;) | template\ ?<
      | \#else$ | (?:public|private|protected):$ | (?:typedef|constexpr|extern)\ .*[\w>*&({;]$ | inline\ \w+\ ?\*?$
      | case\ [\w:'.]+:$ | .*\bconst\ \w+\ ?[*&]""",
    "csharp": r"using\ [A-Z][\w.]*; | namespace\ [\w.]+ | .*\bConsole\.\w+\(",
    "go": r"""
        func\ (?:\([^)]*\)\ )?\w+\( | .*\w\ :=\ | package\ \w+$ | .*\bfmt\.[A-Z] | type\ \w+\ (?:struct|interface)""",
    "rust": r"""
        (?:pub\ )?(?:fn|struct|enum|impl|trait|mod)\b[^.?!]*[{;(,]$ | let\ mut\ | .*\w!\( | \#\[\w
      | use\ [\w:]+::[\w{*]""",
    "php": r"<\?php | \$\w+\ *=\ | .*\$this->",
    "ruby": r"""
        def\ \w+[!?]?(?:\(.*\))?$ | end$ | require\ ['"] | puts\ ['"] | .*\bdo\ \|\w+""",
    "sql": r"""
        SELECT\ .+ | (?i:select\ .+\ from\ .+[;\w]$) | (?i:insert\ into\ \w+) | UPDATE\ \w+\ SET\
      | (?i:delete\ from\ \w+) | (?i:(?:create|alter|drop)\ (?:table|index|view|database)\ )
      | (?:FROM|WHERE|(?:LEFT\ |INNER\ )?JOIN|GROUP\ BY|ORDER\ BY|VALUES)\ ?\S""",
    "bash": r"""
        \#!/ | \$\ \w+ | (?:sudo|pip3?|npm|git|docker|curl|wget|apt(?:-get)?|kubectl|make|cargo)\ (?:-\S|install|clone|run|add|push|pull|build|get|apply|commit|update)
      | (?:if|while|for)\ .*;\ ?(?:then|do)$ | (?:fi|done|esac)$ | export\ \w+= | echo\ ["'$]
      | (?:rm|cp|mv|chmod|mkdir|cd)\ (?:-\w+\ )?[\w./~$*-]+$""",
    "html": r"<(?:!DOCTYPE[^>]*|/?[a-zA-Z][\w-]*(?:\ [\w:@-]+(?:=(?:\"[^\"]*\"|'[^']*'|\w+))?)*\ ?/?)>",
    "css": r"[^{}?!]+\{\ ?[\w-]+\ ?:[^{}]+[;}] | [.\#@]?[\w-]+(?:[ ,:>.\#][\w.\#: -]*)?\ ?\{$ | [\w-]+:\ [^;.?!]+;$",
}

_ANY = r"""
    [\])}]+[;,)]*$ | .*[{]$ | .*[\w)\]"'];$ | [\w.\[\]"']+\ ?[-+*/|&]?=\ ?\S.*$
  | [\w.:]+\([^.?!]*\);?$ | return\b(?!\ to\ |\ the\ ).{0,80}[\w)\]"'];?$ | (?://|/\*|\*/|--\ ).*
  | ["']?[\w$.-]+["']?:\ +(?:["'`\[{\d]|true|false|null|None|\w+[(.]\S).*,$ | ["'].*["'],$ | \w+_\w+,(?:\ *//.*)?$
  | \w+(?:\.\w+)+\(.*\)[;,]?$
"""
"""What no sentence looks like, in whatever language."""

SIGNS = {name: re.compile(sign, re.VERBOSE) for name, sign in _SIGNS.items()}
ANY = re.compile(_ANY, re.VERBOSE)


@cache
def _names() -> Mapping[str, str]:
    """Return every name that a fence may give a language, with the one name it has here."""
    names = {
        alias.lower(): aliases[0]
        for _, aliases, _, _ in get_all_lexers(plugins=False)
        for alias in aliases
    }
    return names | {
        "sh": "bash",
        "shell": "bash",
        "zsh": "bash",
        "plaintext": "text",
        "txt": "text",
    }


def language(name: str) -> str | None:
    """Return the one name of a language, or None if it is not known."""
    return _names().get(name.strip().lower())
