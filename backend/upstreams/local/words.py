"""Which filters a prompt asks for, read from its words in Chinese or English."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    """What the picture becomes; a prompt has at most one."""

    ENHANCE = "enhance"
    OIL = "oil"
    PHOTO = "photo"
    CARTOON = "cartoon"
    WATERCOLOUR = "watercolour"
    SKETCH = "sketch"


class Look(StrEnum):
    """What is done to its colour or focus, after the style; a prompt may have several."""

    MONOCHROME = "monochrome"
    VINTAGE = "vintage"
    WARM = "warm"
    COOL = "cool"
    VIVID = "vivid"
    BRIGHT = "bright"
    DARK = "dark"
    SOFT_BACKGROUND = "soft background"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was understood; `style` is None when only looks were asked for."""

    style: Style | None
    looks: tuple[Look, ...] = ()


NAMES_IT = 4
HINTS_AT_IT = 1

# A name of a style outweighs any number of hints that are likely to stand beside it: the watercolour prompt speaks of
# "painting" too, the photographic one of "detail".
STYLE_WORDS: dict[Style, dict[int, str]] = {
    Style.WATERCOLOUR: {
        NAMES_IT: "水彩|watercolou?rs?|water colou?rs?|aquarelle",
        HINTS_AT_IT: "晕染|渲染水色|wet[- ]on[- ]wet|washes",
    },
    Style.CARTOON: {
        NAMES_IT: "动漫|动画|卡通|漫画|二次元|吉卜力|anime|cartoons?|comics?|manga|cel[- ]shad(?:ed|ing)|ghibli|pixar",
        HINTS_AT_IT: "赛璐璐|描边|插画|illustrations?|outlines?|flat colou?rs?",
    },
    Style.SKETCH: {
        NAMES_IT: "素描|铅笔画|线稿|炭笔|速写|sketch(?:es)?|pencil|line[- ]?art|charcoal",
        HINTS_AT_IT: "手绘|hand[- ]drawn|drawing",
    },
    Style.OIL: {
        NAMES_IT: "油画|艺术风格|印象派|梵高|莫奈|oil paint(?:ing|ed|s)?|oil on canvas|impressionis[mt]|van gogh|monet",
        HINTS_AT_IT: "艺术|绘画|笔触|厚涂|画布|artistic|artwork|paint(?:ing|erly)|brush ?strokes?|canvas|impasto",
    },
    Style.PHOTO: {
        NAMES_IT: "写实|真实感|逼真|照片级|摄影|photo[- ]?realis(?:m|tic)|realis(?:m|tic)|photographic|photography",
        HINTS_AT_IT: "自然光|光影|质感|层次|白平衡|对比度|tone|contrast|natural light|white balance|lifelike|cinematic",
    },
    Style.ENHANCE: {
        NAMES_IT: "高清增强|画质增强|超分|修复|锐化|降噪|去噪|enhance(?:d|ment)?|upscal(?:e|ed|ing)|super[- ]resolution"
        "|sharpen|denoise|restor(?:e|ation)",
        HINTS_AT_IT: "高清|增强|清晰|细节|分辨率|detail(?:s|ed)?|sharp(?:er|ness)?|clear(?:er)?|clarity|hd|4k|8k|resolution",
    },
}

LOOK_WORDS: dict[Look, str] = {
    Look.MONOCHROME: "黑白|单色|灰度|black[- ]and[- ]white|black & white|b&w|monochrom(?:e|atic)|gr[ae]yscale",
    Look.VINTAGE: "复古|怀旧|老照片风|胶片|做旧|vintage|retro|sepia|nostalgic|film look",
    Look.WARM: "暖色|暖调|温暖的?色|warm(?:er)? (?:colou?rs?|tones?|light|look)|make it warm(?:er)?",
    Look.COOL: "冷色|冷调|cool(?:er)? (?:colou?rs?|tones?|look)|make it cool(?:er)?|cold tones?",
    Look.VIVID: "鲜艳|艳丽|饱和|vivid|vibrant|more saturat(?:ed|ion)|colou?rful",
    Look.BRIGHT: "提亮|调亮|更亮|增亮|bright(?:er|en)",
    Look.DARK: "调暗|更暗|压暗|dark(?:er|en)",
    Look.SOFT_BACKGROUND: "模糊背景|背景虚化|虚化背景|背景模糊|浅景深|blur(?:red|ry)? (?:the )?background|bokeh|depth of field",
}

_NOT = re.compile(
    r"(?:不要|不需要|不得|不是|避免|切勿|别|勿|非|无|without|avoid|not|no|never|don't|do not)"
    r"(?:[\s\w]{0,4}|\s+(?:\w+\s+){0,2})$",
    re.IGNORECASE,
)


def understood(prompt: str) -> Wish:
    """The best match for `prompt`: the style with most weight, the earliest one when two are level, else ENHANCE."""
    looks = tuple(look for look, words in LOOK_WORDS.items() if _mentions(prompt, words))
    scores = {style: _score(prompt, words) for style, words in STYLE_WORDS.items()}
    style, (weight, _) = max(scores.items(), key=lambda item: (item[1][0], -item[1][1]))
    if weight:
        return Wish(style, looks)
    return Wish(None if looks else Style.ENHANCE, looks)


def _score(prompt: str, words: dict[int, str]) -> tuple[int, int]:
    """The weight of all different words found, and the place of the first of them."""
    weight, first = 0, len(prompt)
    for value, pattern in words.items():
        found = _mentions(prompt, pattern)
        weight += min(value * len(found), value + len(found) - 1)
        first = min([first, *found.values()])
    return weight, first


def _mentions(prompt: str, pattern: str) -> dict[str, int]:
    """Each different word of `pattern` that stands in `prompt` and is not refused there, with its first place."""
    found: dict[str, int] = {}
    for match in re.finditer(rf"(?<![A-Za-z])(?:{pattern})(?![A-Za-z])", prompt, re.IGNORECASE):
        if not _NOT.search(_clause_before(prompt, match.start())):
            found.setdefault(match.group().lower(), match.start())
    return found


def _clause_before(prompt: str, index: int) -> str:
    return re.split(r"[,.;:!?，。；：！？、\n]", prompt[max(0, index - 24) : index])[-1]
